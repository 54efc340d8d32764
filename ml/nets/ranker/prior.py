"""A hand-set score inside the net: what was known before anything was learned. Rows in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Prior:
    """Σ weight · number over named numbers of a row, each bent first; then what `leaves` of it, where it is above 0.

    `above`: only what exceeds this counts. `saturates`: counts as 1 - exp(-x / s). `leaves`: the share that each unit
    of a number leaves of the whole.
    """

    weights: dict[str, float]
    above: dict[str, float] = field(default_factory=dict)
    saturates: dict[str, float] = field(default_factory=dict)
    leaves: dict[str, float] = field(default_factory=dict)


class HandSet(nn.Module):
    """A `Prior` over rows (…, F). Its numbers are buffers, so that a net goes on serving what it was trained with."""

    weight: Tensor  # (F,), as all of them
    above: Tensor
    saturation: Tensor  # 0 for none
    fading: Tensor  # log of what a unit leaves

    def __init__(self, features: int) -> None:
        super().__init__()
        for name in ("weight", "above", "saturation", "fading"):
            self.register_buffer(name, torch.zeros(features))

    def take(self, prior: Prior, names: Sequence[str]) -> None:
        """Raises KeyError for a number that the rows do not have."""
        place = {name: number for number, name in enumerate(names)}
        given = (self.weight, prior.weights), (self.above, prior.above), (self.saturation, prior.saturates)
        for buffer, values in given:
            for name, value in values.items():
                buffer[place[name]] = value
        for name, share in prior.leaves.items():
            self.fading[place[name]] = torch.log(torch.tensor(share))

    def forward(self, row: Tensor) -> Tensor:
        """(…, F) to (…). What is not finite counts as 0."""
        x = torch.nan_to_num(row, 0.0, 0.0, 0.0)
        left = torch.exp((x.clamp(min=0) * self.fading).sum(-1))
        x = torch.where(self.saturation > 0, 1 - torch.exp(-x / self.saturation.clamp(min=1e-6)), x)
        x = torch.where(self.above > 0, torch.relu(x - self.above), x)
        score = (x * self.weight).sum(-1)
        return torch.where(score > 0, score * left, score)
