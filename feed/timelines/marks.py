"""What a card says beyond the row of its post: one plain statement for all cards of a page, and one for pictures.

As annotations and prefetches the same took most of the time a page of cards needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from json import loads
from typing import Any

from django.db import connection

from feed.models import Attachment, Post, Topic

_MARKS = """
SELECT p.id,
  EXISTS (SELECT 1 FROM feed_attachment x WHERE x.post_id = p.id),
  ARRAY(SELECT x.name FROM feed_label x WHERE x.post_id = p.id AND x.lifted_at IS NULL),
  coalesce((SELECT u.username FROM feed_post x JOIN accounts_user u ON u.id = x.author_id
            WHERE x.id = p.parent_id), ''),
  EXISTS (SELECT 1 FROM feed_like x WHERE x.post_id = p.id AND x.person_id = %(viewer)s),
  EXISTS (SELECT 1 FROM feed_repost x WHERE x.post_id = p.id AND x.person_id = %(viewer)s),
  EXISTS (SELECT 1 FROM feed_bookmark x WHERE x.post_id = p.id AND x.person_id = %(viewer)s),
  (SELECT jsonb_build_array(t.id, t.shown_as, t.title_en, t.title_zh) FROM feed_posttopic x
     JOIN feed_topic t ON t.id = x.topic_id WHERE x.post_id = p.id ORDER BY x.id LIMIT 1)
FROM feed_post p WHERE p.id = ANY(%(posts)s)
"""


def mark(posts: Sequence[Post], viewer: Any) -> None:
    """Attach `liked`, `reposted`, `bookmarked`, `label_names`, the handle it `answers_to`, its `first_topic` and its
    `pictures`. One query, and one where any has a picture. Who may read them is not asked here."""
    same: dict[int, list[Any]] = {}  # a post may stand among them twice: as a card, and quoted by another
    for post in posts:
        same.setdefault(post.pk, []).append(post)
        _put(post, [], "", False, False, False, None)  # what holds where the post was purged meanwhile
    if not same:
        return
    with connection.cursor() as cursor:
        cursor.execute(_MARKS, {"viewer": getattr(viewer, "pk", None), "posts": list(same)})
        rows = cursor.fetchall()
    for pk, _has_pictures, *marks in rows:
        for post in same[pk]:
            _put(post, *marks)
    if illustrated := [row[0] for row in rows if row[1]]:
        for picture in Attachment.objects.filter(post__in=illustrated):
            for post in same[picture.post_id or 0]:
                post.pictures.append(picture)


def _put(
    post: Any, labels: list[str], answered: str, liked: bool, reposted: bool, bookmarked: bool, topic: Any
) -> None:
    post.label_names, post.answers_to, post.pictures = labels, answered, []
    post.liked, post.reposted, post.bookmarked = liked, reposted, bookmarked
    post.first_topic = _topic(topic)


def _topic(row: Any) -> Topic | None:
    if row is None:
        return None
    pk, shown_as, title_en, title_zh = loads(row) if isinstance(row, str) else row
    return Topic(pk=pk, shown_as=shown_as, title_en=title_en, title_zh=title_zh)
