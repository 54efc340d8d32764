"""Figures against what can be reckoned by hand, or by another's library."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss as sklearn_log_loss, ndcg_score, roc_auc_score

from ml.ranking.heads import HEADS
from ml.training.evaluate import (
    HeldOut,
    auc,
    beyond_accuracy,
    by_head,
    calibration_error,
    gains,
    log_loss,
    mrr,
    ndcg,
    order_figures,
    paired_bootstrap,
    ranks,
)

RNG = np.random.default_rng(3)


def held(
    counts: list[int], likes: list[int], post: list[int] | None = None, vectors: np.ndarray | None = None
) -> HeldOut:
    labels = np.zeros((sum(counts), len(HEADS)), dtype=np.int8)
    labels[:, 0] = likes
    places = np.arange(len(likes)) if post is None else np.array(post)
    return HeldOut(
        np.concatenate([[0], np.cumsum(counts)]),
        labels,
        np.ones(len(labels), dtype=np.float32),
        places,
        np.eye(len(likes)) if vectors is None else vectors,
    )


def test_gains_are_weighted_unknown_counts_nothing_and_none_is_negative() -> None:
    labels = np.zeros((3, len(HEADS)), dtype=np.int8)
    labels[0, :2] = 1
    labels[1] = -1
    labels[2, HEADS.index("reject")] = 1
    assert gains(labels, {"like": 0.5, "comment": 5, "reject": -60}).tolist() == [5.5, 0, 0]


def test_ndcg_is_that_of_scikit_learn() -> None:
    gain, scores = RNG.integers(0, 4, (30, 15)).astype(float), RNG.normal(size=(30, 15))
    view = held([15] * 30, [0] * 450)
    found = ndcg(view, gain.ravel(), ranks(view, scores.ravel()))
    expected = [ndcg_score(gain[row : row + 1], scores[row : row + 1], k=10) for row in range(30)]
    assert found == pytest.approx(expected)


def test_a_request_without_gain_cannot_be_told() -> None:
    view = held([2, 2], [0, 0, 0, 1])
    gain = view.labels[:, 0].astype(float)
    rank = ranks(view, np.array([1.0, 0, 1, 0]))
    assert np.isnan(ndcg(view, gain, rank)[0])
    assert np.isnan(mrr(view, gain, rank)[0])
    assert mrr(view, gain, rank)[1] == 0.5


def test_equal_scores_tell_nothing_of_the_order_shown() -> None:
    view = held([10] * 2000, ([1] + [0] * 9) * 2000, vectors=np.ones((20_000, 1)))
    figures, _each = order_figures(view, np.zeros(20_000), {"like": 1})
    assert figures["mrr"] == pytest.approx(sum(1 / n for n in range(1, 11)) / 10, abs=0.02)


def test_auc_and_log_loss_are_those_of_scikit_learn() -> None:
    label, weight = RNG.integers(0, 2, 500), RNG.random(500) + 0.1
    score = np.round(RNG.random(500), 1)
    assert auc(label, score, weight) == pytest.approx(roc_auc_score(label, score, sample_weight=weight))
    chance = RNG.random(500)
    assert log_loss(label, chance, weight) == pytest.approx(sklearn_log_loss(label, chance, sample_weight=weight))


def test_auc_of_one_class_is_undefined() -> None:
    assert auc(np.ones(5), RNG.random(5), np.ones(5)) is None
    view = held([3], [0, 0, 0])
    assert "like" not in by_head(view, np.full((3, len(HEADS)), 0.2))["auc"]


def test_calibration_error() -> None:
    chance = RNG.random(60_000)
    honest = (RNG.random(60_000) < chance).astype(int)
    assert calibration_error(honest, chance, np.ones(60_000)) < 0.01
    assert calibration_error(np.zeros(10), np.full(10, 0.3), np.ones(10)) == pytest.approx(0.3)


def test_unknown_labels_are_in_no_figure() -> None:
    view = held([4], [1, 0, -1, -1])
    chances = np.full((4, len(HEADS)), 0.5)
    chances[:, 0] = [0.9, 0.1, 0.0, 1.0]
    assert by_head(view, chances)["auc"]["like"] == 1.0


def test_coverage_novelty_and_diversity() -> None:
    """Two requests of two posts; post 0 is shown in both. The top has one place."""
    vectors = np.array([[1.0, 0], [0, 1], [1, 0]])
    view = held([2, 2], [0] * 4, post=[0, 1, 0, 2], vectors=vectors)
    found = beyond_accuracy(view, np.array([0, 1, 0, 1]), top=1)
    assert found == {"coverage": pytest.approx(1 / 3), "novelty": 0.0, "diversity": None}
    assert beyond_accuracy(view, np.array([0, 1, 0, 1]), top=2)["diversity"] == pytest.approx(0.5)  # 1 and 0
    assert beyond_accuracy(view, np.array([1, 0, 1, 0]), top=1)["novelty"] == 1.0


def test_nothing_to_tell_of_nothing() -> None:
    nothing = held([], [], vectors=np.zeros((0, 2)))
    assert order_figures(nothing, np.zeros(0), {})[0]["ndcg10"] is None


def test_the_bootstrap_holds_the_mean_and_narrows() -> None:
    new, old = RNG.normal(0.1, 1, 10_000), np.zeros(10_000)
    new[0] = np.nan
    wide, narrow = paired_bootstrap(new[:100], old[:100]), paired_bootstrap(new, old)
    assert narrow is not None
    assert wide is not None
    assert narrow.mean == pytest.approx(np.nanmean(new))
    assert narrow.low < narrow.mean < narrow.high
    assert (narrow.high - narrow.low) == pytest.approx(2 * 1.96 / 100, rel=0.1)
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)
    assert paired_bootstrap(np.array([np.nan]), np.array([1.0])) is None
