"""The row of numbers and the recipe: what raises a score, what lowers it, and that rivals do not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ml.ranking.features import FEATURES, NAMES, quality
from ml.ranking.home import RECIPE
from ml.ranking.hydrators import fewer_factor
from ml.ranking.scorers import HandSet, ScoreBy
from tests.ml.ranking.batches import batch, query, row_of

MODEL = HandSet(RECIPE)


def score(asked: Any = None, **facts: Any) -> float:
    return float(sum(MODEL.of_rows(row_of(asked, **facts)).values())[0])


@pytest.mark.parametrize(
    "facts",
    [
        {"interest": 0.5},
        {"topic_interest": 1.0},
        {"affinity": 0.5},
        {"friends": 2.0},
        {"likes": 30.0},
        {"age_hours": 0.1},
    ],
)
def test_what_raises_a_score(facts: dict[str, Any]) -> None:
    assert score(**facts) > score()


@pytest.mark.parametrize(
    "facts",
    [
        {"refusal": 0.6},
        {"shown_times": 1.0},
        {"feedback": 0.5},
        {"answer": True},
        {"age_hours": 100.0},
    ],
)
def test_what_lowers_a_score(facts: dict[str, Any]) -> None:
    assert score(**facts) < score()


def test_what_the_viewer_chose_raises_a_score() -> None:
    assert score(query(followed=frozenset({1}))) > score(query())
    assert score(query(topics={5: {"tag": "x"}}), topics=(5,)) > score(query(), topics=(5,))
    assert score(query(groups={3: "Plot"}), group=3) > score(query(), group=3)
    assert score(query(languages=frozenset({"en"})), language="zh") < score(query(languages=frozenset({"en"})))


def test_one_lucky_like_is_not_worth_much() -> None:
    """Smoothing: the first like moves less than in proportion, and no post of no likes is thrown far down."""
    few = quality(query(typical_acts=5.0), batch({"likes": 0.0}, {"likes": 1.0}, {"likes": 50.0}))
    assert -0.2 < few[0] < few[1] < 0.2
    assert few[2] > 1


def test_see_fewer_fades() -> None:
    assert fewer_factor(0) == fewer_factor(13.9) == 0
    assert fewer_factor(14) == pytest.approx(0.2)
    assert fewer_factor(84) == pytest.approx(0.6)
    assert fewer_factor(154) == fewer_factor(400) == 1


def test_every_number_is_named_once_and_explained() -> None:
    assert len(set(NAMES)) == len(NAMES) == row_of().shape[1]
    assert all(feature.meaning for feature in FEATURES)


def test_the_version_follows_the_weights() -> None:
    assert HandSet(RECIPE).version == HandSet(dict(RECIPE)).version
    assert HandSet({**RECIPE, "interest": 2.9}).version != HandSet(RECIPE).version
    assert HandSet(RECIPE).version.startswith("home-recipe/")


posts = st.fixed_dictionaries(
    {
        "interest": st.floats(0, 1, width=32),
        "refusal": st.floats(0, 1, width=32),
        "likes": st.integers(0, 500).map(float),
        "friends": st.integers(0, 9).map(float),
        "age_hours": st.floats(0, 700, width=32),
        "shown_times": st.integers(0, 3).map(float),
        "feedback": st.floats(0, 1, width=32),
        "author": st.integers(1, 4),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(posts, min_size=1, max_size=12), st.data())
def test_a_score_does_not_depend_on_the_batch(many: list[dict[str, Any]], data: st.DataObject) -> None:
    asked = query(followed=frozenset({2}), typical_acts=4.0)
    together = ScoreBy(MODEL)(asked, batch(*many))
    row = data.draw(st.integers(0, len(many) - 1))
    alone = ScoreBy(MODEL)(asked, batch(many[row]))
    for name in alone:
        np.testing.assert_allclose(together[name][row], alone[name][0], rtol=1e-5, atol=1e-5)
