"""What is known of a score before anything is learned: a hand-set one, as data. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass, field


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
