"""`ranker train --private` from the command to the admin: what was promised, what was spent, and what it cost."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from ml import registry
from ml.management.commands import ranker
from ml.models import TrainingRun
from ml.training import price, recipe
from tests.ml.training.conftest import Site
from tests.ml.training.test_recipe import CONFIG, LIMITS

STEPS = 40


@pytest.fixture
def trained(site: Site, monkeypatch: pytest.MonkeyPatch) -> str:
    """A private night by the command, on a small site; what it said."""
    monkeypatch.setattr(recipe.gate, "Limits", lambda: LIMITS)
    usual = ranker._private
    monkeypatch.setattr(ranker, "_private", lambda *given: replace(usual(*given), least_steps=60, lr=5e-3, width=16))
    site.live()
    out = StringIO()
    words = ["--private", "8", "--private-steps", str(STEPS), "--epochs", "1", "--no-progress"]
    call_command("ranker", "train", *words, stdout=out)
    return out.getvalue()


def test_the_card_the_command_and_the_admin_tell_what_privacy_costs(trained: str, site: Site, client: Client) -> None:
    run = TrainingRun.objects.get()
    assert run.state in ("promoted", "refused")
    card = run.version.card
    assert registry.card_of(run.version.name)["privacy"] == card["privacy"]
    told = card["privacy"]
    assert 7 < told["epsilon"] <= 8
    assert (told["delta"], told["unit"], told["steps"]) == (1e-5, "person", STEPS)
    cost = told["cost"]
    assert cost["auc"]["like"] == card["metrics"]["test"]["heads"]["like"]["auc"]
    assert cost["auc_without"]["like"] > 0.8
    assert cost["auc_lost"]["like"] == pytest.approx(cost["auc_without"]["like"] - cost["auc"]["like"])
    assert cost["auc_without"]["like"] != cost["auc"]["like"]
    assert card["config"]["private"]["epsilon"] == 8
    assert list(recipe.workshop().iterdir()) == [], "what was trained without noise is not private, and is gone"
    assert not (registry.ranker_folder(run.version.name) / price.WITHOUT).exists()

    assert f"Private: epsilon {told['epsilon']:.2f}, delta 1e-05, for each person." in trained
    assert f"AUC like: {cost['auc_without']['like']:.4f} without noise, {cost['auc']['like']:.4f} with it" in trained

    staff = site.person("boss")
    type(staff).objects.filter(pk=staff.pk).update(is_staff=True)
    staff.groups.add(Group.objects.get(name="administrator"))
    client.force_login(staff)
    page = client.get(reverse("admin:ml_modelversion_change", args=[run.version.pk])).content.decode()
    assert f"epsilon {told['epsilon']:.2f}" in page
    assert "delta 0.00001" in page
    assert f"{cost['auc_without']['like']:.3f}" in page
    assert f"{cost['auc']['like']:.3f}" in page


def test_where_there_is_too_little_nothing_is_trained_for_comparison(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    monkeypatch.setattr(price, "train_without", lambda *facts: called.append(facts))
    site.live(pages=20)
    with pytest.raises(CommandError, match=r"^There are only 20 requests to learn from"):
        call_command("ranker", "train", "--no-progress", "--private", "8")
    assert called == []


def test_an_ordinary_night_trains_once_and_its_page_says_it_is_not_private(
    site: Site, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    called: list[Any] = []
    monkeypatch.setattr(ranker, "_config", lambda options: CONFIG)
    monkeypatch.setattr(price, "train_without", lambda *facts: called.append(facts))
    monkeypatch.setattr(recipe.gate, "Limits", lambda: LIMITS)
    site.live()
    out = StringIO()
    call_command("ranker", "train", "--no-progress", stdout=out)
    assert called == []
    assert "Private" not in out.getvalue()
    version = TrainingRun.objects.get().version
    assert version.card["privacy"] is None
    staff = site.person("boss")
    type(staff).objects.filter(pk=staff.pk).update(is_staff=True)
    staff.groups.add(Group.objects.get(name="administrator"))
    client.force_login(staff)
    page = client.get(reverse("admin:ml_modelversion_change", args=[version.pk])).content.decode()
    assert "Trained without differential privacy." in page
    assert f"{version.card['rivals']['recipe']['ndcg10']:.3f}" in page


def test_a_private_training_that_goes_on_from_a_stopped_one_says_that_its_cost_is_unknown(tmp_path: Any) -> None:
    (tmp_path / "ranker").mkdir()
    assert price.cost(tmp_path / "ranker", {"metrics": {"test": {"heads": {}}}}) is None
    out = StringIO()
    command = ranker.Command(stdout=out)
    command._privacy({"epsilon": 3.0, "delta": 1e-5, "unit": "person", "cost": None})
    assert "not measured" in out.getvalue()
