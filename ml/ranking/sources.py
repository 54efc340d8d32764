"""Where candidates come from. Each source has a cap and knows only ids; whether a post is good is decided later.

Sources that are plain SQL are asked together in one statement (`Together`), because a page may make few queries; when
that statement fails, each is asked alone and the failing one is left out.
"""

# ruff: noqa: S608 - statements are put together from constants of this file; what a person gave travels as parameters
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from ml.embedding.nearest import nearest_to_each
from ml.ranking.candidate import Found, Query
from ml.ranking.pipeline import FAILURES
from ml.ranking.sql import rows

log = structlog.get_logger(__name__)

_ALIVE = "p.deleted_at IS NULL AND NOT p.is_comment"
_PUBLIC = f"{_ALIVE} AND p.visibility = 'public'"
_READ = "(NOT %(any_language)s OR p.language = '' OR split_part(p.language, '-', 1) = ANY(%(languages)s))"
_BY_OTHERS = "p.author_id <> %(viewer)s"
# Looks for the one showing that would be too many: the cost is bounded however often the post was shown.
_RARELY_SHOWN = "NOT EXISTS (SELECT 1 FROM feed_impression i WHERE i.post_id = p.id OFFSET %(few)s)"


_ACTS = "p.likes_count + 2 * p.comments_count + 2 * p.reposts_count AS acts"
BY_ONE = 5  # so many posts of one author, before all of others have had their turn
# Of authors who write so much that they alone set the pace (`viewer.Relations`), the newest few.
_NOT_LOUD = "(p.author_id <> ALL(%(loud)s::bigint[]) OR p.id >= %(loud_since)s)"
_NEWEST = f"""SELECT p.id, p.author_id, {_ACTS} FROM feed_post p WHERE {_PUBLIC} AND p.id > %(oldest)s
  AND {_READ} AND {_BY_OTHERS} AND {_NOT_LOUD} ORDER BY p.id DESC"""
# Read once for all sources that ask for it, and not at all where none does; `nth` of its author, the newest first.
FRESH = f"""WITH fresh AS MATERIALIZED (
  SELECT n.*, row_number() OVER (PARTITION BY n.author_id ORDER BY n.id DESC) AS nth
  FROM ({_NEWEST} LIMIT 1000) AS n)"""


@dataclass(frozen=True)
class Sql:
    """A source in one SELECT of (post id, what led to it), which may read `FRESH`. Its %(names)s are of `facts_of`."""

    name: str
    select: str
    cap: int
    needs: str = ""  # the fact that must not be empty, else the source is not asked

    def __call__(self, query: Query) -> Sequence[Found]:
        facts = facts_of(query)
        if self.needs and not facts[self.needs]:
            return [Found(self.name, ())]
        found = rows(f"{FRESH} {self.select} LIMIT {self.cap}", facts)
        return [Found(self.name, [row[0] for row in found], [row[1] for row in found])]


@dataclass(frozen=True)
class Together:
    """Several `Sql` sources in one round trip."""

    parts: Sequence[Sql]
    name: str = "together"

    def __call__(self, query: Query) -> Sequence[Found]:
        facts = facts_of(query)
        asked = [part for part in self.parts if not part.needs or facts[part.needs]]
        try:
            return self._union(asked, facts)
        except Exception:
            log.exception("ranking_sources_together_failed")
            return [found for part in asked for found in self._alone(part, query)]

    @staticmethod
    def _union(asked: Sequence[Sql], facts: dict[str, Any]) -> list[Found]:
        if not asked:
            return []
        statement = f"{FRESH} " + " UNION ALL ".join(
            f"(SELECT {place}, s.* FROM ({part.select} LIMIT {part.cap}) AS s)" for place, part in enumerate(asked)
        )
        ids: list[list[int]] = [[] for _ in asked]
        via: list[list[int]] = [[] for _ in asked]
        for place, post_id, led in rows(statement, facts):
            ids[place].append(post_id)
            via[place].append(led)
        return [Found(part.name, ids[place], via[place]) for place, part in enumerate(asked)]

    @staticmethod
    def _alone(part: Sql, query: Query) -> Sequence[Found]:
        try:
            return part(query)
        except Exception:
            FAILURES.labels("home", part.name).inc()
            log.exception("ranking_stage_failed", stage=part.name, kind="source")
            return []


def facts_of(query: Query) -> dict[str, Any]:
    return {
        "viewer": query.viewer_id,
        "followed": sorted(query.followed),
        "topics": sorted(query.topics),
        "liked_topics": sorted({topic for topic in query.interests.topics if topic is not None}),
        "groups": sorted(query.groups),
        "languages": sorted(query.languages),
        "any_language": bool(query.languages),
        "oldest": query.oldest_id,
        "now_ms": int(query.now.timestamp() * 1000),
        "seed": query.seed % 2**31,
        "typical": query.typical_acts,
        "cold": [1] if query.cold else [],
        "few": FEW_SHOWN,
        "loud": sorted(query.loud),
        "loud_since": max(query.loud.values(), default=0),
        "acted": list(query.act_on)[:ACTED] if query.learns else [],
    }


FEW_SHOWN = 20  # a post shown less often than this is still looking for its readers
ACTED = 30  # newest posts one acted on, whose neighbours are asked for
FEW_FOLLOWERS = 10  # a voice with fewer followers than this is new

FOLLOWS = Sql(
    "follows",
    f"""SELECT p.id, p.author_id FROM unnest(%(followed)s::bigint[]) AS who CROSS JOIN LATERAL (
        SELECT p.id, p.author_id FROM feed_post p WHERE p.author_id = who AND {_ALIVE} AND p.id > %(oldest)s
        ORDER BY p.id DESC LIMIT 8) AS p ORDER BY p.id DESC""",
    cap=150,
    needs="followed",
)
TOPICS = Sql(
    "topics",
    """SELECT t.post_id, t.topic_id FROM unnest(%(topics)s::bigint[]) AS what CROSS JOIN LATERAL (
        SELECT post_id, topic_id FROM feed_posttopic WHERE topic_id = what AND post_id > %(oldest)s
        ORDER BY post_id DESC LIMIT 40) AS t ORDER BY t.post_id DESC""",
    cap=150,
    needs="topics",
)
LIKED_TOPICS = Sql(
    "liked topics",
    TOPICS.select.replace("%(topics)s", "%(liked_topics)s"),
    cap=150,
    needs="liked_topics",
)
GROUPS = Sql(
    "groups",
    f"""SELECT p.id, p.group_id FROM unnest(%(groups)s::bigint[]) AS place CROSS JOIN LATERAL (
        SELECT p.id, p.group_id FROM feed_post p WHERE p.group_id = place AND {_ALIVE} AND p.id > %(oldest)s
        ORDER BY p.id DESC LIMIT 20) AS p ORDER BY p.id DESC""",
    cap=60,
    needs="groups",
)
LIKED_BY_FOLLOWED = Sql(
    "liked by followed",
    """SELECT l.post_id, l.person_id FROM unnest(%(followed)s::bigint[]) AS who CROSS JOIN LATERAL (
        SELECT post_id, person_id, id FROM feed_like WHERE person_id = who ORDER BY id DESC LIMIT 5) AS l
        WHERE l.post_id > %(oldest)s ORDER BY l.id DESC""",
    cap=80,
    needs="followed",
)
REPOSTS = Sql(
    "reposts",
    """SELECT r.post_id, r.person_id FROM unnest(%(followed)s::bigint[]) AS who CROSS JOIN LATERAL (
        SELECT post_id, person_id, id FROM feed_repost WHERE person_id = who ORDER BY id DESC LIMIT 5) AS r
        WHERE r.id > %(oldest)s ORDER BY r.id DESC""",
    cap=60,
    needs="followed",
)
# What people did who acted on the same posts (`ml/training/neighbours.py`); `via` is the post that speaks loudest.
CO_ENGAGED = Sql(
    "co-engaged",
    """SELECT near.id, (array_agg(near.via ORDER BY near.score DESC))[1] FROM (
        SELECT one.id, one.score, k.post_id AS via FROM ml_postneighbours k
        CROSS JOIN LATERAL unnest(k.ids, k.scores) AS one(id, score)
        WHERE k.post_id = ANY(%(acted)s::bigint[])) AS near
        WHERE near.id > %(oldest)s AND near.id <> ALL(%(acted)s::bigint[])
        GROUP BY near.id ORDER BY sum(near.score) DESC, near.id DESC""",
    cap=80,
    needs="acted",
)
# Hacker News' formula: (acts) / (age + 2 h)^1.5, over the newest thousand posts in the viewer's languages.
RISING = Sql(
    "rising",
    f"""SELECT p.id, NULL::bigint FROM (
        SELECT id, score, row_number() OVER (PARTITION BY author_id ORDER BY score DESC) > {BY_ONE} AS many FROM (
          SELECT *, (acts + %(typical)s::float8)
            / power((%(now_ms)s - (id >> 16))::float8 / 3600000 + 2, 1.5) AS score
          FROM fresh) AS n) AS p
        ORDER BY many, score DESC""",
    cap=60,
)
BELOVED = Sql(
    "cold start",
    f"""SELECT p.id, NULL::bigint FROM (
        SELECT id, acts, row_number() OVER (PARTITION BY author_id ORDER BY acts DESC, id DESC) > {BY_ONE} AS many
        FROM ({_NEWEST} LIMIT 5000) AS n) AS p ORDER BY many, acts DESC, p.id DESC""",
    cap=200,
    needs="cold",
)
_FEW_OF_EACH = f"SELECT id, author_id FROM fresh WHERE nth <= {BY_ONE} ORDER BY id DESC LIMIT 240"
EXPLORATION = Sql(
    "exploration",
    f"""SELECT p.id, NULL::bigint FROM ({_FEW_OF_EACH}) AS p
        WHERE {_RARELY_SHOWN} ORDER BY hashint8extended(p.id, %(seed)s)""",
    cap=40,
)
NEW_VOICES = Sql(
    "new voices",
    f"""SELECT p.id, p.author_id FROM ({_FEW_OF_EACH}) AS p JOIN accounts_profile f ON f.user_id = p.author_id
        WHERE f.followers_count < {FEW_FOLLOWERS} AND f.recommendable AND {_RARELY_SHOWN}
        ORDER BY hashint8extended(p.id, %(seed)s)""",
    cap=20,
)


@dataclass(frozen=True)
class NearInterests:
    """The posts nearest to each interest, strongest interests first; `via` is the place of the interest."""

    each: int
    interests: int
    name: str = "interests"

    def __call__(self, query: Query) -> Sequence[Found]:
        vectors = query.interests.vectors[: self.interests]
        found = nearest_to_each(vectors, self.each, model=query.model, newer_than=query.oldest_id, top_level=True)
        pairs = [(post_id, place) for place, near in enumerate(found) for post_id, _cosine in near]
        return [Found(self.name, [pair[0] for pair in pairs], [pair[1] for pair in pairs])]
