"""THE row of numbers of a candidate: what scorers see, what an impression logs, what training learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ml.ranking.candidate import Candidates, Column, Floats, Query


@dataclass(frozen=True)
class Feature:
    """One number: its name, what it means, and how it is read from the columns."""

    name: str
    meaning: str
    read: Callable[[Query, Candidates], Column]


def _column(name: str, meaning: str) -> Feature:
    return Feature(name, meaning, lambda query, candidates: candidates[name])


def _carries(wanted: Callable[[Query], object]) -> Callable[[Query, Candidates], Column]:
    def read(query: Query, candidates: Candidates) -> Column:
        topics = wanted(query)
        return np.array([any(t in topics for t in row) for row in candidates["topics"]], dtype=np.float32)  # type: ignore[operator]

    return read


def _language_read(query: Query, candidates: Candidates) -> Column:
    if not query.languages:
        return np.ones(len(candidates), dtype=np.float32)
    return np.array([not tag or tag in query.languages for tag in candidates["language"]], dtype=np.float32)


def _member(column: str, of: Callable[[Query], Sequence[int]]) -> Callable[[Query, Candidates], Column]:
    return lambda query, candidates: np.isin(candidates[column], np.array(of(query), dtype=np.int64))


FRESH_SHARE = 12.0  # the half-life of freshness is this part of the window …
FRESH_HOURS = (18.0, 60.0)  # … within these bounds
GROWN_HOURS = 24.0  # a post gets 63 % of its acts in this time


def freshness(query: Query, candidates: Candidates) -> Floats:
    """0.5^(age / half-life); the half-life is longer on a quiet site: a twelfth of the window, 18 to 60 hours."""
    half_life = float(np.clip(query.window_hours / FRESH_SHARE, *FRESH_HOURS))
    return np.asarray(0.5 ** (candidates["age_hours"] / half_life), dtype=np.float32)


def quality(query: Query, candidates: Candidates) -> Floats:
    """log of (acts + a) / (expected acts + a), clipped to −1 … 1.5: 0 for a post that does as well as is usual.

    acts = likes + 2·answers + 2·reposts; expected = typical · (1 − exp(−age / 24 h)); a = typical acts of this site.
    This is the posterior mean of a rate under a Gamma prior (Gamma-Poisson shrinkage, DuMouchel 1999): a post with few
    acts stays near the usual, however lucky its first minutes.
    """
    acts = candidates["likes"] + 2 * candidates["answers"] + 2 * candidates["reposts"]
    prior = query.typical_acts
    expected = prior * (1 - np.exp(-candidates["age_hours"] / GROWN_HOURS))
    return np.asarray(np.clip(np.log((acts + prior) / (expected + prior)), -1, 1.5), dtype=np.float32)


FEATURES: tuple[Feature, ...] = (
    _column("interest", "cosine to the nearest interest, weighed by its relative strength, 0 to 1"),
    _column("liked_like", "mean cosine to the three nearest posts the viewer liked lately, 0 to 1"),
    _column("topic_taste", "how much more than others the viewer cares for what it is about, -0.3 to 1"),
    _column("topic_interest", "strength of the viewer's interest in a topic it carries, over their strongest, 0 to 1"),
    _column("refusal", "cosine to the nearest of what the viewer said no to, 0 to 1"),
    Feature("follows_author", "1 when the viewer follows the author", _member("author", lambda q: sorted(q.followed))),
    _column("affinity", "the viewer's bond to the author from their acts, 0 to 1"),
    _column("friends", "people followed who liked or reposted it"),
    Feature("topic_followed", "1 when it carries a topic the viewer follows", _carries(lambda q: q.topics)),
    Feature("group_joined", "1 when it is in a group of the viewer", _member("group", lambda q: sorted(q.groups))),
    Feature("freshness", "halves with every half-life of age, 0 to 1", freshness),
    Feature("quality", "log of its acts over the acts usual at its age, smoothed; 0 is usual", quality),
    Feature("language_read", "1 when the viewer reads its language, or none is known", _language_read),
    _column("shown_times", "times it was shown to the viewer in the last seven days"),
    _column("shown_hours_ago", "hours since it was last shown to the viewer; 999 for never"),
    _column("acted_days_ago", "days since the viewer liked, answered, kept or reposted it; 999 for never"),
    _column("feedback", "what 'see fewer' leaves of it, 0 to 1"),
    _column("answer", "1 when it answers another post"),
    _column("age_hours", "hours since it was written"),
    _column("likes", "likes it has"),
    _column("answers", "answers it has"),
    _column("reposts", "reposts and quotes it has"),
    Feature("author_reach", "log(1 + followers of the author)", lambda q, c: np.log1p(c["author_followers"])),
    Feature("length", "log(1 + characters)", lambda q, c: np.log1p(c["length"])),
    _column("pictures", "1 when it has a picture"),
    _column("warned", "1 when its author put a content warning on it"),
    _column("has_vector", "1 when its vector is made"),
    Feature("cold", "1 when nothing is known yet of the viewer's interests", lambda q, c: np.full(len(c), q.cold)),
    Feature("found_by", "sources that found it", lambda q, c: np.sum([*c.found_by.values(), np.zeros(len(c))], axis=0)),
)
NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)


def rows_of(query: Query, candidates: Candidates) -> Floats:
    """The rows, float32, shape (n, len(FEATURES)), columns in the order of FEATURES. Each row is of its post alone."""
    rows = np.empty((len(candidates), len(FEATURES)), dtype=np.float32)
    for place, feature in enumerate(FEATURES):
        rows[:, place] = feature.read(query, candidates)
    return rows
