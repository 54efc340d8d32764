"""What the net is asked to do: the loss, the rates it is divided by, and the figures told of a net; knows no file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.nets.ranker.data import View
from ml.ranking.heads import HEADS

Floats = NDArray[Any]
CHUNK: Final = 200_000  # rows read at once
SURE: Final = 200  # positives at which a head counts half of what a head with very many does
BINS: Final = 15  # of the calibration error


@dataclass(frozen=True)
class Rates:
    """Counts of each head over the known labels of a view, each an array (heads,)."""

    positives: Floats  # rows
    known: Floats  # sum of weights
    acted: Floats  # sum of weights of positives
    requests: int

    @cached_property
    def base(self) -> Floats:
        """Base rates; 0 where nothing is known."""
        return np.divide(self.acted, self.known, out=np.zeros(len(HEADS)), where=self.known > 0)

    @cached_property
    def log_odds(self) -> Floats:
        rate = self.base.clip(1e-6, 1 - 1e-6)
        return np.log(rate / (1 - rate))

    def trained(self, chosen: tuple[str, ...], least: int) -> NDArray[np.bool_]:
        """Heads that were chosen and have at least so many positives, and negatives at all."""
        wanted = np.array([head in chosen for head in HEADS])
        return wanted & (self.positives >= least) & (self.acted < self.known)


def rates(view: View) -> Rates:
    """Counted in pieces."""
    positives, known, acted = (np.zeros(len(HEADS)) for _ in range(3))
    for rows in _pieces(view.rows):
        labels, weight = view.dataset.labels[rows], view.dataset.weight[rows].astype(np.float64)
        positives += (labels == 1).sum(axis=0)
        known += weight @ (labels >= 0)
        acted += weight @ (labels == 1)
    return Rates(positives, known, acted, len(view))


def _pieces(rows: slice) -> Iterator[slice]:
    for first in range(rows.start, rows.stop, CHUNK):
        yield slice(first, min(first + CHUNK, rows.stop))


class Objective:
    """Normalised cross entropy (He et al. 2014, Practical lessons from predicting clicks on ads) summed over heads.

    Each head's weighted cross entropy is divided by the entropy of its base rate and by the rows known of it a
    request, so that predicting the base rate costs 1 whatever the head; heads with few positives count less,
    p / (p + SURE), for what they say is mostly chance. The sum is over requests, so parts of a batch add up.

    `listwise` of the loss, 0 to 1, is instead a softmax among the rows of a request: which of them was acted on, rather
    than how likely each was (ListNet's top-one loss, Cao et al. 2007; McFadden's conditional logit). It does not have
    to explain how many acts a page gets, and so learns the order from fewer of them; it says nothing of the level.
    """

    def __init__(self, counted: Rates, trained: NDArray[np.bool_], listwise: float = 0.0) -> None:
        rate = counted.base.clip(1e-6, 1 - 1e-6)
        entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
        sure = counted.positives / (counted.positives + SURE) * trained
        share = sure / max(float(sure.sum()), 1e-9)
        a_request = counted.known / max(counted.requests, 1)
        scale = np.divide(share, entropy * a_request, out=np.zeros(len(HEADS)), where=trained)
        self.scale = torch.tensor(scale, dtype=torch.float32)
        self.share = torch.tensor(share, dtype=torch.float32)
        self.listwise = listwise

    def __call__(self, logits: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
        """The loss of each request (B,): logits (B, N, heads), labels (B, N, heads) in 1, 0, -1, weight (B, N)."""
        cost = torch.nn.functional.softplus(logits) - logits * labels.clamp(min=0)
        known = (labels >= 0).float() * weight[..., None]
        loss = (cost * known * self.scale).sum(dim=(1, 2))
        if not self.listwise:
            return loss
        return (1 - self.listwise) * loss + self.listwise * self._among(logits, labels, known)

    def _among(self, logits: Tensor, labels: Tensor, known: Tensor) -> Tensor:
        """The softmax part (B,), 1 for a request where nothing is told apart; rows left out by sampling are made up
        for by the weight of those kept. 0 where nothing was acted on."""
        acted = labels.clamp(min=0) * known
        logs = logits.masked_fill(known == 0, -1e9) + known.clamp(min=1e-9).log()
        cost = (acted * (torch.logsumexp(logs, dim=1, keepdim=True) - logits)).sum(dim=1)
        uniform = acted.sum(dim=1).clamp(min=1e-9) * known.sum(dim=1).clamp(min=2).log()
        return (cost / uniform * self.share).sum(dim=1)


def platt(logits: Floats, labels: Floats, weight: Floats, ridge: float = 5.0) -> tuple[float, float]:
    """Slope and shift of p = sigmoid(slope · logit + shift) (Platt 1999) by Newton's method.

    `ridge` holds them to 1 and 0 as some evidence of that would: with few positives the net is left as it is.
    """
    x = np.stack([logits, np.ones_like(logits)], axis=1).astype(np.float64)
    start = found = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-(x @ found).clip(-40, 40)))
        gradient = x.T @ (weight * (p - labels)) + ridge * (found - start)
        curvature = (x.T * (weight * p * (1 - p))) @ x + ridge * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        found = found - step.clip(-1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return (float(found[0]), float(found[1])) if found[0] > 0 else (1.0, 0.0)


def figures(probability: Floats, labels: Floats, weight: Floats) -> dict[str, Any]:
    """Of each head with both kinds of labels: positives, base rate, AUC, cross entropy, calibration."""
    found = {}
    for place, head in enumerate(HEADS):
        known = labels[:, place] >= 0
        label, chance, part = labels[known, place], probability[known, place].astype(np.float64), weight[known]
        if 0 < label.sum() < len(label):
            found[head] = _figures_of_head(chance, label, part.astype(np.float64))
    return found


def _figures_of_head(chance: Floats, label: Floats, weight: Floats) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    rate = float(np.average(label, weights=weight))
    chance = chance.clip(1e-7, 1 - 1e-7)
    cost = -np.average(np.where(label == 1, np.log(chance), np.log(1 - chance)), weights=weight)
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    return {
        "positives": int(label.sum()),
        "base_rate": rate,
        "auc": float(roc_auc_score(label, chance, sample_weight=weight)),
        "normalised_cross_entropy": float(cost / entropy),
        "calibration_error": calibration_error(chance, label, weight),
    }


def calibration_error(chance: Floats, label: Floats, weight: Floats) -> float:
    """Expected calibration error over bins of equally many rows (Naeini et al. 2015): mean |predicted - observed|."""
    order = np.argsort(chance, kind="stable")
    missed = [abs(float((weight[rows] * (chance[rows] - label[rows])).sum())) for rows in np.array_split(order, BINS)]
    return sum(missed) / float(weight.sum())
