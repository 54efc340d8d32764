"""Search: posts by words and meaning together; people, topics, groups by their names. Always through `visible_to`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When

from accounts.models import User
from feed import backends, text as texts
from feed.models import Group, Post, Topic
from feed.timelines import BadCursor, Page, cards

FOUND_AT_MOST = 200
LONGEST_QUERY = 200
RRF_K = 60


class Terms(SearchQuery):
    """A `tsquery` already written by `text.search_query`; PostgreSQL's own parser does not cut Chinese."""

    template = "(%(expressions)s)::tsquery"


def clean_query(query: str) -> str:
    """What is looked for: one line without control characters, at most 200 characters."""
    return " ".join(texts.clean(query).split())[:LONGEST_QUERY].strip()


def posts(query: str, viewer: Any, cursor: str | None = None) -> Page:
    """Posts with the words of the query and posts near it in meaning, fused by reciprocal rank. Raises `BadCursor`."""
    start, size = _offset(cursor), settings.PAGE_SIZE
    ids = _fused([_by_words(query, viewer), _by_meaning(query, viewer)])
    wanted = ids[start : start + size]
    rows = {post.pk: post for post in cards(Post.objects.visible_to(viewer).filter(pk__in=wanted), viewer)}
    more = len(ids) > start + size
    return Page([rows[pk] for pk in wanted if pk in rows], str(start + size) if more else None, ended=not more)


def _offset(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 4):
        raise BadCursor(cursor)
    return int(cursor)


def _by_words(query: str, viewer: Any) -> list[int]:
    wanted = texts.search_query(query)
    if not wanted:
        return []
    terms = Terms(wanted)
    found = Post.objects.visible_to(viewer).without_muted(viewer).filter(search=terms)
    ranked = found.annotate(rank=SearchRank(F("search"), terms)).order_by("-rank", "-pk")
    return list(ranked.values_list("pk", flat=True)[:FOUND_AT_MOST])


def _by_meaning(query: str, viewer: Any) -> list[int]:
    near = list(backends.understanding().find_posts(query, FOUND_AT_MOST)) if query else []
    seen = Post.objects.visible_to(viewer).without_muted(viewer).filter(pk__in=near)
    readable = set(seen.values_list("pk", flat=True)) if near else set()
    return [pk for pk in near if pk in readable]


def _fused(lists: Iterable[Sequence[int]]) -> list[int]:
    """Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): the sum of 1 / (60 + rank) over the lists."""
    scores: dict[int, float] = defaultdict(float)
    for ids in lists:
        for rank, pk in enumerate(ids, start=1):
            scores[pk] += 1.0 / (RRF_K + rank)
    return sorted(scores, key=lambda pk: (-scores[pk], -pk))[:FOUND_AT_MOST]


def people(query: str, viewer: Any, most: int = 40) -> list[User]:
    """People whose handle or name begins with the query, then those who have it inside."""
    query = clean_query(query).lstrip("@")[:60]
    if not query:
        return []
    begins = Q(username__startswith=query.lower()) | Q(profile__display_name__istartswith=query)
    inside = Q(username__contains=query.lower()) | Q(profile__display_name__icontains=query)
    found = User.objects.visible_to(viewer).with_profiles().filter(inside)
    return list(_beginning_first(found, begins).order_by("place", "-profile__followers_count")[:most])


def topics(query: str, most: int = 40) -> list[Topic]:
    """Topics by name or title in either language, with `posts_count`; aliases are left to their topic."""
    name = texts.topic_name(clean_query(query))
    if not name:
        return []
    begins = Q(name__startswith=name) | Q(title_en__istartswith=name) | Q(title_zh__istartswith=name)
    inside = Q(name__contains=name) | Q(title_en__icontains=name) | Q(title_zh__icontains=name)
    found = Topic.objects.filter(inside | Q(aliases__name=name), alias_of=None)
    found = found.annotate(posts_count=Count("posts", distinct=True))
    return list(_beginning_first(found, begins).order_by("place", "-curated", "-posts_count")[:most])


def groups(query: str, viewer: Any, most: int = 40) -> list[Group]:
    query = clean_query(query)[:60]
    if not query:
        return []
    inside = Q(name__icontains=query) | Q(slug__icontains=query) | Q(about__icontains=query)
    found = Group.objects.visible_to(viewer).select_related("topic").filter(inside)
    return list(_beginning_first(found, Q(name__istartswith=query)).order_by("place", "-members_count")[:most])


def _beginning_first(found: QuerySet, begins: Q) -> QuerySet:
    place = Case(When(begins, then=Value(0)), default=Value(1), output_field=IntegerField())
    return found.annotate(place=place)
