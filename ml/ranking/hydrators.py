"""What is known of each candidate, as columns. A hydrator may add columns, never drop a post, and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from ml.embedding.nearest import vectors_of
from ml.ranking.candidate import Candidates, Column, Floats, Query
from ml.ranking.counted import COUNTS, known_robots
from ml.ranking.history import LENGTH
from ml.ranking.rates import POSITIVE
from ml.ranking.sql import rows
from ml.ranking.viewer import VISIT

_FACTS = f"""
SELECT p.id, p.author_id, split_part(p.language, '-', 1), p.likes_count, p.comments_count,
  p.reposts_count + p.quotes_count, p.is_comment, coalesce(p.thread_id, p.id), coalesce(p.group_id, 0),
  p.deleted_at IS NULL AND u.is_active AND (
    p.author_id = %(viewer)s
    OR NOT EXISTS (SELECT 1 FROM feed_label l WHERE l.post_id = p.id AND l.name = 'hidden' AND l.lifted_at IS NULL)
    AND (p.visibility = 'public' OR p.visibility = 'followers' AND p.author_id = ANY(%(followed)s)
         OR p.visibility = 'group' AND (p.group_id = ANY(%(groups)s) OR NOT coalesce(g.approval, true)))),
  md5(lower(replace(replace(replace(p.text, ' ', ''), E'\\n', ''), E'\\t', ''))),
  length(p.text), p.content_warning <> '',
  f.recommendable, f.followers_count,
  ARRAY(SELECT t.topic_id FROM feed_posttopic t WHERE t.post_id = p.id
        UNION ALL SELECT g.topic_id WHERE g.topic_id IS NOT NULL),
  EXISTS (SELECT 1 FROM feed_like k WHERE k.person_id = %(viewer)s AND k.post_id = p.id)
    OR EXISTS (SELECT 1 FROM feed_repost k WHERE k.person_id = %(viewer)s AND k.post_id = p.id),
  EXISTS (SELECT 1 FROM feed_attachment b WHERE b.post_id = p.id),
  EXISTS (SELECT 1 FROM unnest(%(phrases)s::text[]) AS phrase WHERE strpos(lower(p.text), lower(phrase)) > 0),
  CASE WHEN p.id = ANY(%(fresh)s::bigint[]) THEN (
    SELECT ARRAY[count(*), count(*) FILTER (WHERE EXISTS (
      SELECT 1 FROM feed_outcome o WHERE o.impression_id = i.id AND o.kind = ANY(%(positive)s)))]
    FROM feed_impression i WHERE i.post_id = p.id AND {COUNTS}
      AND (i.person_id <> %(viewer)s OR i.shown_at < %(this_visit)s)) END
FROM feed_post p JOIN accounts_user u ON u.id = p.author_id JOIN accounts_profile f ON f.user_id = u.id
  LEFT JOIN feed_group g ON g.id = p.group_id
WHERE p.id = ANY(%(ids)s)
"""  # noqa: S608 - put together from constants
# The column, its type, and what is assumed when the facts cannot be had: readable, for the caller decides that anyway.
_COLUMNS: tuple[tuple[str, str, object], ...] = (
    ("author", "i8", 0),
    ("language", "O", ""),
    ("likes", "f4", 0),
    ("answers", "f4", 0),
    ("reposts", "f4", 0),
    ("answer", "?", False),
    ("thread", "i8", 0),
    ("group", "i8", 0),
    ("readable", "?", True),
    ("digest", "O", ""),
    ("length", "f4", 0),
    ("warned", "?", False),
    ("recommendable", "?", True),
    ("author_followers", "f4", 0),
    ("topics", "O", ()),
    ("acted", "?", False),
    ("pictures", "?", False),
    ("muted_words", "?", False),
    ("tried", "f4", 0),  # impressions that count, and how many were answered: of posts found by exploration only,
    ("answered", "f4", 0),  # which were shown so rarely that counting costs little
)


class PostFacts:
    """Author, language, counts, thread, group, topics, and whether the viewer may read it: one query."""

    name = "post facts"

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        return {name: _filled(n, kind, default) for name, kind, default in _COLUMNS}

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        found = rows(
            _FACTS,
            {
                "ids": candidates.ids.tolist(),
                "viewer": query.viewer_id,
                "followed": sorted(query.followed),
                "groups": sorted(query.groups),
                "phrases": list(query.muted_phrases),
                "fresh": candidates.ids[candidates.found(EXPLORATION)].tolist(),
                "positive": list(POSITIVE),
                "robots": known_robots(),
                "this_visit": query.now - VISIT,  # a reload finds the page as it was
            },
        )
        columns = self.missing(query, len(candidates))
        columns["readable"][:] = False  # a post without a row is gone
        if not found:
            return columns
        row_of = {post_id: row for row, post_id in enumerate(candidates.ids.tolist())}
        places = np.array([row_of[row[0]] for row in found])
        *facts, fresh = list(zip(*found, strict=True))[1:]
        tried, answered = zip(*[counts or (0, 0) for counts in fresh], strict=True)
        for (name, kind, _default), values in zip(_COLUMNS, [*facts, tried, answered], strict=True):
            columns[name][places] = _filled_with(values, kind)
        return columns


def _filled(n: int, kind: str, default: object) -> Column:
    column = np.empty(n, dtype=kind)
    column[:] = default if kind != "O" else [default] * n
    return column


def _filled_with(values: tuple[object, ...], kind: str) -> Column:
    if kind != "O":
        return np.array(values, dtype=kind)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


class Age:
    """Hours since each post, read from its id: `id >> 16` is its millisecond."""

    name = "age"

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        return {"age_hours": np.zeros(n, dtype=np.float32)}

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        hours = query.now.timestamp() / 3600 - (candidates.ids >> 16) / 3_600_000
        return {"age_hours": np.maximum(hours, 0).astype(np.float32)}


class Vectors:
    """The vector of each post (zeros where none is made yet), of what was acted on and what was shown last: one query.

    Without consent no act is looked at.
    """

    name = "vectors"
    acts, shown = 150, 40

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        size = query.interests.vectors.shape[1] if len(query.interests.vectors) else 1
        return {"vector": np.zeros((n, size), dtype=np.float32), "has_vector": np.zeros(n, dtype=np.bool_)}

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        if not query.model:
            return self.missing(query, len(candidates))
        acted = list(query.act_on)[: self.acts] if query.learns else []
        refused = [one.post_id for one in query.said if one.post_id and one.post_author] if query.learns else []
        shown = sorted(query.shown, key=lambda post: query.shown[post].last_at, reverse=True)[: self.shown]
        ids, found = vectors_of(list({*candidates.ids.tolist(), *acted, *refused[:LENGTH], *shown}), query.model)
        if not ids:
            return self.missing(query, len(candidates))
        row_of = {post_id: row for row, post_id in enumerate(ids)}
        query.acted_ids = tuple(post_id for post_id in acted if post_id in row_of)
        query.acted_vectors = found[[row_of[post_id] for post_id in query.acted_ids]]
        query.vector_of = {post_id: found[row_of[post_id]] for post_id in (*acted, *refused) if post_id in row_of}
        query.shown_vectors = found[[row_of[post_id] for post_id in shown if post_id in row_of]]
        places = np.array([row_of.get(post_id, -1) for post_id in candidates.ids.tolist()], dtype=np.int64)
        has = places >= 0
        vectors: Floats = np.where(has[:, None], found[places], np.float32(0))
        return {"vector": vectors, "has_vector": has}


EXPLORATION = "exploration"  # the name of that source

_SOCIAL = """
  SELECT post_id, person_id FROM feed_like WHERE post_id = ANY(%(ids)s) AND person_id = ANY(%(followed)s)
  UNION SELECT post_id, person_id FROM feed_repost WHERE post_id = ANY(%(ids)s) AND person_id = ANY(%(followed)s)
"""


class SocialProof:
    """How many of the people followed liked or reposted each post, and one of them: one query."""

    name = "liked by followed"

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        return {"friends": np.zeros(n, dtype=np.float32), "friend": np.zeros(n, dtype=np.int64)}

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        columns = self.missing(query, len(candidates))
        if not query.followed or not len(candidates):
            return columns
        row_of = {post_id: row for row, post_id in enumerate(candidates.ids.tolist())}
        for post_id, person in rows(_SOCIAL, {"ids": candidates.ids.tolist(), "followed": sorted(query.followed)}):
            columns["friends"][row_of[post_id]] += 1
            columns["friend"][row_of[post_id]] = person
        return columns


AFFINITY_HALF_FULL = 4.0  # faded acts at which the bond is at 63 %


class Affinity:
    """The viewer's bond to each author: 1 − exp(−Σ weight of the acts / 4), from 0 to 1. Zero without consent."""

    name = "affinity"

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        return {"affinity": np.zeros(n, dtype=np.float32)}

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        if not query.learns:
            return self.missing(query, len(candidates))
        bonds: dict[int, float] = {}
        for act in query.acts:
            bonds[act.author_id] = bonds.get(act.author_id, 0.0) + act.weight(query.now)
        total = np.array([bonds.get(author, 0.0) for author in candidates["author"].tolist()], dtype=np.float32)
        return {"affinity": (1 - np.exp(-total / AFFINITY_HALF_FULL)).astype(np.float32)}


def _days(now: datetime, then: datetime) -> float:
    return max((now - then).total_seconds() / 86400, 0.0)


class ActedBefore:
    """Days since the viewer liked, answered, kept or reposted each post: 999 for never, 365 for too long ago."""

    name = "acted before"

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        return {"acted_days_ago": np.full(n, 999, dtype=np.float32)}

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        days = np.where(candidates["acted"], 365, 999).astype(np.float32)
        at = {act.post_id: act.at for act in (*reversed(query.acts_before_reset), *reversed(query.acts))}
        for row, post_id in enumerate(candidates.ids.tolist()):
            if post_id in at:
                days[row] = _days(query.now, at[post_id])
        return {"acted_days_ago": days}


class ShownBefore:
    """How often each post was shown to the viewer in the last days, and how many hours ago last (999: never)."""

    name = "shown before"

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        return {"shown_times": np.zeros(n, dtype=np.float32), "shown_hours_ago": np.full(n, 999, dtype=np.float32)}

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        columns = self.missing(query, len(candidates))
        for row, post_id in enumerate(candidates.ids.tolist()):
            if post_id in query.shown:
                columns["shown_times"][row] = query.shown[post_id].times
                columns["shown_hours_ago"][row] = _days(query.now, query.shown[post_id].last_at) * 24
        return columns


FEWER_DAYS_AWAY, FEWER_DAYS_FADING, FEWER_FACTOR = 14.0, 140.0, 0.2


def fewer_factor(days: float) -> float:
    """What remains of a post's score, `days` after "see fewer": 0 for 14 days, then from 0.2 up to 1 over 140 days.

    factor = 0.2 + 0.8 · (days − 14) / 140, at most 1.
    """
    if days < FEWER_DAYS_AWAY:
        return 0.0
    return min(1.0, FEWER_FACTOR + (1 - FEWER_FACTOR) * (days - FEWER_DAYS_AWAY) / FEWER_DAYS_FADING)


ABOUT = 0.01  # p(topic | post) from which "fewer of this topic" takes a post: rather one too many than one too few


class FeedbackInForce:
    """Column "feedback": what "see fewer" leaves of each post, 0 to 1 (`fewer_factor`).

    Column "refused": not interested, or hidden.
    A topic is recognised by hashtag or label, and by meaning (column "about", at least `ABOUT`).
    """

    name = "feedback"

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        return {"feedback": np.ones(n, dtype=np.float32), "refused": np.zeros(n, dtype=np.bool_)}

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        columns = self.missing(query, len(candidates))
        authors, topics = self._factors(query)
        if authors:
            by_author = np.array([authors.get(who, 1.0) for who in candidates["author"].tolist()], dtype=np.float32)
            columns["feedback"][:] = by_author
        for topic, factor in topics.items():
            columns["feedback"][self._about(query, candidates, topic)] *= factor
        refused = [one.post_id for one in query.said if one.kind in ("not_interested", "hide") and one.post_id]
        columns["refused"][:] = np.isin(candidates.ids, np.array(refused, dtype=np.int64))
        return columns

    @staticmethod
    def _factors(query: Query) -> tuple[dict[int, float], dict[int, float]]:
        authors: dict[int, float] = {}
        topics: dict[int, float] = {}
        for one in query.said:
            factor = fewer_factor(_days(query.now, one.at))
            if one.kind == "fewer_author" and one.author_id:
                authors[one.author_id] = min(factor, authors.get(one.author_id, 1.0))
            if one.kind == "fewer_topic" and one.topic_id:
                topics[one.topic_id] = min(factor, topics.get(one.topic_id, 1.0))
        return authors, topics

    @staticmethod
    def _about(query: Query, candidates: Candidates, topic: int) -> Column:
        tagged = np.array([topic in topics for topics in candidates["topics"]], dtype=np.bool_)
        place = query.topic_places.get(topic)
        return tagged if place is None else np.asarray(tagged | (candidates["about"][:, place] >= ABOUT))
