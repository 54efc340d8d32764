"""The net's first weights: the regression on its numbers alone, from which the rest of it learns on; knows no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from ml.nets.ranker.fit import Run

REQUESTS: Final = 4_000  # at most, evenly spaced, that it is fitted to
PIECE: Final = 200
ROUNDS: Final = 60
RIDGE: Final = 1e-3  # against weights that only a few rows ask for


def begin(run: Run) -> None:
    """Set `direct` to the least of the objective over the rows' numbers and geometry, by L-BFGS: convex.

    With few rows a net of many weights learns the rows by heart before it has learned what a regression says; begun
    there, early stopping keeps it at least as good.
    """
    pieces = list(_pieces(run))
    direct = run.net.direct
    total = sum(len(labels) for _, labels, _ in pieces)
    optimizer = torch.optim.LBFGS(direct.parameters(), max_iter=ROUNDS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        cost = torch.stack([run.objective(direct(x) + run.net.base, y, w).sum() for x, y, w in pieces]).sum() / total
        cost = cost + RIDGE * direct.weight.square().sum()
        cost.backward()  # type: ignore[no-untyped-call]
        return cost

    optimizer.step(loss)


@torch.no_grad()
def _pieces(run: Run) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Numbers (B, N, F), labels and weights, all rows of each request."""
    from ml.nets.ranker.fit import answers, tensors
    from ml.nets.ranker.net import geometry

    spaced = np.linspace(run.train.first, run.train.last - 1, min(len(run.train), REQUESTS)).astype(np.int64)
    found = []
    rng = np.random.default_rng(run.config.seed)
    for chosen in np.array_split(np.unique(spaced), -(-len(spaced) // PIECE)):
        batch = run.data.gather(chosen, sampling=run.config.sampling, rng=rng)
        *others, row = tensors(batch)
        found.append((run.net.normalised(row, geometry(*others)), *answers(batch)))
    return found
