"""What the holdout of an experiment is shown: the order of Following, without what For you would leave out. No rank."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from feed import timelines
from ml.ranking.sql import rows

TIMES: Final = (2, 8, 32)  # as many posts are looked through, for whom nearly all are left out

# Nobody answers their own posts, or twice what they answered: in the holdout they would look like posts passed over.
_LEFT_OUT: Final = """
SELECT p.id FROM feed_post p WHERE p.id = ANY(%(ids)s::bigint[]) AND (p.author_id = %(viewer)s
  OR EXISTS (SELECT FROM feed_like k WHERE k.person_id = %(viewer)s AND k.post_id = p.id)
  OR EXISTS (SELECT FROM feed_repost k WHERE k.person_id = %(viewer)s AND k.post_id = p.id)
  OR EXISTS (SELECT FROM feed_bookmark k WHERE k.person_id = %(viewer)s AND k.post_id = p.id)
  OR EXISTS (SELECT FROM feed_post k WHERE k.author_id = %(viewer)s AND k.parent_id = p.id AND k.deleted_at IS NULL)
  OR EXISTS (SELECT FROM feed_feedback k WHERE k.person_id = %(viewer)s AND k.post_id = p.id
             AND k.kind = 'not_interested' AND k.undone_at IS NULL))
"""


def unread(viewer: Any, limit: int, exclude: Collection[int] = ()) -> list[int]:
    """The first `limit` posts of Following that the viewer neither wrote nor acted on, less `exclude`."""
    kept: list[int] = []
    for times in TIMES:
        most = times * limit + len(exclude)
        found = timelines.following_ids(viewer, most)
        gone = {post for (post,) in rows(_LEFT_OUT, {"ids": found, "viewer": viewer.pk})} | set(exclude)
        kept = [post for post in found if post not in gone][:limit]
        if len(kept) == limit or len(found) < most:
            break
    return kept
