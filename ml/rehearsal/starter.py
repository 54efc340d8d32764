"""The ranker that a new site starts with: trained on thirty rehearsed days of the town, and shipped. Trains nothing.

It serves where the site has the encoder, the numbers and the acts that its card names; everywhere else the hand-set
recipe does. `manage.py rehearse` makes it anew.
"""

from __future__ import annotations

import json
import shutil
from filecmp import cmp
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from ml import registry
from ml.embedding.atomic import folder_written_whole
from ml.models import ModelVersion
from ml.ranking.features import NAMES
from ml.ranking.heads import HEADS
from ml.ranking.history import BUCKETS

FOLDER: Final = Path(__file__).resolve().parent.parent / "starter"
FILES: Final = ("model.onnx", "model.safetensors", "card.json")
log = structlog.get_logger(__name__)


def card() -> dict[str, Any]:
    """The card of the shipped ranker."""
    return dict(json.loads((FOLDER / "card.json").read_text()))


def unfit(card: dict[str, Any]) -> str:
    """Why the shipped ranker cannot serve this site; empty when it can."""
    if tuple(card["features"]) != NAMES or tuple(card["heads"]) != HEADS:
        return _("It was trained on other numbers than this site has now.")
    if card["encoder"] != registry.serving_encoder():
        return _("It was trained on the vectors of another encoder.")
    return ""


def install() -> str:
    """Let the shipped ranker serve where no other ever did; its name, or empty when it does not, which is logged."""
    told = card()
    name = str(told["version"])
    if ModelVersion.objects.filter(kind=ModelVersion.Kind.RANKER).exists():
        return name if registry.serving_ranker() == name else ""
    if why := unfit(told):
        log.warning("starter_unfit", version=name, why=why)
        return ""
    _put_in_place(name)
    with transaction.atomic():
        registry.register_ranker(name, told)
        registry.promote_ranker(name, why=_("Shipped with the site: trained on thirty rehearsed days of the town."))
    return name


def _put_in_place(name: str) -> None:
    """Copy the files to where versions lie, whole or not at all; others of that name are replaced."""
    place = registry.ranker_folder(name)
    same = all((place / file).is_file() and cmp(place / file, FOLDER / file, shallow=False) for file in FILES)
    with folder_written_whole(place, force=not same) as folder:
        if folder is not None:
            for file in FILES:
                shutil.copyfile(FOLDER / file, folder / file)


def forget_authors(dataset: Path) -> None:
    """Give every author another bucket in each request of a dataset, the same within it: who is who in the town means
    nothing on other sites, but that two posts have one author does."""
    data = {name: np.load(dataset / f"{name}.npy") for name in ("start", "hist_author", "row_author")}
    rng = np.random.default_rng(0)
    requests = len(data["start"]) - 1
    times, more = 2 * rng.integers(0, BUCKETS // 2, requests) + 1, rng.integers(0, BUCKETS, requests)
    of_row = np.repeat(np.arange(requests), np.diff(data["start"]))
    history = (data["hist_author"] * times[:, None] + more[:, None]) % BUCKETS
    rows = (data["row_author"] * times[of_row] + more[of_row]) % BUCKETS
    np.save(dataset / "hist_author.npy", history.astype(data["hist_author"].dtype))
    np.save(dataset / "row_author.npy", rows.astype(data["row_author"].dtype))


def ship(name: str) -> Path:
    """Make the files of a trained version the ones that are shipped."""
    FOLDER.mkdir(exist_ok=True)
    for file in FILES:
        shutil.copyfile(registry.ranker_folder(name) / file, FOLDER / file)
    return FOLDER
