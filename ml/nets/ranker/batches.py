"""Requests gathered into padded arrays, as a net reads them, and which of their rows are trained on; knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.ranking.heads import UNKNOWN

if TYPE_CHECKING:
    from ml.nets.ranker.data import Dataset

Array = NDArray[Any]


@dataclass(frozen=True)
class Batch:
    """Requests as a net reads them: B requests, H acts, N rows, padded; what is padding has mask False, weight 0."""

    history: Array  # (B, H, d) float32
    history_kind: Array  # (B, H) int64
    history_age: Array  # (B, H) float32, hours
    history_author: Array  # (B, H) int64
    history_mask: Array  # (B, H) bool
    post: Array  # (B, N, d) float32, zeros where there is no vector
    author: Array  # (B, N) int64
    row: Array  # (B, N, F) float32, NaN for missing
    position: Array  # (B, N) int64
    labels: Array  # (B, N, heads) int8
    weight: Array  # (B, N) float32
    rows: Array  # (B, N) int64, places in the arrays of rows, -1 for padding

    @property
    def mask(self) -> Array:
        return self.rows >= 0


@dataclass(frozen=True)
class Sampling:
    """What of a request is trained on. Rows that nobody acted on are kept by chance and weigh its inverse, so that
    every expected sum of the loss, and so the log-odds it is least at, stays that of all rows."""

    keep_passed: float = 1.0  # chance
    passed_at_most: int = 64  # of a request, on average
    cut_history: float = 0.0  # chance that only the newest k acts are seen, k uniform: what newcomers look like


def gather(
    dataset: Dataset, requests: Array, history: int, sampling: Sampling | None, rng: np.random.Generator | None
) -> Batch:
    """See Dataset.gather."""
    acts = (dataset.hist_post[requests] >= 0).sum(axis=1).clip(max=history)
    if sampling and rng:
        cut = rng.random(len(requests)) < sampling.cut_history
        acts = np.where(cut, rng.integers(0, acts + 1), acts)
    rows, weight = _rows_of(dataset, requests, sampling, rng)
    return Batch(**_history(dataset, requests, acts), **_shown(dataset, rows, weight), rows=rows)


def _history(dataset: Dataset, requests: Array, acts: Array) -> dict[str, Array]:
    width = max(int(acts.max(initial=0)), 1)
    mask = np.arange(width) < acts[:, None]
    return {
        "history": _vectors(dataset, np.where(mask, dataset.hist_post[requests, :width], -1)),
        "history_kind": np.where(mask, dataset.hist_kind[requests, :width], 0).astype(np.int64),
        "history_age": np.where(mask, dataset.hist_age[requests, :width], 0).astype(np.float32),
        "history_author": np.where(mask, dataset.hist_author[requests, :width], 0).astype(np.int64),
        "history_mask": mask,
    }


def _rows_of(
    dataset: Dataset, requests: Array, sampling: Sampling | None, rng: np.random.Generator | None
) -> tuple[Array, Array]:
    """Places of the rows (B, N), -1 for padding, and the weight of each."""
    counts = dataset.start[requests + 1] - dataset.start[requests]
    of = np.repeat(np.arange(len(requests)), counts)
    flat = np.repeat(dataset.start[requests] - (np.cumsum(counts) - counts), counts) + np.arange(len(of))
    weight = dataset.weight[flat]
    if sampling and rng:
        acted = (dataset.labels[flat] == 1).any(axis=1)
        passed = np.bincount(of[~acted], minlength=len(requests)).clip(min=1)
        chance = np.minimum(sampling.keep_passed, sampling.passed_at_most / passed)[of]
        keep = acted | (rng.random(len(of)) < chance)
        weight = np.where(acted, weight, weight / chance)[keep]
        of, flat = of[keep], flat[keep]
    counts = np.bincount(of, minlength=len(requests))
    place = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = np.full((len(requests), max(int(counts.max(initial=0)), 1)), -1, dtype=np.int64)
    weights = np.zeros(rows.shape, dtype=np.float32)
    rows[of, place], weights[of, place] = flat, weight
    return rows, weights


def _shown(dataset: Dataset, rows: Array, weight: Array) -> dict[str, Array]:
    mask = rows >= 0
    return {
        "post": _vectors(dataset, np.where(mask, dataset.row_post[rows], -1)),
        "author": np.where(mask, dataset.row_author[rows], 0).astype(np.int64),
        "row": np.where(mask[..., None], dataset.features[rows], 0).astype(np.float32),
        "position": np.where(mask, dataset.position[rows], 0).astype(np.int64),
        "labels": np.where(mask[..., None], dataset.labels[rows], UNKNOWN).astype(np.int8),
        "weight": weight,
    }


def _vectors(dataset: Dataset, places: Array) -> Array:
    """float32 (…, d); zeros where the place is -1."""
    found = np.zeros((*places.shape, dataset.dimensions), dtype=np.float32)
    known = places >= 0
    found[known] = dataset.posts[places[known]]
    return found
