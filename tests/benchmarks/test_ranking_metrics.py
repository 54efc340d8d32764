"""The benchmarks' figures beside values worked out by hand."""

import numpy as np
import pytest

from benchmarks import ranking_metrics

RANKED = np.array([0.0, 1.0, 1.0, 0.0])  # by falling score


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_auc_is_the_share_of_pairs_in_order_and_a_tie_counts_half() -> None:
    # Pairs of a hit and a miss: (.9, .5) right, (.9, .2) right, (.5, .5) tied, (.5, .2) right.
    assert ranking_metrics.auc(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.5, 0.2])) == pytest.approx(3.5 / 4)
    assert ranking_metrics.auc(np.array([0, 0, 1]), np.array([3.0, 2.0, 1.0])) == 0


def test_ndcg_discounts_by_the_logarithm_of_the_place() -> None:
    gained, best = 1 / np.log2(3) + 1 / np.log2(4), 1 / np.log2(2) + 1 / np.log2(3)
    assert ranking_metrics.ndcg(RANKED, 5) == pytest.approx(gained / best)
    assert ranking_metrics.ndcg(RANKED, 2) == pytest.approx((1 / np.log2(3)) / best)  # the second hit is cut off
    assert ranking_metrics.ndcg(RANKED, 1) == 0


def test_ndcg_of_more_hits_than_places_can_still_be_whole() -> None:
    assert ranking_metrics.ndcg(np.ones(8), 5) == pytest.approx(1)


def test_average_precision_is_the_mean_precision_at_the_hits() -> None:
    assert ranking_metrics.average_precision(RANKED) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert ranking_metrics.average_precision(np.array([1.0, 0.0, 0.0, 0.0, 1.0])) == pytest.approx((1 + 2 / 5) / 2)


def test_joins_sorts_by_score_first() -> None:
    found = ranking_metrics.joins(np.array([1, 0, 0, 1]), np.array([0.1, 0.9, 0.0, 0.5]), rng())
    # Ranked: 0 1 1 0.
    best = 1 + 1 / np.log2(3)
    assert found == pytest.approx([(1 / 2 + 2 / 3) / 2, (1 / np.log2(3) + 1 / 2) / best, 0])


def test_clicks_takes_the_reciprocal_rank_of_every_click() -> None:
    auc, reciprocal, at_5, at_10 = ranking_metrics.clicks(np.array([1, 0, 0, 1]), np.array([0.1, 0.9, 0.0, 0.5]), rng())
    assert reciprocal == pytest.approx((1 / 2 + 1 / 3) / 2)  # as MIND's own evaluation has it: the mean over clicks
    assert auc == pytest.approx(2 / 4)
    assert at_5 == at_10


def test_equal_scores_gain_nothing_from_the_order_of_the_file() -> None:
    labels, drawn = np.array([1.0, 0.0, 0.0, 0.0]), rng()
    first = [ranking_metrics.joins(labels, np.zeros(4), drawn)[2] for _ in range(4000)]
    assert np.mean(first) == pytest.approx(1 / 4, abs=0.03)  # the draws are the same every time


def test_an_interval_holds_the_mean_and_has_the_width_of_its_standard_error() -> None:
    values = np.random.default_rng(11).normal(0.5, 0.2, (400, 1))
    one = ranking_metrics.Figures(["MAP"], values).intervals()["MAP"]
    assert one["mean"] == pytest.approx(values.mean())
    assert one["low"] < one["mean"] < one["high"]
    assert one["high"] - one["low"] == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_a_difference_is_paired_by_request() -> None:
    hard = np.random.default_rng(2).random((50, 1))
    ours, theirs = (ranking_metrics.Figures(["MAP"], hard + more) for more in (0.01, 0.0))
    found = ours.better_than(theirs)["MAP"]
    assert (found["low"], found["high"]) == pytest.approx((0.01, 0.01))
    assert ranking_metrics.overlap(ours.intervals()["MAP"], theirs.intervals()["MAP"])


@pytest.mark.parametrize(("low", "high", "expected"), [(0.3, 0.5, True), (0.5, 0.6, False), (0.0, 0.2, True)])
def test_intervals_overlap_when_they_share_a_point(low: float, high: float, expected: bool) -> None:
    assert ranking_metrics.overlap({"low": 0.2, "high": 0.4}, {"low": low, "high": high}) is expected
