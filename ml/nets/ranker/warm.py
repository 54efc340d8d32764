"""The net's first weights: the regression on its numbers alone, from which the rest of it learns on; knows no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from ml.ranking.heads import HEADS, REFUSED

if TYPE_CHECKING:
    from ml.nets.ranker.fit import Run

REQUESTS: Final = 4_000  # at most, evenly spaced, that it is fitted to
PIECE: Final = 200
ROUNDS: Final = 100
RIDGE: Final = 1e-3  # against weights that only a few rows ask for
# How strongly the weights are held to the hand-set score, as the inverse variance that a Gaussian prior would have:
# a standard deviation of a number moves the log-odds of a wanted act by .04, of a refusal, which nothing hand-set
# foretells, by .22 before the rows have spoken. Chosen on one life of the demo town (docs/experiments.md).
PULL_WANTED: Final = 600.0
PULL_REFUSED: Final = 20.0


def begin(run: Run) -> None:
    """Set `direct` to the least of the objective over the rows' numbers and geometry, by L-BFGS: convex.

    With few rows a net of many weights learns the rows by heart before it has learned what a regression says; begun
    there, early stopping keeps it at least as good. Where the net knows a hand-set score, only that is free, and every
    other weight is a correction that the rows must pay for: with no rows, the order is the hand-set one. The places
    join in then, for what stood above was put there by that score.
    """
    pieces = list(_pieces(run))
    direct, place = run.net.direct, run.model.place
    total = sum(len(labels) for *_, labels, _ in pieces)
    held = _held(run, total)
    prior = run.net.hand_set is not None
    learned = [*direct.parameters(), *(place.parameters() if prior else ())]
    optimizer = torch.optim.LBFGS(learned, max_iter=ROUNDS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        costs = [
            run.objective(direct(x) + run.net.base + (place(at) if prior else 0), y, w).sum() for at, x, y, w in pieces
        ]
        cost = torch.stack(costs).sum() / total + (held * direct.weight.square()).sum()
        cost = cost + RIDGE * place.weight.square().sum()
        cost.backward()  # type: ignore[no-untyped-call]
        return cost

    optimizer.step(loss)


def _held(run: Run, requests: int) -> Tensor:
    """What the square of each weight (heads, numbers) costs: as the objective scales the evidence of a head, which is
    a mean over requests, so is the pull scaled."""
    if run.net.hand_set is None:
        return torch.full_like(run.net.direct.weight, RIDGE)
    variance = torch.tensor([PULL_REFUSED if head in REFUSED else PULL_WANTED for head in HEADS]) / 2
    cost = (variance * run.objective.scale / requests)[:, None].repeat(1, run.net.shape.numbers)
    cost[:, -1] = 0.0  # the hand-set score itself
    for place, head in enumerate(HEADS):
        if head in REFUSED:
            cost[place, -1] = cost[place, 0]
    return cost


@torch.no_grad()
def _pieces(run: Run) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Places (B, N), numbers (B, N, F), labels and weights, all rows of each request."""
    from ml.nets.ranker.fit import answers, tensors
    from ml.nets.ranker.net import PLACES, geometry

    spaced = np.linspace(run.train.first, run.train.last - 1, min(len(run.train), REQUESTS)).astype(np.int64)
    found = []
    rng = np.random.default_rng(run.config.seed)
    for chosen in np.array_split(np.unique(spaced), -(-len(spaced) // PIECE)):
        batch = run.data.gather(chosen, sampling=run.config.sampling, rng=rng)
        *others, row = tensors(batch)
        places = torch.from_numpy(batch.position).clamp(0, PLACES - 1)
        found.append((places, run.net.normalised(row, geometry(*others)), *answers(batch)))
    return found
