"""The shipped ranker: fits the code it is shipped with, serves an empty site, and steps aside where it does not fit."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import registry
from ml.embedding.encoder import Encoder
from ml.models import ModelVersion, Promotion
from ml.ranking import learned
from ml.ranking.features import NAMES
from ml.ranking.heads import HEADS
from ml.rehearsal import starter


def test_what_is_shipped_fits_the_code(encoder: Encoder) -> None:
    """Whoever adds a number or an act makes it anew: `make starter`."""
    card = starter.card()
    assert tuple(card["features"]) == NAMES
    assert tuple(card["heads"]) == HEADS
    assert card["encoder"] == encoder.name
    assert card["dimensions"] == encoder.dimensions
    for file, name in (("model.onnx", "onnx_sha256"), ("model.safetensors", "safetensors_sha256")):
        assert sha256((starter.FOLDER / file).read_bytes()).hexdigest() == card[name]
    assert card["people"] > 0 < card["requests"]
    assert card["metrics"]["test"]


@pytest.fixture
def own_models(settings: Any, tmp_path: Path, learning: Encoder) -> Path:
    """Rankers of a test lie in a folder of its own; the encoder stays where it is."""
    here = tmp_path / "models"
    here.mkdir()
    for folder in Path(settings.MODELS_DIR).iterdir():
        if folder.name != "ranker":
            (here / folder.name).symlink_to(folder.resolve())
    settings.MODELS_DIR = here
    learned.forget()
    return here


def test_damaged_files_of_its_name_are_replaced(own_models: Path) -> None:
    place = registry.ranker_folder(starter.card()["version"])
    place.mkdir(parents=True)
    (place / "card.json").write_text("{}")
    name = starter.install()
    assert learned.load(name).version == name


def test_it_serves_a_site_that_never_had_another(own_models: Path) -> None:
    name = starter.install()
    assert name == registry.serving_ranker() == starter.card()["version"]
    assert registry.check_ranker(name)["features"] == list(NAMES)
    promotion = Promotion.objects.get()
    assert promotion.version is not None
    assert promotion.version.card == starter.card()
    assert promotion.why
    assert learned.load(name).version == name
    assert starter.install() == name
    assert Promotion.objects.count() == 1


def test_it_leaves_a_site_alone_that_has_its_own(own_models: Path) -> None:
    name = "ranker-20260101-000000-0123abcd"
    ModelVersion.objects.create(name=name, kind=ModelVersion.Kind.RANKER, state=ModelVersion.State.SERVING)
    registry.forget()
    assert starter.install() == ""
    assert registry.serving_ranker() == name


@pytest.mark.parametrize("changed", [{"encoder": "another/int8/0"}, {"features": ["interest"]}, {"heads": ["like"]}])
def test_where_it_does_not_fit_the_recipe_serves(
    own_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    (tmp_path / "card.json").write_text(json.dumps({**starter.card(), **changed}))
    monkeypatch.setattr(starter, "FOLDER", tmp_path)
    assert starter.install() == ""
    assert registry.serving_ranker() == ""
    assert not ModelVersion.objects.filter(kind=ModelVersion.Kind.RANKER).exists()


def test_authors_are_forgotten_but_not_that_two_are_one(tmp_path: Path) -> None:
    np.save(tmp_path / "start.npy", np.array([0, 3, 5]))
    np.save(tmp_path / "row_author.npy", np.array([7, 7, 8, 7, 9], dtype=np.int16))
    np.save(tmp_path / "hist_author.npy", np.array([[7, 8], [9, 9]], dtype=np.int16))
    starter.forget_authors(tmp_path)
    rows, history = np.load(tmp_path / "row_author.npy"), np.load(tmp_path / "hist_author.npy")
    assert rows[0] == rows[1] == history[0, 0]
    assert rows[2] == history[0, 1] != rows[0]
    assert rows[4] == history[1, 0] == history[1, 1] != rows[3]
    assert rows[0] != rows[3]
    assert rows.dtype == np.int16
    assert 0 <= rows.min() <= rows.max() < 1024
