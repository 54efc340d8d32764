"""Which of the ranked take which place: variety of authors, meaning and topics, places kept for the unknown.

Only here do rivals matter. The same query and seed give the same slate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ml.ranking.candidate import Bools, Candidates, Column, Floats, Ints, Query

RANKED, EXPLORED, NEW_VOICE = 0, 1, 2  # how a place was filled


def author_factor(k: Floats) -> Floats:
    """(1 − 0.25) · 0.5^k + 0.25 for the post that follows k of the same author (X, 2026). k may be a fraction."""
    return np.asarray((1 - 0.25) * 0.5**k + 0.25, dtype=np.float32)


@dataclass(frozen=True)
class Places:
    """Greedy choice, place by place: score · author factor − meaning · likeness − topic · how often lately.

    Likeness is the greatest cosine to what is placed already (maximal marginal relevance, Carbonell & Goldstein 1998),
    and half the greatest cosine to what was shown on earlier pages; k of an author counts earlier pages too.
    Every `explore_every`-th place goes to a post found by `explore`, drawn with probability ∝ exp(score / temperature),
    logged as its propensity; the place `new_voice_place` to a new voice. Posts that no other source found stand only
    there, until nothing else is left.
    """

    pool: int = 300
    meaning: float = 0.5
    topic: float = 0.08
    topic_memory: int = 5
    author_run: int = 10  # among so many places in a row …
    author_most: int = 2  # … an author has at most so many, while others are there
    explore: str = "exploration"
    explore_every: int = 10
    temperature: float = 0.5
    new_voices: str = "new voices"
    new_voice_place: int = 15  # counted from 1
    memory_hours: float = 6.0  # half-life of the memory of shown authors
    name: str = "places"

    def __call__(self, query: Query, candidates: Candidates) -> tuple[Ints, Mapping[str, Column]]:
        table = _Table(self, query, candidates)
        while len(table.chosen) < min(query.limit, len(candidates)):
            table.fill_next()
        about: dict[str, Column] = {
            "place_kind": np.array(table.kinds, dtype=np.int64),
            "propensity": np.array(table.propensities, dtype=np.float32),
        }
        return np.array(table.chosen, dtype=np.int64), about


@dataclass
class _Table:
    """The state of one choice. Rows are those of `candidates`, best first; only the first `pool` compete by value."""

    rule: Places
    query: Query
    candidates: Candidates
    chosen: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    propensities: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        rule, found, n = self.rule, self.candidates, len(self.candidates)
        self.random = np.random.default_rng(self.query.seed)
        self.scores = found["score"].astype(np.float32)
        self.free = np.ones(n, dtype=np.bool_)
        self.exploring = found.found(rule.explore)
        self.voices = found.found(rule.new_voices)
        others = [source for source in found.found_by if source not in (rule.explore, rule.new_voices)]
        self.ordinary = found.found(*others)
        _, self.author = np.unique(found["author"], return_inverse=True)
        self.placed = self._remembered_authors()
        self.pool = np.flatnonzero(self.ordinary)[: rule.pool]
        self.vectors: Floats = found["vector"]
        self.likeness = self._remembered_meaning()
        first = [topics[0] if topics else -row - 1 for row, topics in enumerate(found["topics"])]
        self.main_topic = np.array(first, dtype=np.int64)

    def _remembered_authors(self) -> Floats:
        """For each row's author how many of their posts were shown lately, faded by age and halved."""
        faded: dict[int, float] = {}
        for shown in self.query.shown.values():
            hours = max((self.query.now - shown.last_at).total_seconds() / 3600, 0.0)
            weight: float = 0.5 ** (hours / self.rule.memory_hours) / 2
            faded[shown.author_id] = faded.get(shown.author_id, 0.0) + weight
        authors = self.candidates["author"].tolist()
        return np.array([faded.get(author, 0.0) for author in authors], dtype=np.float32)

    def _remembered_meaning(self) -> Floats:
        shown = self.query.shown_vectors
        if not len(shown) or shown.shape[1] != self.vectors.shape[1]:
            return np.zeros(len(self.candidates), dtype=np.float32)
        return np.asarray(np.maximum((self.vectors @ shown.T).max(axis=1), 0) / 2, dtype=np.float32)

    def fill_next(self) -> None:
        place = len(self.chosen) + 1
        if place == self.rule.new_voice_place and (row := self._best(self.voices)) is not None:
            self._take(row, NEW_VOICE, 1.0)
        elif place % self.rule.explore_every == 0 and self._explore():
            return
        else:
            self._take(self._next_ranked(), RANKED, 1.0)

    def _next_ranked(self) -> int:
        rows = self.pool[self.free[self.pool]]
        if not len(rows):
            rest = np.flatnonzero(self.free & self.ordinary)
            rows = rest[: self.rule.pool] if len(rest) else np.flatnonzero(self.free)
            self.pool = rows
        rows = self._within_author_cap(rows)
        return int(rows[np.argmax(self._values(rows))])

    def _values(self, rows: Ints) -> Floats:
        scores = self.scores[rows]
        lost = np.abs(scores) * (1 - author_factor(self.placed[rows]))
        lately = self.main_topic[self.chosen[-self.rule.topic_memory :]]
        crowd = (self.main_topic[rows][:, None] == lately).sum(axis=1)
        value = scores - lost - self.rule.meaning * self.likeness[rows] - self.rule.topic * crowd
        return np.asarray(value, dtype=np.float32)

    def _within_author_cap(self, rows: Ints) -> Ints:
        lately = self.author[self.chosen[-(self.rule.author_run - 1) :]]
        authors, counts = np.unique(lately, return_counts=True)
        full = authors[counts >= self.rule.author_most]
        allowed = rows[~np.isin(self.author[rows], full)] if len(full) else rows
        return allowed if len(allowed) else rows

    def _best(self, among: Bools) -> int | None:
        rows = np.flatnonzero(self.free & among)
        return int(rows[0]) if len(rows) else None

    def _explore(self) -> bool:
        rows = np.flatnonzero(self.free & self.exploring)
        if not len(rows):
            return False
        rows = self._within_author_cap(rows)
        weights = np.exp((self.scores[rows] - self.scores[rows].max()).astype(np.float64) / self.rule.temperature)
        chances = weights / weights.sum()
        drawn = int(self.random.choice(len(rows), p=chances))
        self._take(int(rows[drawn]), EXPLORED, float(chances[drawn]))
        return True

    def _take(self, row: int, kind: int, propensity: float) -> None:
        self.chosen.append(row)
        self.kinds.append(kind)
        self.propensities.append(propensity)
        self.free[row] = False
        self.placed[self.author == self.author[row]] += 1
        rows = self.pool
        self.likeness[rows] = np.maximum(self.likeness[rows], self.vectors[rows] @ self.vectors[row])
