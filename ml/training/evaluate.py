"""How good an order and its probabilities are, on requests that were held out. Numbers in, numbers out; no table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.ranking.heads import HEADS

Array = NDArray[Any]
TOP: Final = 10
BINS: Final = 15  # of the calibration error
ROUNDS: Final = 2_000  # of the bootstrap
ROUNDS_AT_ONCE: Final = 100


@dataclass(frozen=True)
class HeldOut:
    """Rows of requests that no model was fitted to; the rows of request r are start[r]:start[r + 1]."""

    start: Array  # (R + 1,)
    labels: Array  # (n, heads), 1, 0 or -1 for unknown
    weight: Array  # (n,), inverse chance of a row to be here
    post: Array  # (n,), the same number for the same post; -1 for a post without a vector
    vectors: Array  # (P, d), unit length

    @property
    def request(self) -> Array:
        """The request of each row, (n,)."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start).astype(np.int64))


def gains(labels: Array, weights: Mapping[str, float]) -> Array:
    """What was done about each row, by the table of weights: Σ weight · label, what is unknown counting nothing, and
    nothing below 0, for nDCG has no meaning for negative gains. Shape (n,)."""
    table = np.array([weights.get(head, 0.0) for head in HEADS])
    return np.maximum((labels == 1) @ table, 0)


def ranks(held: HeldOut, scores: Array) -> Array:
    """The place of each row within its request, 0 at the top, (n,). Equal scores stand in an order of chance, always
    the same: the order they were shown in would be a hint."""
    chance = np.random.default_rng(0).random(len(scores))
    order = np.lexsort((chance, -np.asarray(scores, dtype=np.float64), held.request))
    found = np.empty(len(scores), dtype=np.int64)
    found[order] = np.arange(len(scores)) - held.start[held.request[order]]
    return found


def ndcg(held: HeldOut, gain: Array, rank: Array, top: int = TOP) -> Array:
    """nDCG of each request (R,), NaN where nothing was gained: Σ gain / log2(place + 1) over the best possible
    (Järvelin & Kekäläinen 2002), linear in the gain."""
    got, best = (_dcg(held, gain, places, top) for places in (rank, ranks(held, gain)))
    return np.divide(got, best, out=np.full(len(got), np.nan), where=best > 0)


def _dcg(held: HeldOut, gain: Array, rank: Array, top: int) -> Array:
    discounted = np.where(rank < top, gain / np.log2(rank + 2), 0)
    return np.bincount(held.request, discounted, minlength=len(held.start) - 1)


def mrr(held: HeldOut, gain: Array, rank: Array) -> Array:
    """1 / place of the first row that something was gained by, of each request (R,); NaN where nothing was."""
    found = np.full(len(held.start) - 1, np.inf)
    np.minimum.at(found, held.request[gain > 0], rank[gain > 0] + 1.0)
    return np.where(np.isfinite(found), 1 / found, np.nan)


def auc(label: Array, score: Array, weight: Array) -> float | None:
    """Area under the ROC curve, weighted, ties counting half (Mann-Whitney); None where there is one class only."""
    positive, negative = weight * (label == 1), weight * (label != 1)
    if not positive.sum() or not negative.sum():
        return None
    values, place = np.unique(score, return_inverse=True)
    won, lost = (np.bincount(place, part, minlength=len(values)) for part in (positive, negative))
    below = np.cumsum(lost) - lost
    return float((won * (below + lost / 2)).sum() / (won.sum() * lost.sum()))


def log_loss(label: Array, chance: Array, weight: Array) -> float | None:
    """Mean cross entropy in nats."""
    if not weight.sum():
        return None
    chance = np.clip(chance.astype(np.float64), 1e-7, 1 - 1e-7)
    return float(-np.average(np.where(label == 1, np.log(chance), np.log(1 - chance)), weights=weight))


def calibration_error(label: Array, chance: Array, weight: Array) -> float | None:
    """Expected calibration error over bins of equally many rows (Naeini et al. 2015): mean |predicted - observed|."""
    if not weight.sum():
        return None
    order = np.argsort(chance, kind="stable")
    missed = weight * (chance - (label == 1))
    return sum(abs(float(missed[part].sum())) for part in np.array_split(order, BINS)) / float(weight.sum())


def by_head(held: HeldOut, probability: Array) -> dict[str, dict[str, float]]:
    """{"auc": {head: …}, "logloss": …, "ece": …} over the rows whose label is known; undefined figures are left out."""
    measures = {"auc": auc, "logloss": log_loss, "ece": calibration_error}
    found: dict[str, dict[str, float]] = {name: {} for name in measures}
    for place, head in enumerate(HEADS):
        known = held.labels[:, place] >= 0
        rows = (held.labels[known, place], probability[known, place], held.weight[known].astype(np.float64))
        for name, measure in measures.items():
            value = measure(*rows)
            if value is not None:
                found[name][head] = value
    return found


def beyond_accuracy(held: HeldOut, rank: Array, top: int = TOP) -> dict[str, float | None]:
    """Coverage: posts ever in the top over all posts shown. Novelty: mean -log2 of the share of requests in which a
    post of the top was shown, in bits. Diversity: mean 1 - cosine of pairs of one top, over requests of two or more."""
    up, known = rank < top, held.post >= 0
    if not known.any():
        return {"coverage": None, "novelty": None, "diversity": None}
    shown = np.bincount(held.post[known])
    share = shown[held.post[up & known]] / max(len(held.start) - 1, 1)
    return {
        "coverage": float(len(np.unique(held.post[up & known])) / (shown > 0).sum()),
        "novelty": float(-np.log2(np.minimum(share, 1)).mean()) if len(share) else None,
        "diversity": _diversity(held, up & known),
    }


def _diversity(held: HeldOut, up: Array) -> float | None:
    """Over a request of n unit vectors with sum s, the mean cosine of its pairs is (|s|² - n) / (n (n - 1))."""
    rows = np.flatnonzero(up)
    counts = np.bincount(held.request[rows], minlength=len(held.start) - 1)
    ends = np.cumsum(counts)
    found = []
    for first, last in zip((ends - counts)[counts > 1], ends[counts > 1], strict=True):
        total = held.vectors[held.post[rows[first:last]]].astype(np.float64).sum(axis=0)
        n = last - first
        found.append(1 - (total @ total - n) / (n * (n - 1)))
    return float(np.mean(found)) if found else None


def order_figures(held: HeldOut, scores: Array, weights: Mapping[str, float]) -> tuple[dict[str, Any], Array]:
    """The figures of one order, and its nDCG@10 of each request (R,)."""
    gain, rank = gains(held.labels, weights), ranks(held, scores)
    each = ndcg(held, gain, rank)
    first = mrr(held, gain, rank)
    counted = np.isfinite(each)
    figures: dict[str, Any] = {
        "requests": int(counted.sum()),
        "ndcg10": float(each[counted].mean()) if counted.any() else None,
        "mrr": float(first[counted].mean()) if counted.any() else None,
        **beyond_accuracy(held, rank),
    }
    return figures, each


@dataclass(frozen=True)
class Difference:
    """How much better one order is than another over the same requests, with its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def words(self) -> str:
        return f"{self.mean:+.4f} ({self.low:+.4f} to {self.high:+.4f})"


def paired_bootstrap(new: Array, old: Array, rounds: int = ROUNDS, seed: int = 0) -> Difference | None:
    """Mean difference over requests and its percentile interval (Efron & Tibshirani 1993); None without a request that
    both can be told for."""
    difference = new - old
    difference = difference[np.isfinite(difference)]
    n = len(difference)
    if not n:
        return None
    rng, size = np.random.default_rng(seed), (ROUNDS_AT_ONCE, n)  # in pieces, for memory
    means = [difference[rng.integers(0, n, size)].mean(axis=1) for _ in range(0, rounds, ROUNDS_AT_ONCE)]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return Difference(float(difference.mean()), float(low), float(high))
