"""A version's card: what training told of it, and what the night adds. Knows files, no table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ml.training import price
from ml.training.gate import Decision
from ml.training.rivals import Judged

CARD: Final = "card.json"
OF_DATASET: Final = ("left_out", "impressions", "bots", "flooding_authors", "chance_of_passed")


def read(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / CARD).read_text()))


def complete(
    folder: Path,
    meta: Mapping[str, Any],
    new: Judged,
    rivals: Mapping[str, Judged],
    decision: Decision,
    scale: float,
    reference: Mapping[str, Any],
    table: Mapping[str, float],
) -> dict[str, Any]:
    """Add to the card that training left: what was left out of the data, the figures on held-out requests beside those
    of the rivals, the decision with its grounds, the scale of scores, what drift is measured against, and what privacy
    cost where it was trained with it.

    Returns the whole card.
    """
    from ml.nets.ranker.export import write_card

    card = read(folder)
    metrics = card.setdefault("metrics", {})
    metrics["test"] = {**metrics.get("test", {}), **new.figures}
    card |= {
        "scale": scale,
        "weights": dict(table),  # that the scale was measured under
        "reference": dict(reference),
        "rivals": {name: rival.figures for name, rival in rivals.items()},
        "gate": decision.as_card(),
        "left_out_of_data": {name: meta[name] for name in OF_DATASET if name in meta},
    }
    if card.get("privacy"):
        card["privacy"]["cost"] = price.cost(folder, card)
    card = finite(card)
    write_card(folder, card)
    return card


def finite(value: Any) -> Any:
    """The same without NaN and infinity, which JSON cannot hold: they become null."""
    if isinstance(value, dict):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
