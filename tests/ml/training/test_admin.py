"""The nights in the admin: who may start one, promote and roll back; and that a question comes first."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ml import registry
from ml.models import ModelVersion, Promotion, TrainingRun
from tests.ml.training.test_registry import NAMES, made, own_models  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
RUNS, VERSIONS = "admin:ml_trainingrun_changelist", "admin:ml_modelversion_changelist"


@pytest.fixture
def enter(person: Any, client: Client) -> Any:
    def enter(role: str) -> Client:
        user = person(role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        return client

    return enter


def test_train_now_queues_one_night(enter: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[Any] = []
    monkeypatch.setattr("ml.admin.training.queue", lambda task, *args: queued.append((task.name, *args)) or True)
    client = enter("administrator")
    assert "Train now" in client.get(reverse(RUNS)).content.decode()
    answer = client.post(reverse("admin:ml_train"), follow=True).content.decode()
    assert "The training is queued" in answer
    TrainingRun.objects.create(step="train: validation loss 0.9", done=3, of=10)
    assert "A training runs already." in client.post(reverse("admin:ml_train"), follow=True).content.decode()
    assert [name for name, _by in queued] == ["ml.retrain"]


def test_progress_is_shown_and_asked_for_again(enter: Any) -> None:
    client = enter("administrator")
    run = TrainingRun.objects.create(step="train: validation loss 0.9", done=3, of=10)
    page = client.get(reverse("admin:ml_training_progress")).content.decode()
    assert 'value="3"' in page
    assert "every 3s" in page
    TrainingRun.objects.filter(pk=run.pk).update(state="refused", ended_at=timezone.now(), message="No better.")
    page = client.get(reverse("admin:ml_training_progress")).content.decode()
    assert "every 3s" not in page
    assert "No better." in client.get(reverse(RUNS)).content.decode()


def test_a_run_leads_to_the_version_it_made(enter: Any) -> None:
    client, version = enter("administrator"), ModelVersion.objects.get(name=made(1))
    run = TrainingRun.objects.create(state="refused", version=version, ended_at=timezone.now())
    address = reverse("admin:ml_modelversion_change", args=[version.pk])
    for page in (reverse(RUNS), reverse("admin:ml_trainingrun_change", args=[run.pk])):
        shown = client.get(page).content.decode()
        assert f'href="{address}"' in shown
        assert "Trainingrun" not in shown


def test_promote_and_roll_back_after_a_question(enter: Any) -> None:
    client, row = enter("administrator"), ModelVersion.objects.get(name=made(1))
    address = reverse("admin:ml_promote", args=[row.pk])
    assert address in client.get(reverse("admin:ml_modelversion_change", args=[row.pk])).content.decode()
    assert NAMES[1] in client.get(address).content.decode()
    assert registry.serving_ranker() == "", "a question changes nothing"
    client.post(address, {"why": "looks good"})
    assert registry.serving_ranker() == NAMES[1]
    assert Promotion.objects.get().why == "looks good"
    assert "Roll back" in client.get(reverse(VERSIONS)).content.decode()
    client.post(reverse("admin:ml_rollback"))
    assert registry.serving_ranker() == ""


@pytest.mark.parametrize("role", ["analyst", "moderator"])
def test_only_administrators_decide(role: str, enter: Any) -> None:
    client, row = enter(role), ModelVersion.objects.get(name=made(1))
    for name, args in (("ml_promote", [row.pk]), ("ml_rollback", []), ("ml_promote_recipe", []), ("ml_train", [])):
        assert client.post(reverse(f"admin:{name}", args=args)).status_code == 403
    assert not Promotion.objects.exists()


def test_a_damaged_version_is_refused_in_words(enter: Any) -> None:
    client, row = enter("administrator"), ModelVersion.objects.get(name=made(1))
    (registry.ranker_folder(NAMES[1]) / "model.onnx").write_bytes(b"damaged")
    answer = client.post(reverse("admin:ml_promote", args=[row.pk]), follow=True).content.decode()
    assert "Nothing was changed." in answer
    assert registry.serving_ranker() == ""
