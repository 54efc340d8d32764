"""Promotions and rollbacks: who serves, what is refused, what stays on disk."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ml import registry
from ml.models import Experiment, ModelVersion, Promotion
from ml.registry import RankerBroken

pytestmark = pytest.mark.django_db
NAMES = [f"ranker-20260501-00000{n}-0000000{n}" for n in range(9)]


@pytest.fixture(autouse=True)
def own_models(settings: Any, tmp_path: Path) -> Any:
    settings.MODELS_DIR = tmp_path
    registry.forget()
    yield
    registry.forget()


def made(number: int) -> str:
    """A registered version with files that fit its card."""
    folder = registry.ranker_folder(NAMES[number])
    folder.mkdir(parents=True)
    card = {"version": NAMES[number]}
    for file in ("model.onnx", "model.safetensors"):
        (folder / file).write_bytes(f"{file} {number}".encode())
        card[f"{file.rpartition('.')[2]}_sha256"] = sha256((folder / file).read_bytes()).hexdigest()
    (folder / "card.json").write_text(json.dumps(card))
    registry.register_ranker(NAMES[number], card)
    return NAMES[number]


def state(name: str) -> str:
    return ModelVersion.objects.get(name=name).state


def test_a_promotion_serves_at_once_and_is_noted(alice: Any) -> None:
    first, second = made(1), made(2)
    assert registry.serving_ranker() == ""
    registry.promote_ranker(first)
    registry.promote_ranker(second, by=alice, why="better")
    assert registry.serving_ranker() == second
    assert (state(first), state(second)) == ("retired", "serving")
    noted = Promotion.objects.first()
    assert (noted.version.name, noted.replaced.name, noted.by, noted.why) == (second, first, alice, "better")


def test_promoting_what_serves_changes_nothing() -> None:
    registry.promote_ranker(made(1))
    assert registry.promote_ranker(NAMES[1]) is None
    assert Promotion.objects.count() == 1


def test_rollbacks_go_back_step_by_step_to_the_recipe() -> None:
    for number in (1, 2, 3):
        registry.promote_ranker(made(number))
    for expected in (NAMES[2], NAMES[1], ""):
        registry.rollback_ranker()
        assert registry.serving_ranker() == expected
    assert registry.rollback_ranker() is None
    assert [state(name) for name in NAMES[1:4]] == ["retired"] * 3


def test_a_promotion_after_a_rollback_is_rolled_back_to_what_stood_before_it() -> None:
    for number in (1, 2):
        registry.promote_ranker(made(number))
    registry.rollback_ranker()
    registry.promote_ranker(made(3))
    registry.rollback_ranker()
    assert registry.serving_ranker() == NAMES[1]


def test_the_recipe_can_be_promoted_and_that_rolled_back() -> None:
    registry.promote_ranker(made(1))
    registry.promote_ranker("")
    assert registry.serving_ranker() == ""
    registry.rollback_ranker()
    assert registry.serving_ranker() == NAMES[1]


def test_a_rollback_passes_over_what_is_damaged() -> None:
    for number in (1, 2, 3):
        registry.promote_ranker(made(number))
    (registry.ranker_folder(NAMES[2]) / "model.onnx").write_bytes(b"damaged")
    registry.rollback_ranker()
    assert registry.serving_ranker() == NAMES[1]
    registry.rollback_ranker()
    assert registry.serving_ranker() == ""


@pytest.mark.parametrize("file", ["model.onnx", "model.safetensors", "card.json"])
@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_damaged_version_is_not_promoted(file: str, how: str) -> None:
    registry.promote_ranker(made(1))
    path = registry.ranker_folder(made(2)) / file
    path.unlink() if how == "missing" else path.write_bytes(b"\x00[")
    with pytest.raises(RankerBroken):
        registry.promote_ranker(NAMES[2])
    assert registry.serving_ranker() == NAMES[1]
    assert state(NAMES[1]) == "serving"


@pytest.mark.parametrize("name", ["../../etc", "ranker-1", "", "ranker-20260501-000001-0000000G"])
def test_only_names_of_rankers_are_folders(name: str) -> None:
    with pytest.raises(RankerBroken):
        registry.ranker_folder(name)


def test_old_files_are_deleted_but_cards_stay() -> None:
    for number in range(9):
        registry.promote_ranker(made(number))
    Experiment.objects.create(name="trial", arms=[{"name": "a", "share": 0.1, "serves": NAMES[0]}])
    registry.set_shadow(NAMES[1])
    assert registry.purge_rankers() == [NAMES[2]], "eight retired: five newest, one on trial and one in the shadow stay"
    assert not registry.ranker_folder(NAMES[2]).exists()
    assert ModelVersion.objects.filter(name=NAMES[2]).exists()


def test_a_refused_version_keeps_the_reason() -> None:
    registry.refuse_ranker(made(1), "no better")
    row = ModelVersion.objects.get(name=NAMES[1])
    assert (row.state, row.card["refused"]) == ("refused", "no better")


def test_the_shadow_is_one() -> None:
    registry.set_shadow(made(1))
    registry.set_shadow(made(2))
    assert registry.shadow_ranker() == NAMES[2]
    registry.set_shadow("")
    assert registry.shadow_ranker() == ""
