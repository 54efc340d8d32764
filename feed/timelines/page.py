"""Page: one stretch of a timeline, dressed for the templates in a fixed number of queries. It knows no order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import CharField, QuerySet, Value, prefetch_related_objects

from accounts.models import Follow
from feed import backends
from feed.models import Bookmark, Impression, Like, Post, Repost
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

    Seven queries at most, however many posts: the posts, what they quote, and one each for pictures, topics, labels of
    both together, the viewer's reactions and whom of the authors they follow.
    """
    found = list(posts.select_related("author__profile", "group", "parent__author"))
    return decorate(found, viewer)


def decorate(posts: Sequence[Post], viewer: Any, impressions: Iterable[Impression] = ()) -> list[Post]:
    """Drop what a moderator hid and attach to the rest what the templates ask for (see `_post.html`)."""
    posts = list(posts)
    quotes = _attach_quotes(posts, viewer)
    prefetch_related_objects([*posts, *quotes], "attachments", "topics", "labels")
    for quote in quotes:
        quote.verdict = decide(quote, viewer)  # type: ignore[attr-defined]
    reactions = _reactions(posts, viewer)
    for post in posts:
        own = reactions.get(post.pk, set())
        post.liked, post.reposted, post.bookmarked = "like" in own, "repost" in own, "bookmark" in own  # type: ignore[attr-defined]
        post.follows_author = "follow" in own  # type: ignore[attr-defined]
        post.answers_to = post.parent.author.username if post.parent is not None else ""  # type: ignore[attr-defined]
        post.reposted_by = getattr(post, "reposted_by", None)  # type: ignore[attr-defined]
        post.why, post.impression_id = "", None  # type: ignore[attr-defined]
    attach_reasons(posts, impressions)
    return shown(posts, viewer)


def attach_reasons(posts: Iterable[Post], impressions: Iterable[Impression]) -> None:
    """The sentence and the id of the impression under which each post was shown."""
    by_post = {row.post_id: row for row in impressions}
    for post in posts:
        row = by_post.get(post.pk)
        if row is not None:
            post.impression_id = row.pk  # type: ignore[attr-defined]
            post.why = backends.ranker().say_why(row.reason, row.source)  # type: ignore[attr-defined]


def _attach_quotes(posts: Sequence[Post], viewer: Any) -> list[Post]:
    """Quoted posts the viewer may read; the others become None beside their `quote_id`."""
    wanted = {post.quote_id for post in posts if post.quote_id}
    rows = Post.objects.visible_to(viewer).filter(pk__in=wanted).select_related("author__profile")
    found = {quote.pk: quote for quote in rows} if wanted else {}
    for post in posts:
        if post.quote_id:
            Post.quote.field.set_cached_value(post, found.get(post.quote_id))  # type: ignore[attr-defined]
    return list(found.values())


def _reactions(posts: Sequence[Post], viewer: Any) -> dict[int, set[str]]:
    """What the viewer did with each post and whether they follow its author, in one query."""
    if not posts or not getattr(viewer, "is_authenticated", False):
        return {}
    ids = [post.pk for post in posts]
    parts: list[Any] = [
        model.objects.filter(person=viewer, post__in=ids).values_list("post_id", Value(name, CharField()))
        for name, model in (("like", Like), ("repost", Repost), ("bookmark", Bookmark))
    ]
    authors = {post.author_id for post in posts}
    follows = Follow.objects.filter(follower=viewer, followed__in=authors)
    parts.append(follows.values_list("followed_id", Value("follow", CharField())))
    rows = parts[0].union(*parts[1:], all=True)
    found: dict[int, set[str]] = {}
    followed: set[int] = set()
    for key, name in rows:
        followed.add(key) if name == "follow" else found.setdefault(key, set()).add(name)
    for post in posts:
        if post.author_id in followed:
            found.setdefault(post.pk, set()).add("follow")
    return found
