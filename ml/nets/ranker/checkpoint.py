"""Training that survives being killed: its whole state in one file, replaced at once; knows no net."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml.nets.ranker.data import Array


def save(path: Path, state: dict[str, Any]) -> None:
    """Written beside and moved over: whoever reads finds the old state or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def load(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """The state, or None where there is none of the very same training (data, configuration, processes)."""
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, pickle.UnpicklingError):
        return None
    return state if state.get("fingerprint") == fingerprint else None


def seeded(*numbers: int) -> int:
    """A seed for torch that depends on all the numbers: no generator's state has to be kept to go on as before."""
    state: Array = np.random.SeedSequence(numbers).generate_state(2)
    return int(state[0]) << 32 | int(state[1])
