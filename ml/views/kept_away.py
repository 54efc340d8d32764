"""How many posts of the last days a no keeps away: counted now, from posts the viewer could otherwise read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Count, Q
from django.db.models.functions import Coalesce
from django.utils.translation import ngettext

from accounts.models import User
from feed.models import Post, PostTopic, Topic

T = TypeVar("T")
DAYS = 7
LOOKED_AT = 5000  # newest posts whose words are looked through


def kept_away(viewer: User, rows: Sequence[tuple[T, Any]], now: datetime) -> Iterator[tuple[T, str]]:
    """For each (row, what it is about: a person, a topic, or words) with a count above zero, a sentence that tells it.

    At most three queries. Topics and words are counted from below: posts may be about a topic without carrying it.
    """
    newest = Post.objects.visible_to(viewer).top_level().exclude(author=viewer)
    newest = newest.filter(created_at__gt=now - timedelta(days=DAYS))
    people = _by_author(newest, [about.pk for _row, about in rows if isinstance(about, User)])
    topics = _by_topic(newest, [about.alias_of_id or about.pk for _row, about in rows if isinstance(about, Topic)])
    words = _by_words(newest, [about for _row, about in rows if isinstance(about, str)])
    for row, about in rows:
        if isinstance(about, User):
            n = people.get(about.pk, 0)
            text = ngettext(
                "%(n)d post of the last 7 days is kept away.", "%(n)d posts of the last 7 days are kept away.", n
            )
        else:
            n = topics.get(about.alias_of_id or about.pk, 0) if isinstance(about, Topic) else words.get(about, 0)
            text = ngettext(
                "At least %(n)d post of the last 7 days is kept away.",
                "At least %(n)d posts of the last 7 days are kept away.",
                n,
            )
        if n:
            yield row, text % {"n": n}


def _by_author(newest: Any, authors: list[int]) -> dict[int, int]:
    if not authors:
        return {}
    counted = newest.filter(author__in=authors).order_by().values("author").annotate(n=Count("pk"))
    return {row["author"]: row["n"] for row in counted}


def _by_topic(newest: Any, topics: list[int]) -> dict[int, int]:
    if not topics:
        return {}
    about = PostTopic.objects.annotate(subject=Coalesce("topic__alias_of_id", "topic_id")).filter(subject__in=topics)
    about = about.filter(post__in=newest.order_by().values("pk"))
    counted = about.order_by().values("subject").annotate(n=Count("post", distinct=True))
    return {row["subject"]: row["n"] for row in counted}


def _by_words(newest: Any, phrases: list[str]) -> dict[str, int]:
    if not phrases:
        return {}
    looked_at = Post.objects.filter(pk__in=newest.order_by("-pk").values("pk")[:LOOKED_AT])
    counts = {f"n{i}": Count("pk", filter=Q(text__icontains=phrase)) for i, phrase in enumerate(phrases)}
    found = looked_at.order_by().aggregate(**counts)
    return {phrase: found[f"n{i}"] for i, phrase in enumerate(phrases)}
