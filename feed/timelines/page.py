"""Page: one stretch of a timeline, dressed for the templates in a fixed number of queries. It knows no order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from feed import backends
from feed.models import Impression, Post
from feed.timelines.marks import mark
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
    found = cards(newest_first(posts.filter(pk__lt=before(cursor)), size + 1), viewer)
    return page_of([(post.pk, post) for post in found], size)


def newest_first(posts: QuerySet[Post], most: int) -> QuerySet[Post]:
    """The newest of `posts`, chosen by id alone: what a card shows is then joined to these few, not to all passed."""
    return Post.objects.filter(pk__in=posts.order_by("-pk").values("pk")[:most]).order_by("-pk")


def cards(posts: QuerySet[Post], viewer: Any) -> list[Post]:
    """The rows of a queryset that went through `visible_to`, in its order, with everything that a card shows.

    Two queries, however many posts, one more where some quote, one more where some have pictures: the posts; what they
    quote; what the viewer did with them, their labels and topics; the pictures.
    """
    found = list(posts.select_related("author__profile", "group").defer(*_UNSHOWN))
    quotes = _attach_quotes(found, viewer)
    mark([*found, *quotes], viewer)
    for quote in quotes:
        quote.verdict = decide(quote, viewer)  # type: ignore[attr-defined]
    for post in found:
        post.reposted_by, post.why, post.impression_id, post.trail = None, "", None, ""  # type: ignore[attr-defined]
    return shown(found, viewer)


_UNSHOWN = ("search", "idempotency_key", "author__password")


def _attach_quotes(posts: list[Post], viewer: Any) -> list[Post]:
    """Fetches what the posts quote; a quote that the viewer may not read becomes None beside its `quote_id`."""
    wanted = {post.quote_id for post in posts if post.quote_id}
    if not wanted:
        return []
    readable = Post.objects.visible_to(viewer).filter(pk__in=wanted)
    found = {quote.pk: quote for quote in readable.select_related("author__profile").defer(*_UNSHOWN)}
    for post in posts:
        if post.quote_id:
            Post.quote.field.set_cached_value(post, found.get(post.quote_id))  # type: ignore[attr-defined]
    return list(found.values())


def decorate(posts: Iterable[Post], viewer: Any) -> list[Post]:
    """The same posts as cards, in the same order; without those the viewer may not read."""
    wanted = [post.pk for post in posts]
    found = {post.pk: post for post in cards(Post.objects.visible_to(viewer).filter(pk__in=wanted), viewer)}
    return [found[pk] for pk in wanted if pk in found]


def attach_reasons(posts: Iterable[Post], impressions: Sequence[Impression], viewer: Any) -> None:
    """The sentence and the id of the impression under which each post was shown."""
    why = backends.ranker().say_why(viewer, [(row.reason, row.source) for row in impressions])
    by_post = {row.post_id: (row, words) for row, words in zip(impressions, why, strict=True)}
    for post in posts:
        if post.pk in by_post:
            row, post.why = by_post[post.pk]  # type: ignore[attr-defined]
            attach_impression(post, row.pk, viewer)


def attach_impression(post: Post, impression_id: int, viewer: Any) -> None:
    """The impression that a card's acts will name; its links name it only where the viewer lets the site learn from
    what they open."""
    learns = bool(impression_id) and viewer.consent.behaviour and viewer.consent.opens
    post.impression_id = impression_id or None  # type: ignore[attr-defined]
    post.trail = f"?impression={impression_id}" if learns else ""  # type: ignore[attr-defined]
