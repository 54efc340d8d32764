"""A conversation in reading order: what a post answers above it, its answers below, however deep, in two queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from feed.models import Post
from feed.timelines.page import BadCursor, cards

PER_PAGE = 60
MOST_ROWS = 20_000  # bounds memory; ids only
MOST_ANCESTORS = 30


@dataclass(frozen=True)
class Conversation:
    """`ancestors` from the first post down; `answers` as (post, depth), depth 0 for direct answers."""

    post: Post
    ancestors: list[Post] = field(default_factory=list)
    answers: list[tuple[Post, int]] = field(default_factory=list)
    next_cursor: str | None = None
    hidden_above: bool = False  # something between is gone or not for this viewer


def thread(post: Post, viewer: Any, cursor: str | None = None) -> Conversation:
    """The conversation around `post` (already found through `visible_to`). Raises `BadCursor`.

    One light query reads the ids of the whole thread, one fetches the cards of this page.
    """
    start = _offset(cursor)
    root = post.root_id
    rows = Post.objects.visible_to(viewer).filter(Q(thread=root) | Q(pk=root))
    parents: dict[int, int | None] = dict(rows.order_by("pk").values_list("pk", "parent_id")[:MOST_ROWS])
    above, hidden = _ancestors(post, parents, root)
    order = _reading_order(post.pk, parents, root)
    places = order[start : start + PER_PAGE]
    wanted = [*above, post.pk, *(pk for pk, _depth in places)]
    found = {row.pk: row for row in cards(Post.objects.visible_to(viewer).filter(pk__in=wanted), viewer)}
    return Conversation(
        post=found.get(post.pk, post),
        ancestors=[found[pk] for pk in above if pk in found],
        answers=[(found[pk], depth) for pk, depth in places if pk in found],
        next_cursor=str(start + PER_PAGE) if len(order) > start + PER_PAGE else None,
        hidden_above=hidden,
    )


def _offset(cursor: str | None) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 6):
        raise BadCursor(cursor)
    return int(cursor)


def _ancestors(post: Post, parents: dict[int, int | None], root: int) -> tuple[list[int], bool]:
    """Ids from the root down, the nearest thirty; and whether one of them cannot be read."""
    above: list[int] = []
    at = post.parent_id
    while at is not None and at in parents and len(above) < MOST_ANCESTORS:
        above.append(at)
        at = parents[at]
    missing = at is not None and at not in parents
    if root != post.pk and root in parents and root not in above:
        above.append(root)
    return above[::-1], missing


def _reading_order(start: int, parents: dict[int, int | None], root: int) -> list[tuple[int, int]]:
    """Depth first, oldest answer first. Answers to what cannot be read hang from the thread's first post."""
    children: dict[int, list[int]] = defaultdict(list)
    for pk, parent in parents.items():
        if pk != root:
            children[parent if parent in parents else root].append(pk)
    order: list[tuple[int, int]] = []
    waiting = [(pk, 0) for pk in reversed(children[start])]
    while waiting:
        pk, depth = waiting.pop()
        order.append((pk, depth))
        waiting += [(child, depth + 1) for child in reversed(children[pk])]
    return order
