"""The engine: named stages in order, each counted and timed, none fatal. It does not know what a post means.

query hydrators → sources → hydrators → filters → scorers → filters on the ranked → selector → side effects

A stage that fails is skipped, logged and counted. A hydrator may not drop a candidate (its columns must have a row for
each); a filter says what it kept and what it removed; a scorer sees one row at a time in effect, so a post's score does
not depend on its rivals; all that depends on rivals happens after scoring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Protocol

import numpy as np
import structlog
from prometheus_client import Counter, Histogram

from ml.ranking.candidate import Bools, Candidates, Column, Found, Ints, Query, merged

log = structlog.get_logger(__name__)

SECONDS = Histogram(
    "courtyard_ranking_stage_seconds",
    "Time of one stage of ranking",
    ["pipeline", "stage"],
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5),
)
FAILURES = Counter("courtyard_ranking_failures_total", "Stages that failed and were skipped", ["pipeline", "stage"])
CANDIDATES = Counter("courtyard_ranking_found_total", "Candidates found, by source", ["pipeline", "source"])
REMOVED = Counter("courtyard_ranking_removed_total", "Candidates removed, by filter", ["pipeline", "filter"])


class Named(Protocol):
    @property
    def name(self) -> str: ...


class QueryHydrator(Named, Protocol):
    def __call__(self, query: Query) -> None:
        """Write what it learned of the viewer into `query`."""
        ...


class Source(Named, Protocol):
    def __call__(self, query: Query) -> Sequence[Found]: ...


class Hydrator(Named, Protocol):
    def missing(self, query: Query, n: int) -> Mapping[str, Column]:
        """The columns of n posts of which nothing is known: used when the hydrator fails."""
        ...

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]: ...


class Filter(Named, Protocol):
    @property
    def reason(self) -> str:
        """Why a post is removed, in a few words for `explain_feed`."""
        ...

    def __call__(self, query: Query, candidates: Candidates) -> Bools:
        """Which to keep, shape (n,)."""
        ...


class Scorer(Named, Protocol):
    @property
    def model_version(self) -> str: ...

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        """Columns; those named "term:…" are added up to the score."""
        ...


class Selector(Named, Protocol):
    def __call__(self, query: Query, candidates: Candidates) -> tuple[Ints, Mapping[str, Column]]:
        """Rows of the chosen, in the order of their places, and columns about the choice, aligned with those rows."""
        ...


class SideEffect(Named, Protocol):
    def __call__(self, query: Query, selected: Candidates) -> None: ...


@dataclass(frozen=True)
class Filtered:
    """The answer of a filter: nothing is lost, kept and removed together are what came in."""

    kept: Candidates
    removed: Candidates
    reason: str


@dataclass
class Step:
    """What one stage did."""

    kind: str
    name: str
    came_in: int = 0
    went_out: int = 0
    ms: float = 0.0
    error: str = ""


@dataclass
class Trace:
    """Everything a run did, for `explain_feed` and the benchmarks."""

    steps: list[Step] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=dict)
    removed: dict[int, tuple[str, str]] = field(default_factory=dict)  # post id -> (filter, reason)
    scored: Candidates | None = None

    @property
    def ms(self) -> float:
        return sum(step.ms for step in self.steps)


@dataclass(frozen=True)
class Pipeline:
    """An ordered recipe. Order within a list is the order of running."""

    name: str
    query_hydrators: Sequence[QueryHydrator]
    sources: Sequence[Source]
    hydrators: Sequence[Hydrator]
    filters: Sequence[Filter]
    scorers: Sequence[Scorer]
    filters_on_ranked: Sequence[Filter]
    selector: Selector
    side_effects: Sequence[SideEffect] = ()

    def run(self, query: Query) -> tuple[Candidates, Trace]:
        """The chosen posts in the order of their places, and the trace. Raises nothing that a stage raised."""
        trace = Trace()
        for hydrate_query in self.query_hydrators:
            with self._stage(trace, "query", hydrate_query.name):
                hydrate_query(query)
        candidates = self._gather(query, trace)
        candidates = self._hydrate(query, candidates, trace)
        candidates = self._filter(query, candidates, self.filters, trace)
        candidates = self._score(query, candidates, trace)
        candidates = self._filter(query, candidates, self.filters_on_ranked, trace)
        trace.scored = candidates
        selected = self._select(query, candidates, trace)
        for side_effect in self.side_effects:
            with self._stage(trace, "side effect", side_effect.name, len(selected)) as step:
                side_effect(query, selected)
                step.went_out = len(selected)
        return selected, trace

    @contextmanager
    def _stage(self, trace: Trace, kind: str, name: str, came_in: int = 0) -> Iterator[Step]:
        step = Step(kind, name, came_in)
        start = perf_counter()
        try:
            yield step
        except Exception as error:
            step.error = repr(error)
            FAILURES.labels(self.name, name).inc()
            log.exception("ranking_stage_failed", pipeline=self.name, stage=name, kind=kind)
        seconds = perf_counter() - start
        step.ms = seconds * 1000
        SECONDS.labels(self.name, name).observe(seconds)
        trace.steps.append(step)

    def _gather(self, query: Query, trace: Trace) -> Candidates:
        everything: list[Found] = []
        for source in self.sources:
            with self._stage(trace, "source", source.name) as step:
                found = list(source(query))
                everything += found
                step.went_out = sum(len(one.ids) for one in found)
        for one in everything:
            trace.found[one.source] = trace.found.get(one.source, 0) + len(one.ids)
            CANDIDATES.labels(self.name, one.source).inc(len(one.ids))
        candidates = merged(())
        with self._stage(trace, "source", "merge", sum(trace.found.values())) as step:
            candidates = merged(everything, query.exclude)
        step.went_out = len(candidates)
        return candidates

    def _hydrate(self, query: Query, candidates: Candidates, trace: Trace) -> Candidates:
        for hydrator in self.hydrators:
            known = candidates.having(hydrator.missing(query, len(candidates)))
            with self._stage(trace, "hydrator", hydrator.name, len(candidates)) as step:
                known = known.having(hydrator(query, candidates))
                step.went_out = len(known)
            candidates = known
        return candidates

    def _filter(self, query: Query, candidates: Candidates, filters: Sequence[Filter], trace: Trace) -> Candidates:
        for one in filters:
            with self._stage(trace, "filter", one.name, len(candidates)) as step:
                split = apart(one, query, candidates)
                candidates = split.kept
                trace.removed.update((int(i), (one.name, split.reason)) for i in split.removed.ids)
                REMOVED.labels(self.name, one.name).inc(len(split.removed))
            step.went_out = len(candidates)
        return candidates

    def _score(self, query: Query, candidates: Candidates, trace: Trace) -> Candidates:
        """Adds the columns "score" and "model_version", and sorts: best first, newer first among equals."""
        for scorer in self.scorers:
            with self._stage(trace, "scorer", scorer.name, len(candidates)) as step:
                candidates = candidates.having(scorer(query, candidates))
                step.went_out = len(candidates)
        score = np.zeros(len(candidates), dtype=np.float64)
        for name, column in candidates.columns.items():
            if name.startswith("term:"):
                score += np.nan_to_num(column, posinf=0, neginf=0)  # what is no number speaks neither for nor against
        candidates = candidates.having({"score": score})
        return candidates.take(np.lexsort((-candidates.ids, -score)))

    def _select(self, query: Query, candidates: Candidates, trace: Trace) -> Candidates:
        selected = candidates.take(np.arange(min(query.limit, len(candidates))))
        with self._stage(trace, "selector", self.selector.name, len(candidates)) as step:
            rows, about = self.selector(query, candidates)
            selected = candidates.take(rows).having(about)
        step.went_out = len(selected)
        return selected

    @property
    def model_version(self) -> str:
        """Of a request in which no scorer said who scored."""
        return " + ".join(scorer.model_version for scorer in self.scorers if scorer.model_version)

    def without(self, *names: str) -> Pipeline:
        """The same pipeline less the named stages: for trials."""

        def kept(stages: Sequence[Any]) -> list[Any]:
            return [stage for stage in stages if stage.name not in names]

        return replace(
            self,
            sources=kept(self.sources),
            hydrators=kept(self.hydrators),
            filters=kept(self.filters),
            filters_on_ranked=kept(self.filters_on_ranked),
        )


def apart(one: Filter, query: Query, candidates: Candidates) -> Filtered:
    """Run a filter. Raises ValueError when it does not answer for every candidate."""
    keep = np.asarray(one(query, candidates), dtype=np.bool_)
    if keep.shape != (len(candidates),):
        raise ValueError(f"filter {one.name} answered for {keep.shape} of {len(candidates)} posts")
    if keep.all():
        return Filtered(candidates, candidates.take(~keep), one.reason)
    return Filtered(candidates.take(keep), candidates.take(~keep), one.reason)
