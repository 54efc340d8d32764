"""Posts that the same people act on: read from the database, computed, kept in `PostNeighbours`. Knows no viewer."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import scipy.sparse as sp
from django.db import connection, transaction
from django.utils import timezone

from feed.ids import id_at
from feed.models import Post
from ml.models import PostNeighbours
from ml.training.coengagement import nearest, similarity, together

POSTS = 5_000  # the newest with enough acts; memory grows with the square: 5,000 take about 500 MB in all
POSTS_OF_ONE = 50  # newest of one author, so that a flood fills no more than a hundredth of the window
ACTS_OF_ONE = 300  # newest of one person
ACTS = 2_000_000  # newest in all
DAYS = 90
LEAST_ACTS = 2  # likes, answers and reposts of a post
LEAST_TOGETHER = 2  # people who acted on both: a pair never tells what one person did (a bookmark is private)
NEIGHBOURS = 40
BATCH = 20_000
LOCK = 0x4E454152  # of PostgreSQL's advisory locks, the site's own

_POSTS = """
SELECT id FROM (
  SELECT id, row_number() OVER (PARTITION BY author_id ORDER BY id DESC) AS nth FROM (
    SELECT p.id, p.author_id FROM feed_post p JOIN accounts_user u ON u.id = p.author_id AND u.is_active
    WHERE p.deleted_at IS NULL AND NOT p.is_comment AND p.visibility IN ('public', 'group') AND p.id > %(oldest)s
      AND p.likes_count + p.comments_count + p.reposts_count >= %(least)s
    ORDER BY p.id DESC LIMIT %(pool)s) AS p) AS p
WHERE nth <= %(of_one)s ORDER BY id DESC LIMIT %(posts)s
"""

# People who let the site learn from what they do, since they last had it forget; never an act on a post of one's own.
_ACTS = """
SELECT person_id, post_id FROM (
  SELECT a.person_id, a.post_id, a.at, row_number() OVER (PARTITION BY a.person_id ORDER BY a.at DESC) AS nth FROM (
    SELECT person_id, post_id, max(at) AS at FROM (
      SELECT person_id, post_id, created_at AS at FROM feed_like WHERE post_id = ANY(%(posts)s)
      UNION ALL SELECT person_id, post_id, created_at FROM feed_repost WHERE post_id = ANY(%(posts)s)
      UNION ALL SELECT person_id, post_id, created_at FROM feed_bookmark WHERE post_id = ANY(%(posts)s)
      UNION ALL SELECT author_id, parent_id, created_at FROM feed_post
        WHERE parent_id = ANY(%(posts)s) AND deleted_at IS NULL) AS every
    GROUP BY person_id, post_id) AS a
  JOIN accounts_user u ON u.id = a.person_id AND u.is_active
  JOIN accounts_consent c ON c.person_id = a.person_id AND c.behaviour
  JOIN feed_post p ON p.id = a.post_id AND p.author_id <> a.person_id
  LEFT JOIN ml_learner l ON l.person_id = a.person_id
  WHERE (l.reset_at IS NULL OR a.at > l.reset_at) AND a.person_id <> %(without)s) AS a
WHERE nth <= %(of_one)s ORDER BY at DESC LIMIT %(most)s
"""

# Whatever they did, with or without consent: who has just withdrawn it has none any more.
_OF_ONE = """
SELECT post_id FROM feed_like WHERE person_id = %(person)s
UNION SELECT post_id FROM feed_repost WHERE person_id = %(person)s
UNION SELECT post_id FROM feed_bookmark WHERE person_id = %(person)s
UNION SELECT parent_id FROM feed_post WHERE author_id = %(person)s AND parent_id IS NOT NULL
"""


def refresh() -> int:
    """Compute the neighbours of the newest posts anew; how many posts have some. What fell out of the window goes.

    One at a time: one that began before somebody withdrew must not write over the one that began after.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        return _refresh()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _refresh() -> int:
    started = timezone.now()
    posts = newest_posts()
    acts = acts_on(posts)
    shared = together(acts)
    shared.data[shared.data < LEAST_TOGETHER] = 0
    shared.eliminate_zeros()
    found = nearest(similarity(acts), shared, NEIGHBOURS)
    rows = [
        PostNeighbours(post_id=int(posts[row]), ids=posts[columns].tolist(), scores=scores.tolist(), made_at=started)
        for row, (columns, scores) in enumerate(found)
        if len(columns)
    ]
    with transaction.atomic():
        # A post that was purged meanwhile must not break the others.
        alive = set(Post.objects.filter(pk__in=[row.post_id for row in rows]).values_list("pk", flat=True))
        rows = [row for row in rows if row.post_id in alive]
        PostNeighbours.objects.exclude(pk__in=[row.post_id for row in rows]).delete()
        PostNeighbours.objects.bulk_create(
            rows,
            batch_size=500,
            update_conflicts=True,
            unique_fields=["post"],
            update_fields=["ids", "scores", "made_at"],
        )
    return len(rows)


@transaction.atomic
def leave(person_id: int) -> int:
    """A person takes no part any more: drop at once every pair of posts that too few others join; how many there were.

    The scores of the other pairs still hold a trace of the person's acts, until the next `refresh`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OF_ONE, {"person": person_id})
        acted = [row[0] for row in cursor.fetchall()]
    rows = list(PostNeighbours.objects.select_for_update().filter(pk__in=acted).order_by("pk"))
    posts = np.array([row.pk for row in rows], dtype=np.int64)
    place = {row.pk: number for number, row in enumerate(rows)}
    shared = together(acts_on(posts, without=person_id))
    dropped = 0
    for row in rows:
        joined = shared[[place[row.pk]]].toarray().ravel()
        keep = [post not in place or joined[place[post]] >= LEAST_TOGETHER for post in row.ids]
        if all(keep):
            continue
        dropped += keep.count(False)
        row.ids = [post for post, kept in zip(row.ids, keep, strict=True) if kept]
        row.scores = [score for score, kept in zip(row.scores, keep, strict=True) if kept]
        row.save(update_fields=["ids", "scores"])
    PostNeighbours.objects.filter(pk__in=acted, ids__len=0).delete()
    return dropped


def newest_posts() -> np.ndarray:
    """Ids of the posts compared, newest first, at most `POSTS`."""
    oldest = id_at(timezone.now() - timedelta(days=DAYS))
    facts = {"oldest": oldest, "least": LEAST_ACTS, "of_one": POSTS_OF_ONE, "posts": POSTS, "pool": 4 * POSTS}
    with connection.cursor() as cursor:
        cursor.execute(_POSTS, facts)
        return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def acts_on(posts: np.ndarray, without: int = 0) -> sp.csr_matrix:
    """Ones where a person acted on a post, (people, posts), read through a server-side cursor; one may be left out."""
    people, columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    order = np.argsort(posts)
    facts = {"posts": posts.tolist(), "of_one": ACTS_OF_ONE, "most": ACTS, "without": without}
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_ACTS, facts)
        while read := cursor.fetchmany(BATCH):
            pairs = np.array(read, dtype=np.int64)
            people.append(pairs[:, 0])
            columns.append(order[np.searchsorted(posts, pairs[:, 1], sorter=order)])
    known, rows = np.unique(np.concatenate(people), return_inverse=True)
    ones = np.ones(len(rows), dtype=np.float32)
    return sp.csr_matrix((ones, (rows, np.concatenate(columns))), shape=(len(known), len(posts)))
