"""Several processes that train one net, as torchrun starts them; alone it costs nothing. Knows no data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn


@dataclass(frozen=True)
class Team:
    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model, with gradients averaged over the processes after every backward pass."""
        return model if self.size == 1 else nn.parallel.DistributedDataParallel(model)

    def told(self, number: float) -> float:
        """The first process's number, in all of them."""
        if self.size == 1:
            return number
        box = torch.tensor([number], dtype=torch.float64)
        dist.broadcast(box, 0)
        return float(box)

    def wait(self) -> None:
        if self.size > 1:
            dist.barrier()


@contextmanager
def processes() -> Iterator[Team]:
    """The team this process belongs to by the environment torchrun sets (gloo: processors only)."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team()
        return
    dist.init_process_group("gloo")
    try:
        yield Team(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()
