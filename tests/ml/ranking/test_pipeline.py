"""The engine: order, counting, failing open, and nothing lost between kept and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from prometheus_client import REGISTRY

from ml.ranking.candidate import Candidates, Column, Found, Query, merged
from ml.ranking.filters import Rule
from ml.ranking.pipeline import Pipeline, apart
from tests.ml.ranking.batches import query


@dataclass
class Gives:
    ids: Sequence[int]
    name: str = "gives"

    def __call__(self, asked: Query) -> list[Found]:
        return [Found(self.name, self.ids)]


@dataclass
class Breaks:
    name: str = "breaks"
    reason: str = "broken"
    model_version: str = "broken/1"

    def missing(self, asked: Query, n: int) -> Mapping[str, Column]:
        return {"worth": np.full(n, 7.0)}

    def __call__(self, *_given: Any) -> Any:
        raise RuntimeError("this stage is broken")


@dataclass
class Worth:
    """Worth of a post is its id modulo ten."""

    name: str = "worth"
    model_version: str = "worth/1"

    def missing(self, asked: Query, n: int) -> Mapping[str, Column]:
        return {"worth": np.zeros(n)}

    def __call__(self, asked: Query, candidates: Candidates) -> Mapping[str, Column]:
        return {"worth": candidates.ids % 10}


@dataclass
class ByWorth:
    name: str = "by worth"
    model_version: str = "by-worth/1"

    def __call__(self, asked: Query, candidates: Candidates) -> Mapping[str, Column]:
        return {"term:worth": candidates["worth"].astype(float)}


@dataclass
class First:
    name: str = "first"

    def __call__(self, asked: Query, candidates: Candidates) -> tuple[Any, Mapping[str, Column]]:
        return np.arange(min(asked.limit, len(candidates))), {}


def pipeline(**changes: Any) -> Pipeline:
    stages: dict[str, Any] = {
        "name": "test",
        "query_hydrators": [],
        "sources": [Gives([11, 12, 13, 19])],
        "hydrators": [Worth()],
        "filters": [Rule("odd only", "it is even", lambda q, c: c.ids % 2 == 1)],
        "scorers": [ByWorth()],
        "filters_on_ranked": [],
        "selector": First(),
    }
    return Pipeline(**{**stages, **changes})


def test_best_first_and_every_stage_counted() -> None:
    selected, trace = pipeline().run(query())
    assert selected.ids.tolist() == [19, 13, 11]
    assert trace.removed == {12: ("odd only", "it is even")}
    by_name = {step.name: (step.came_in, step.went_out) for step in trace.steps}
    assert by_name["gives"] == (0, 4)
    assert by_name["odd only"] == (4, 3)
    assert by_name["first"] == (3, 3)
    assert all(step.ms >= 0 for step in trace.steps)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"query_hydrators": [Breaks()]}, [19, 13, 11]),
        ({"sources": [Breaks(), Gives([11, 19])]}, [19, 11]),
        ({"hydrators": [Breaks()]}, [19, 13, 11]),  # all worth the same: newest first
        ({"filters": [Breaks()]}, [19, 13, 12, 11]),
        ({"scorers": [Breaks()]}, [19, 13, 11]),
        ({"filters_on_ranked": [Breaks()]}, [19, 13, 11]),
        ({"selector": Breaks()}, [19, 13, 11]),
        ({"side_effects": [Breaks()]}, [19, 13, 11]),
    ],
)
def test_a_broken_stage_is_skipped_and_counted(changes: dict[str, Any], expected: list[int]) -> None:
    labels = {"pipeline": "test", "stage": "breaks"}
    before = REGISTRY.get_sample_value("courtyard_ranking_failures_total", labels) or 0
    selected, trace = pipeline(**changes).run(query())
    assert selected.ids.tolist() == expected
    assert [step.name for step in trace.steps if step.error] == ["breaks"]
    assert REGISTRY.get_sample_value("courtyard_ranking_failures_total", labels) == before + 1


def test_a_hydrator_that_loses_a_row_is_refused() -> None:
    @dataclass
    class Loses(Worth):
        name: str = "loses"

        def __call__(self, asked: Query, candidates: Candidates) -> Mapping[str, Column]:
            return {"worth": candidates.ids[1:]}

    selected, trace = pipeline(hydrators=[Loses()]).run(query())
    assert len(selected) == 3
    assert "3 rows for 4 posts" in next(step.error for step in trace.steps if step.name == "loses")


@given(st.lists(st.integers(0, 50), unique=True), st.sets(st.integers(0, 50)))
def test_a_filter_loses_nothing(ids: list[int], wanted: set[int]) -> None:
    candidates = merged([Found("a", ids)])
    rule = Rule("wanted", "", lambda q, c: np.array([i in wanted for i in c.ids.tolist()], dtype=np.bool_))
    split = apart(rule, query(), candidates)
    assert sorted([*split.kept.ids.tolist(), *split.removed.ids.tolist()]) == sorted(ids)
    assert set(split.kept.ids.tolist()) == wanted & set(ids)


@given(st.lists(st.lists(st.integers(1, 30), max_size=12), max_size=5), st.frozensets(st.integers(1, 30)))
def test_merging_repeats_nobody_and_forgets_no_source(lists: list[list[int]], exclude: frozenset[int]) -> None:
    candidates = merged([Found(f"s{i}", ids) for i, ids in enumerate(lists)], exclude)
    found = candidates.ids.tolist()
    assert len(found) == len(set(found))
    assert set(found) == {i for ids in lists for i in ids} - exclude
    for place, ids in enumerate(lists):
        assert set(candidates.ids[candidates.found(f"s{place}")].tolist()) == set(ids) - exclude


def test_nothing_found_is_an_empty_slate() -> None:
    selected, _trace = pipeline(sources=[Gives([])]).run(query())
    assert len(selected) == 0
