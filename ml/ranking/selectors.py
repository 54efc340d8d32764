"""Which of the ranked take which place: variety of authors, meaning and topics, places kept for the unknown.

Only here do rivals matter. The same query and seed give the same slate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ml.ranking.candidate import Bools, Candidates, Column, Floats, Ints, Query
from ml.ranking.thompson import posterior, rounds, winner

RANKED, EXPLORED, NEW_VOICE = 0, 1, 2  # how a place was filled


def author_factor(k: Floats) -> Floats:
    """(1 − 0.25) · 0.5^k + 0.25 for the post that follows k of the same author (X, 2026). k may be a fraction."""
    return np.asarray((1 - 0.25) * 0.5**k + 0.25, dtype=np.float32)


@dataclass(frozen=True)
class Places:
    """Greedy choice, place by place: score · author factor − meaning · likeness − topic · how often lately.

    Likeness is the greatest cosine to what is placed already (maximal marginal relevance, Carbonell & Goldstein 1998),
    and half the greatest cosine to what was shown on earlier pages; authors and topics count earlier pages too.
    Every `explore_every`-th place goes to a fresh post found by `explore`, outside the known interests and not near to
    what was refused, by Thompson sampling over how such posts were answered so far; its chance is logged as propensity.
    The place `new_voice_place` goes to a new voice. Posts that no other source found stand only there, until nothing
    else is left.
    """

    pool: int = 300
    meaning: float = 0.3
    topic: float = 0.04
    topic_memory: int = 5
    author_run: int = 10  # among so many places in a row …
    author_most: int = 2  # … an author has at most so many, while others are there
    explore: str = "exploration"
    explore_every: int = 12
    known_interest: float = 0.3  # from here a post is of a known interest, and no exploration
    known_refusal: float = 0.35  # from here it is near to what was refused, and no exploration either
    new_voices: str = "new voices"
    new_voice_place: int = 15  # counted from 1
    memory_hours: float = 6.0  # half-life of the memory of shown authors and topics
    topic_remembered: float = 3.0  # a topic of earlier pages keeps its posts waiting no more than so many would
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


@dataclass(frozen=True)
class KnownLast:
    """The same choice twice: among what is new to the viewer first, then among what they know already."""

    choose: Places
    known: Callable[[Candidates], Bools]
    name: str = "places"

    def __call__(self, query: Query, candidates: Candidates) -> tuple[Ints, Mapping[str, Column]]:
        known = self.known(candidates)
        if not known.any():
            return self.choose(query, candidates)
        new, old = np.flatnonzero(~known), np.flatnonzero(known)
        first, about = self.choose(query, candidates.take(new))
        rest = replace(query, limit=query.limit - len(first))
        then, about_then = self.choose(rest, candidates.take(old))
        columns = {name: np.concatenate([column, about_then[name]]) for name, column in about.items()}
        return np.concatenate([new[first], old[then]]), columns


class _Table:
    """The state of one choice. Rows are those of the candidates, best first; the best `pool` of them compete by value.

    What the value of a row is made of is kept up to date with each choice, because a page asks two hundred times.
    """

    def __init__(self, rule: Places, query: Query, candidates: Candidates) -> None:
        self.rule, self.query, self.candidates = rule, query, candidates
        self.chosen: list[int] = []
        self.kinds: list[int] = []
        self.propensities: list[float] = []
        self.scores = candidates["score"].astype(np.float32)
        self.free = np.ones(len(candidates), dtype=np.bool_)
        known = (candidates["interest"] >= rule.known_interest) | (candidates["topic_interest"] > 0)
        refused = candidates["refusal"] >= rule.known_refusal
        self.exploring = candidates.found(rule.explore) & ~known & ~refused
        self.voices = candidates.found(rule.new_voices)
        others = [source for source in candidates.found_by if source not in (rule.explore, rule.new_voices)]
        self.ordinary = candidates.found(*others)
        self.pool = np.flatnonzero(self.ordinary)[: rule.pool]
        _, self.author = np.unique(candidates["author"], return_inverse=True)
        self.in_run = np.zeros(len(candidates) + 1, dtype=np.int64)  # of each author, among the last places
        first = [topics[0] if topics else -row - 1 for row, topics in enumerate(candidates["topics"])]
        _, self.topic = np.unique(np.array(first, dtype=np.int64), return_inverse=True)
        self.crowd = np.zeros(len(candidates) + 1, dtype=np.int64)  # of each topic, among the last places
        self.placed, self.topic_lately = self._remembered()
        self.vectors: Floats = candidates["vector"]
        self.pool_vectors = np.ascontiguousarray(self.vectors[self.pool])
        self.alike = self.pool_vectors @ self.pool_vectors.T  # at once: two hundred small products cost ten times it
        self.place_in_pool = {row: place for place, row in enumerate(self.pool.tolist())}
        self.likeness = self._remembered_meaning()
        self.kept = self._after_author(self.pool)

    def _remembered(self) -> tuple[Floats, Floats]:
        """How many posts of each row's author, and of its topics, were shown lately: faded by age and halved."""
        of_author: dict[int, float] = {}
        of_topic: dict[int, float] = {}
        for shown in self.query.shown.values():
            hours = max((self.query.now - shown.last_at).total_seconds() / 3600, 0.0)
            weight: float = 0.5 ** (hours / self.rule.memory_hours) / 2
            of_author[shown.author_id] = of_author.get(shown.author_id, 0.0) + weight
            for topic in shown.topics:
                of_topic[topic] = of_topic.get(topic, 0.0) + weight
        authors = [of_author.get(author, 0.0) for author in self.candidates["author"].tolist()]
        topics = [max((of_topic.get(topic, 0.0) for topic in row), default=0.0) for row in self.candidates["topics"]]
        lately = np.minimum(np.array(topics, dtype=np.float32), self.rule.topic_remembered)
        return np.array(authors, dtype=np.float32), lately

    def _remembered_meaning(self) -> Floats:
        """For each row of the pool half its greatest cosine to what was shown lately."""
        shown = self.query.shown_vectors
        if not len(shown) or shown.shape[1] != self.vectors.shape[1]:
            return np.zeros(len(self.pool), dtype=np.float32)
        return np.asarray(np.maximum((self.pool_vectors @ shown.T).max(axis=1), 0) / 2, dtype=np.float32)

    def _after_author(self, rows: Ints) -> Floats:
        scores = self.scores[rows]
        return np.asarray(scores - np.abs(scores) * (1 - author_factor(self.placed[rows])), dtype=np.float32)

    def fill_next(self) -> None:
        place = len(self.chosen) + 1
        if place == self.rule.new_voice_place and self.voices[self.free].any():
            self._take(int(np.flatnonzero(self.free & self.voices)[0]), NEW_VOICE, 1.0)
        elif place % self.rule.explore_every or not self._explore():
            self._take(self._next_ranked(), RANKED, 1.0)

    def _next_ranked(self) -> int:
        open_rows = self.free[self.pool]
        if not open_rows.any():
            return self._next_by_score()
        crowd = self.crowd[self.topic[self.pool]] + self.topic_lately[self.pool]
        value = self.kept - self.rule.meaning * self.likeness - self.rule.topic * crowd
        allowed = open_rows & (self.in_run[self.author[self.pool]] < self.rule.author_most)
        return int(self.pool[np.argmax(np.where(allowed if allowed.any() else open_rows, value, -np.inf))])

    def _next_by_score(self) -> int:
        """Beyond the pool: the best of what ordinary sources found, then of the rest."""
        ordinary = np.flatnonzero(self.free & self.ordinary)
        rows = self._within_author_cap(ordinary if len(ordinary) else np.flatnonzero(self.free))
        return int(rows[0])

    def _within_author_cap(self, rows: Ints) -> Ints:
        allowed = rows[self.in_run[self.author[rows]] < self.rule.author_most]
        return allowed if len(allowed) else rows

    def _explore(self) -> bool:
        rows = np.flatnonzero(self.free & self.exploring)
        if not len(rows):
            return False
        rows = self._within_author_cap(rows)
        best, chance = winner(self._rounds[:, np.searchsorted(self._explorable, rows)])
        self._take(int(rows[best]), EXPLORED, chance)
        return True

    @cached_property
    def _explorable(self) -> Ints:
        return np.flatnonzero(self.exploring)

    @cached_property
    def _rounds(self) -> Column:
        """The draws of all that may be explored, one column each: of one page, for all its explored places."""
        of, rows = self.candidates, self._explorable
        a, b = posterior(of["tried"][rows], of["answered"][rows], self.query.usual_response)
        return rounds(of.ids[rows], a, b, of["feedback"][rows], self.query.seed)

    def _take(self, row: int, kind: int, propensity: float) -> None:
        self.chosen.append(row)
        self.kinds.append(kind)
        self.propensities.append(propensity)
        self.free[row] = False
        self._slide(self.in_run, self.author, self.rule.author_run - 1)
        self._slide(self.crowd, self.topic, self.rule.topic_memory)
        same = np.flatnonzero(self.author == self.author[row])
        if len(same) > 1:
            self.placed[same] += 1
            self.kept = self._after_author(self.pool)
        place = self.place_in_pool.get(row)
        alike = self.pool_vectors @ self.vectors[row] if place is None else self.alike[place]
        np.maximum(self.likeness, alike, out=self.likeness)

    def _slide(self, counts: Ints, of: Ints, width: int) -> None:
        """Count the newest place in, and the one that left the last `width` places out."""
        counts[of[self.chosen[-1]]] += 1
        if len(self.chosen) > width:
            counts[of[self.chosen[-1 - width]]] -= 1
