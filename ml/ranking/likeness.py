"""How each candidate stands to the viewer's taste, by meaning and by topic. Knows no relation between people.

All cosines are between vectors less the middle of the site in their language (`embedding.centre`): what posts have in
common only by being posts here is no likeness.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ml.embedding.centre import less_centre
from ml.embedding.topics import soften
from ml.ranking.candidate import Candidates, Column, Floats, Query


class InterestMatch:
    """How near each post lies to what the viewer is drawn to, and to what they refused.

    interest = max over interests of cosine · √(strength / greatest strength), at least 0; `interest_at` is which one.
    liked_like = mean cosine to the three nearest posts acted on lately (k nearest neighbours), at least 0.
    topic_interest = strength of all interests of a topic the post carries, over that of the strongest topic.
    refusal = the greatest cosine to what they said no to.
    """

    name = "interest match"
    neighbours = 3

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        return {
            "interest": np.zeros(n, dtype=np.float32),
            "interest_at": np.full(n, -1, dtype=np.int64),
            "liked_like": np.zeros(n, dtype=np.float32),
            "topic_interest": np.zeros(n, dtype=np.float32),
            "refusal": np.zeros(n, dtype=np.float32),
        }

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        columns = {**self.missing(query, len(candidates))}
        known = query.interests
        if not len(candidates):
            return columns
        columns["topic_interest"][:] = _by_topic(query, candidates)
        vectors = centred(query, candidates)
        if _comparable(known.vectors, vectors):
            relative = np.sqrt(known.strengths / max(float(known.strengths.max()), 1e-9))
            match = np.maximum(vectors @ _middled(known.vectors, query).T, 0) * relative
            columns["interest"], columns["interest_at"] = match.max(axis=1), match.argmax(axis=1)
        if _comparable(query.acted_vectors, vectors):
            cosines = vectors @ acted_vectors(query).T
            cosines[candidates.ids[:, None] == np.array(query.acted_ids, dtype=np.int64)] = 0  # none is its own
            nearest = np.sort(cosines, axis=1)[:, -self.neighbours :]
            columns["liked_like"] = np.maximum(nearest.mean(axis=1), 0)
        if _comparable(known.negatives, vectors):
            columns["refusal"] = np.maximum((vectors @ _middled(known.negatives, query).T).max(axis=1), 0)
        return columns


def centred(query: Query, candidates: Candidates) -> Floats:
    """The candidates' vectors less the middle of the site in their language; zeros for a post without one."""
    vectors = less_centre(candidates["vector"], candidates["language"].tolist(), query.centres)
    return np.asarray(np.where(candidates["has_vector"][:, None], vectors, 0), dtype=np.float32)


def acted_vectors(query: Query) -> Floats:
    """The same for the posts that the viewer acted on, in the order of `acted_ids`."""
    languages = [query.act_on[post_id].language for post_id in query.acted_ids]
    return np.asarray(less_centre(query.acted_vectors, languages, query.centres), dtype=np.float32)


def _comparable(some: Floats, vectors: Floats) -> bool:
    return len(some) > 0 and some.shape[1] == vectors.shape[1]


def _middled(vectors: Floats, query: Query) -> Floats:
    """Interests are of no one language: less the middle of the middles."""
    return np.asarray(less_centre(vectors, [""] * len(vectors), query.centres), dtype=np.float32)


def _by_topic(query: Query, candidates: Candidates) -> list[float]:
    of_topic: dict[int, float] = {}
    for topic, strength in zip(query.interests.topics, query.interests.strengths.tolist(), strict=False):
        if topic is not None:
            of_topic[topic] = of_topic.get(topic, 0.0) + strength
    most = max(of_topic.values(), default=1.0)
    return [max((of_topic.get(topic, 0.0) / most for topic in topics), default=0.0) for topics in candidates["topics"]]


CHOSEN_TOPIC = 3.0  # a topic one follows weighs as much as so many likes of posts about it
LEAST_TASTE = 0.3
PRIOR_ACTS = 5.0  # acts of nobody in particular that every taste is mixed with


class Subjects:
    """Column "about", shape (n, k): p(topic | post) of the k curated topics, softmax of the cosines to their centres.

    Zeros for a post without a vector; k is 0 where no centre is known.
    """

    name = "subjects"

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        return {"about": np.zeros((n, len(query.topic_vectors)), dtype=np.float32)}

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        if not _comparable(query.topic_vectors, candidates["vector"]) or not len(candidates):
            return self.missing(query, len(candidates))
        about = soften(centred(query, candidates) @ _middled(query.topic_vectors, query).T)
        return {"about": np.where(candidates["has_vector"][:, None], about, 0)}


class TopicTaste:
    """How much more than others the viewer cares for what a post is about: Σ over topics p(topic | post) · taste.

    p is 1 for the topics a post carries, else "about". taste is what the viewer's share of acts on a topic has over the
    topic's share of the site, (w_t + a·b_t) / (w + a) − b_t with a = 5 acts of prior, over that of their favourite
    topic: −0.3 to 1. Without consent only followed topics are acts.
    """

    name = "topic taste"

    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        return {"topic_taste": np.zeros(n, dtype=np.float32)}

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        if not len(query.topic_vectors):
            return self.missing(query, len(candidates))
        weights = self._weights(query)
        total = float(weights.sum())
        if total == 0:
            return self.missing(query, len(candidates))
        share = query.topic_shares
        more = (weights + PRIOR_ACTS * share) / (total + PRIOR_ACTS) - share
        taste = np.clip(more / max(float(more.max()), 1e-9), -LEAST_TASTE, 1)
        about = candidates["about"].copy()
        for row, topics in enumerate(candidates["topics"]):
            if places := [query.topic_places[topic] for topic in topics if topic in query.topic_places]:
                about[row] = 0
                about[row, places] = 1 / len(places)
        return {"topic_taste": (about @ taste).astype(np.float32)}

    @staticmethod
    def _weights(query: Query) -> Floats:
        """The weight of the viewer's acts and wishes on each topic, shape (k,)."""
        weights = np.zeros(len(query.topic_vectors), dtype=np.float32)
        for place in {query.topic_places[topic] for topic in query.topics if topic in query.topic_places}:
            weights[place] += CHOSEN_TOPIC
        if query.learns and _comparable(query.acted_vectors, query.topic_vectors):
            acts = np.array([query.act_on[post].weight(query.now) for post in query.acted_ids], dtype=np.float32)
            weights += acts @ soften(acted_vectors(query) @ _middled(query.topic_vectors, query).T)
        return weights
