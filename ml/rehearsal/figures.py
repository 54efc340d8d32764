"""How good a page is by the simulator's own key: pure counting over tastes and topics; knows no table and no model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feed.demo.town import Person, matches
from ml.rehearsal.behaviour import looked_at

PLACES = 20
Topics = Sequence[str | None]


def share_to_taste(person: Person, topics: Topics) -> float:
    """Share of the first places whose topic is to their taste (≥ 0.3)."""
    first = topics[:PLACES]
    return sum(matches(person, topic) for topic in first) / max(len(first), 1)


def expected(worths: Sequence[float], pool: Sequence[float]) -> float:
    """What the first places are worth when each counts by the chance of being looked at, over the best that `pool`
    could give (of which it is 0 at least). 1 where nothing in the pool is worth anything."""
    looked = looked_at(PLACES)
    best = sum(chance * max(one, 0.0) for chance, one in zip(looked, sorted(pool, reverse=True), strict=False))
    got = sum(chance * one for chance, one in zip(looked, worths, strict=False))
    return got / best if best > 0 else 1.0


def share_disliked(person: Person, topics: Topics) -> float:
    first = topics[:PLACES]
    return sum(topic in person.dislikes for topic in first) / max(len(first), 1)


def ndcg(person: Person, topics: Topics, pool: Topics) -> float:
    """nDCG@20 (Järvelin & Kekäläinen 2002) with the taste itself as gain; the ideal is the best of `pool`, which holds
    everything that could have been placed. 1 where nothing in the pool is to anybody's taste."""
    best = sorted((person.liking(topic) for topic in pool), reverse=True)
    ideal = _dcg(best)
    return _dcg([person.liking(topic) for topic in topics]) / ideal if ideal > 0 else 1.0


def _dcg(gains: Sequence[float]) -> float:
    first = np.array(gains[:PLACES], dtype=np.float64)
    return float((first / np.log2(np.arange(2, len(first) + 2))).sum())


def variety(authors: Sequence[int]) -> float:
    """Different authors among the first places, as a share of the places."""
    first = authors[:PLACES]
    return len(set(first)) / max(len(first), 1)


def entropy(topics: Topics) -> float:
    """Shannon entropy of the topics of the first places, in bits."""
    first = [str(topic) for topic in topics[:PLACES]]
    shares = np.unique(first, return_counts=True)[1] / max(len(first), 1)
    return float(-(shares * np.log2(shares)).sum()) if len(first) else 0.0
