"""What a row of numbers would be had the viewer not done one thing: the hydrators are asked again without it.

The interests that stand stay as groups; each act belongs to the nearest one, which is taken without it. That is what
learning anew would give as long as the groups stay the same, in a thousandth of the time. Knows no model and no table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ml.ranking.candidate import Candidates, Floats, Interests, Ints, Query
from ml.ranking.features import rows_of
from ml.ranking.history import REFUSALS
from ml.ranking.hydrators import Affinity
from ml.ranking.likeness import InterestMatch, TopicTaste

FROM_ACTS = (InterestMatch(), TopicTaste(), Affinity())  # all hydrators whose columns say what the viewer did before
REFUSED = "refused"  # the kind of an act that said no
LEAST_LENGTH = 1e-6  # of the sum of a group's vectors; what is shorter has no direction


def differences(query: Query, candidates: Candidates, acts: Sequence[tuple[str, int]]) -> Floats:
    """By how much the rows of the candidates would differ without each act (kind, post), (acts, n, features).

    `candidates` have every column a row is made of; `query` the acts, their vectors and the interests.
    """
    known = _Known(query)
    whole = _rows(known.all, candidates)
    less = [_rows(known.without(kind, post_id), candidates) - whole for kind, post_id in acts]
    return np.stack(less) if less else np.zeros((0, *whole.shape), dtype=np.float32)


def _rows(query: Query, candidates: Candidates) -> Floats:
    for hydrator in FROM_ACTS:
        candidates = candidates.having(hydrator(query, candidates))
    return rows_of(query, candidates)


@dataclass(frozen=True)
class _Known:
    """A query taken apart into what it knows from which act."""

    query: Query

    @cached_property
    def all(self) -> Query:
        """The same with its interests put together from the groups, so that a difference is that of the act alone."""
        return replace(self.query, interests=self._interests(self._liked, self._refused))

    def without(self, kind: str, post_id: int) -> Query:
        query = self.query
        if kind == REFUSED:
            left = self._refused.without(post_id)
            said = tuple(one for one in query.said if one.post_id != post_id or one.kind not in REFUSALS)
            return replace(query, said=said, interests=self._interests(self._liked, left))
        acts = tuple(act for act in query.acts if (act.kind, act.post_id) != (kind, post_id))
        less = replace(query, acts=acts)
        if act := less.act_on.get(post_id):  # they did something else with it too
            left = self._liked.lighter(post_id, act.weight(query.now))
        else:
            left = self._liked.without(post_id)
            keep = [place for place, known in enumerate(query.acted_ids) if known != post_id]
            less.acted_ids = tuple(query.acted_ids[place] for place in keep)
            less.acted_vectors = query.acted_vectors[keep]
        less.interests = self._interests(left, self._refused)
        return less

    def _interests(self, liked: _Groups, refused: _Groups) -> Interests:
        known, (vectors, strengths), (negatives, noes) = self.query.interests, liked.now, refused.now
        stand, negatives = np.flatnonzero(strengths > 0), negatives[noes > 0]
        if len(stand) == 0:
            return Interests(negatives=negatives)
        return replace(
            known,
            vectors=vectors[stand],
            strengths=strengths[stand],
            negatives=negatives,
            **{name: [getattr(known, name)[at] for at in stand.tolist()] for name in ("words", "topics", "chosen")},
        )

    @cached_property
    def _liked(self) -> _Groups:
        query = self.query
        weights = np.array([query.act_on[post].weight(query.now) for post in query.acted_ids], dtype=np.float32)
        return _Groups.made_of(
            query.interests.vectors, query.interests.strengths, query.acted_ids, query.acted_vectors, weights
        )

    @cached_property
    def _refused(self) -> _Groups:
        query, negatives = self.query, self.query.interests.negatives
        posts = [one.post_id for one in query.said if one.kind in REFUSALS and one.post_id in query.vector_of]
        ids = tuple(dict.fromkeys(post for post in posts if post is not None))
        vectors = np.stack([query.vector_of[post] for post in ids]) if ids else negatives[:0]
        even = np.full(len(negatives), 1 / max(len(negatives), 1), dtype=np.float32)
        return _Groups.made_of(negatives, even, ids, vectors, np.ones(len(ids), dtype=np.float32))


@dataclass(frozen=True)
class _Groups:
    """k groups: their vectors (k, d) and strengths (k,) as they stand, and the posts (m) they are made of."""

    vectors: Floats
    strengths: Floats
    ids: tuple[int, ...]
    posts: Floats  # their vectors, (m, d)
    weights: Floats  # of the acts on them, (m,)
    member: Ints  # the group of each, (m,)
    rest: Floats  # weight of each group that stands on something else, such as a chosen topic, (k,)

    @classmethod
    def made_of(
        cls, vectors: Floats, strengths: Floats, ids: tuple[int, ...], posts: Floats, weights: Floats
    ) -> _Groups:
        """Each post in the group it is nearest to."""
        if not len(vectors) or not len(ids) or vectors.shape[1] != posts.shape[1]:
            nothing = posts[:0], weights[:0], np.zeros(0, dtype=np.int64)
            return cls(vectors, strengths, (), *nothing, strengths)
        member = (posts @ vectors.T).argmax(axis=1)
        known = np.bincount(member, weights, minlength=len(vectors)).astype(np.float32)
        rest = np.maximum(strengths / max(float(strengths.sum()), 1e-9) * weights.sum() - known, 0)
        return cls(vectors, strengths, ids, posts, weights, member, rest)

    def without(self, post_id: int) -> _Groups:
        return self.lighter(post_id, 0.0)

    def lighter(self, post_id: int, weight: float) -> _Groups:
        """The same where the acts on one post weigh only so much."""
        if post_id not in self.ids:
            return self
        weights = self.weights.copy()
        weights[self.ids.index(post_id)] = weight
        return replace(self, weights=weights)

    @property
    def now(self) -> tuple[Floats, Floats]:
        """Vectors (k, d) and strengths (k,) by the weights there are; a group nothing is left of has strength 0."""
        if not len(self.ids):
            return self.vectors, self.strengths
        sums = self.rest[:, None] * self.vectors
        np.add.at(sums, self.member, self.weights[:, None] * self.posts)
        weight = self.rest + np.bincount(self.member, self.weights, minlength=len(sums)).astype(np.float32)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        strengths = np.where(length[:, 0] > LEAST_LENGTH, weight / max(float(weight.sum()), 1e-9), 0)
        return np.asarray(sums / np.maximum(length, LEAST_LENGTH), dtype=np.float32), strengths.astype(np.float32)
