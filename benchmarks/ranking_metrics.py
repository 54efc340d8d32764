"""AUC, MRR, nDCG, MAP of rankings, with bootstrap intervals over requests; knows arrays only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
DRAWS = 2000


def auc(labels: Array, scores: Array) -> float:
    """Share of (clicked, passed) pairs in the right order, a tie counting half (Mann and Whitney 1947)."""
    from scipy.stats import rankdata

    hits = labels > 0
    n = int(hits.sum())
    return float((rankdata(scores)[hits].sum() - n * (n + 1) / 2) / (n * (len(labels) - n)))


def order(scores: Array, rng: np.random.Generator) -> NDArray[np.integer]:
    """Places by falling score; equal scores in random order, or a constant score would profit from the file's order."""
    return np.lexsort((rng.random(len(scores)), -np.asarray(scores)))


def ndcg(sorted_labels: Array, at: int) -> float:
    """Discounted gain of binary labels in ranked order over the best possible (Järvelin and Kekäläinen 2002)."""
    discount = 1 / np.log2(np.arange(2, min(at, len(sorted_labels)) + 2))
    best = discount[: int(min(sorted_labels.sum(), len(discount)))].sum()
    return float((sorted_labels[: len(discount)] * discount).sum() / best)


def average_precision(sorted_labels: Array) -> float:
    """Mean of the precision at the place of each hit."""
    places = np.flatnonzero(sorted_labels) + 1
    return float((np.arange(1, len(places) + 1) / places).mean())


def clicks(labels: Array, scores: Array, rng: np.random.Generator) -> list[float]:
    """AUC, MRR, nDCG@5 and nDCG@10 of one impression, as the MIND task defines them (Wu et al. 2020)."""
    ranked = np.asarray(labels, dtype=float)[order(scores, rng)]
    reciprocal = (ranked / np.arange(1, len(ranked) + 1)).sum() / ranked.sum()
    return [auc(labels, scores), float(reciprocal), ndcg(ranked, 5), ndcg(ranked, 10)]


CLICKS = ("AUC", "MRR", "nDCG@5", "nDCG@10")


def joins(labels: Array, scores: Array, rng: np.random.Generator) -> list[float]:
    """MAP, nDCG@5 and precision of the first place, of one thread."""
    ranked = np.asarray(labels, dtype=float)[order(scores, rng)]
    return [average_precision(ranked), ndcg(ranked, 5), float(ranked[0])]


JOINS = ("MAP", "nDCG@5", "P@1")


@dataclass(frozen=True)
class Figures:
    """Values (requests, metrics) of one ranking; all rankings of a table are over the same requests."""

    names: Sequence[str]
    values: Array

    def intervals(self) -> dict[str, dict[str, float]]:
        """Mean of each metric with its 95 % percentile bootstrap interval over requests."""
        return {
            name: {"mean": float(mean), "low": float(low), "high": float(high)}
            for name, mean, (low, high) in zip(self.names, self.values.mean(0), bootstrap(self.values), strict=True)
        }

    def better_than(self, other: Figures) -> dict[str, dict[str, float]]:
        """The mean difference with its paired interval: the same requests are drawn for both."""
        return Figures(self.names, self.values - other.values).intervals()


def bootstrap(values: Array, draws: int = DRAWS) -> Array:
    """95 % intervals of the means of the columns, (columns, 2), by drawing rows with replacement, seed fixed."""
    rng = np.random.default_rng(20191115)
    means = np.stack([values[rng.integers(0, len(values), len(values))].mean(0) for _ in range(draws)])
    return np.percentile(means, [2.5, 97.5], axis=0).T


def overlap(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return one["low"] <= other["high"] and other["low"] <= one["high"]


def print_table(rows: Mapping[str, Figures], width: int = 34) -> None:
    """A line a ranking: each metric's mean and interval."""
    names = next(iter(rows.values())).names
    print(" " * width + "".join(f"{name:>21}" for name in names))
    for title, figures in rows.items():
        cells = figures.intervals().values()
        print(f"{title:{width}}" + "".join(f"  {c['mean']:.3f} [{c['low']:.3f}, {c['high']:.3f}]" for c in cells))
