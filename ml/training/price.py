"""What privacy costs: the same net trained on the same rows without noise, for its figures alone. Knows no table."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ml.nets.ranker.fit import Config

WITHOUT: Final = "without-noise"  # the folder beside the dataset; it goes with the workshop
CARD: Final = "card.json"


def train_without(dataset: Path, config: Config, show: Callable[[str, int, int], None]) -> None:
    """Train what a private training is compared with, beside the dataset: same seed, same net, no clipping of people,
    no noise. It is not private, so it is never published and is deleted with the dataset. A night that goes on from one
    that was stopped finds it done."""
    from ml.nets.ranker import fit

    folder = dataset.parent / WITHOUT
    if (folder / CARD).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    fit.train(dataset, folder, replace(config, private=None), lambda said, *far: show(f"without noise, {said}", *far))


def cost(folder: Path, card: dict[str, Any]) -> dict[str, Any] | None:
    """AUC of each head on the test part with and without privacy, and what is lost; None where the other training was
    not made (the night was begun without it)."""
    beside = folder.parent / WITHOUT / CARD
    if not beside.exists():
        return None
    without, private = _auc(json.loads(beside.read_text())), _auc(card)
    both = [head for head in private if head in without]
    return {
        "auc": {head: private[head] for head in both},
        "auc_without": {head: without[head] for head in both},
        "auc_lost": {head: without[head] - private[head] for head in both},
    }


def _auc(card: dict[str, Any]) -> dict[str, float]:
    heads = card["metrics"]["test"].get("heads", {})
    return {head: told["auc"] for head, told in heads.items() if told.get("auc") is not None}
