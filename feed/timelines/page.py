"""Page: one stretch of a timeline, dressed for the templates in a fixed number of queries. It knows no order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet, Value, prefetch_related_objects

from accounts.models import Follow
from feed import backends
from feed.models import Bookmark, Impression, Label, Like, Post, Repost
from feed.visibility import decide, shown

MAX_ID = 2**63 - 1


class BadCursor(ValueError):
    """A cursor that this site did not make, or made for somebody else."""


@dataclass(frozen=True)
class Page:
    """Posts in order. `next_cursor` asks for the following ones; `ended` says that there are none."""

    posts: list[Post] = field(default_factory=list)
    next_cursor: str | None = None
    ended: bool = True
    request_id: UUID | None = None


def before(cursor: str | None) -> int:
    """The id below which a time-ordered page begins. Raises `BadCursor`."""
    return read_id(cursor) if cursor else MAX_ID


def read_id(cursor: str | None) -> int:
    """An id that came with a request; raises `BadCursor` unless it is a number a row could have."""
    if not cursor or not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 19 and 0 < int(cursor) <= MAX_ID):
        raise BadCursor(cursor)
    return int(cursor)


def page_of(keys: Sequence[tuple[int, Post]], size: int) -> Page:
    """A page from at most `size + 1` pairs (key, post), newest first; one too many means that more follow."""
    more = len(keys) > size
    kept = keys[:size]
    return Page([post for _key, post in kept], str(kept[-1][0]) if more else None, ended=not more)


def time_page(posts: QuerySet[Post], viewer: Any, cursor: str | None, size: int | None = None) -> Page:
    """A page of `posts` (already through `visible_to`) by their own ids, newest first."""
    size = size or settings.PAGE_SIZE
    found = cards(posts.filter(pk__lt=before(cursor)).order_by("-pk")[: size + 1], viewer)
    return page_of([(post.pk, post) for post in found], size)


def cards(posts: QuerySet[Post], viewer: Any) -> list[Post]:
    """The rows of a queryset that went through `visible_to`, in its order, with everything that a card shows.

    Three queries, however many posts: the posts with what they quote, what the viewer did with them and their labels;
    the pictures; the topics.
    """
    found = list(_with_standing(posts, viewer).select_related(*_JOINED))
    quotes = [post.quote for post in found if _keep_quote(post) and post.quote is not None]
    prefetch_related_objects([*found, *quotes], "attachments", "topics")
    for post in found:
        post.answers_to = post.parent.author.username if post.parent is not None else ""  # type: ignore[attr-defined]
        post.reposted_by, post.why, post.impression_id = None, "", None  # type: ignore[attr-defined]
        if post.quote is not None:
            post.quote.verdict = decide(post.quote, viewer)  # type: ignore[attr-defined]
    return shown(found, viewer)


_JOINED = ("author__profile", "group", "parent__author", "quote__author__profile")


def decorate(posts: Iterable[Post], viewer: Any) -> list[Post]:
    """The same posts as cards, in the same order; without those the viewer may not read."""
    wanted = [post.pk for post in posts]
    found = {post.pk: post for post in cards(Post.objects.visible_to(viewer).filter(pk__in=wanted), viewer)}
    return [found[pk] for pk in wanted if pk in found]


def _with_standing(posts: QuerySet[Post], viewer: Any) -> QuerySet[Post]:
    """Annotates `liked`, `reposted`, `bookmarked`, `follows_author`, `label_names`, and the labels of the quote."""
    labels = Label.objects.in_force()
    marks: dict[str, Any] = {
        "label_names": ArraySubquery(labels.filter(post=OuterRef("pk")).values("name")),
        "quote_label_names": ArraySubquery(labels.filter(post=OuterRef("quote")).values("name")),
        "quote_readable": Exists(Post.objects.visible_to(viewer).filter(pk=OuterRef("quote"))),
    }
    own = {"liked": Like, "reposted": Repost, "bookmarked": Bookmark}
    if getattr(viewer, "is_authenticated", False):
        for name, model in own.items():
            marks[name] = Exists(model.objects.filter(person=viewer, post=OuterRef("pk")))  # type: ignore[attr-defined]
        marks["follows_author"] = Exists(Follow.objects.filter(follower=viewer, followed=OuterRef("author")))
    else:
        marks |= dict.fromkeys([*own, "follows_author"], Value(False))
    return posts.annotate(**marks)


def _keep_quote(post: Post) -> bool:
    """Whether the post shows a quote; one that the viewer may not read becomes None beside its `quote_id`."""
    if post.quote is None:
        return False
    if not post.quote_readable:  # type: ignore[attr-defined]
        Post.quote.field.set_cached_value(post, None)  # type: ignore[attr-defined]
        return False
    post.quote.label_names = post.quote_label_names  # type: ignore[attr-defined]
    return True


def attach_reasons(posts: Iterable[Post], impressions: Iterable[Impression]) -> None:
    """The sentence and the id of the impression under which each post was shown."""
    by_post = {row.post_id: row for row in impressions}
    for post in posts:
        row = by_post.get(post.pk)
        if row is not None:
            post.impression_id = row.pk  # type: ignore[attr-defined]
            post.why = backends.ranker().say_why(row.reason, row.source)  # type: ignore[attr-defined]
