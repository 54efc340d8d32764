"""The table of weights: who may change it, what it may hold, its history; in the admin and on the public page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from ml import registry
from ml.models import HeadWeights, ModelVersion
from ml.ranking import weights
from ml.ranking.heads import HEADS
from ml.ranking.weights import DEFAULT
from ml.rehearsal import starter


@pytest.fixture(autouse=True)
def anew(db: None) -> Iterator[None]:
    weights.forget()
    yield
    weights.forget()


@pytest.fixture
def boss(person: Callable[..., User]) -> User:
    user = person("boss", is_staff=True)
    user.groups.add(Group.objects.get(name="administrator"))
    return user


def test_the_newest_table_rules_and_earlier_moments_keep_theirs(boss: User) -> None:
    assert weights.current() == DEFAULT
    before = timezone.now()
    row = weights.change(boss, {**DEFAULT, "like": 2.0}, "likes count more")
    assert weights.current()["like"] == 2.0
    assert weights.at(before) == DEFAULT
    weights.change(boss, {**DEFAULT, "like": 3.0})
    weights.put_back(boss, row)
    assert weights.current()["like"] == 2.0
    assert HeadWeights.objects.count() == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {**DEFAULT, "like": float("nan")},
        {**DEFAULT, "like": float("inf")},
        {**DEFAULT, "like": 1000.5},
        {**DEFAULT, "like": "much"},
        {**DEFAULT, "like": True},
        {**DEFAULT, "fame": 1.0},
        {head: value for head, value in DEFAULT.items() if head != "reject"},
    ],
)
def test_nonsense_is_refused(boss: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        weights.change(boss, wrong)
    assert weights.current() == DEFAULT


def test_only_administrators_change_it(alice: User) -> None:
    with pytest.raises(PermissionDenied):
        weights.change(alice, DEFAULT)


def test_a_row_that_makes_no_sense_is_passed_over(boss: User) -> None:
    weights.change(boss, {**DEFAULT, "like": 2.0})
    HeadWeights.objects.create(weights={"like": "?"}, at=timezone.now() + timedelta(seconds=1))
    weights.forget()
    assert weights.current()["like"] == 2.0


def test_the_admin_appends_and_puts_back(boss: User, client: Client) -> None:
    client.force_login(boss)
    address = reverse("admin:ml_headweights_add")
    assert client.get(address).status_code == 200
    sent = {**{head: str(value) for head, value in DEFAULT.items()}, "like": "0.75", "note": "a trial"}
    assert client.post(address, sent).status_code == 302
    row = HeadWeights.objects.get()
    assert (row.weights["like"], row.note, row.by) == (0.75, "a trial", boss)
    assert client.post(address, {**sent, "like": "5000"}).status_code == 200
    assert HeadWeights.objects.count() == 1
    weights.change(boss, DEFAULT)
    assert client.get(reverse("admin:ml_headweights_change", args=[row.pk])).status_code == 200
    client.post(reverse("admin:ml_weights_put_back", args=[row.pk]))
    assert weights.current()["like"] == 0.75


def test_the_analyst_may_not(person: Callable[..., User], client: Client, boss: User) -> None:
    analyst = person("analyst", is_staff=True)
    analyst.groups.add(Group.objects.get(name="analyst"))
    row = weights.change(boss, DEFAULT)
    client.force_login(analyst)
    assert client.get(reverse("admin:ml_headweights_add")).status_code == 403
    assert client.post(reverse("admin:ml_weights_put_back", args=[row.pk])).status_code == 403
    assert HeadWeights.objects.count() == 1


def test_everybody_may_read_the_table(boss: User, client: Client) -> None:
    weights.change(boss, {**DEFAULT, "like": 0.625}, "a note for all")
    text = client.get("/about/ranking/").content.decode()
    assert "0.625" in text
    assert "a note for all" in text
    assert "recipe set by hand" in text
    assert text.count('<th scope="row">Chance that you') == len(HEADS)
    assert "/about/ranking/" in client.get("/about").content.decode()
    assert "/about/ranking/" in client.get("/help").content.decode()


def test_the_page_tells_of_the_shipped_ranker(client: Client) -> None:
    card = starter.card()
    name = card["version"]
    kind, state = ModelVersion.Kind.RANKER, ModelVersion.State.SERVING
    ModelVersion.objects.create(name=name, kind=kind, state=state, card=card)
    registry.forget()
    text = client.get("/about/ranking/").content.decode()
    registry.forget()
    assert name in text
    told = dict(re.findall(r'<tr><th scope="row">([^<]+)</th><td class="number">([^<]+)</td></tr>', text))
    assert (
        told["Order of what was liked, later days (nDCG@10, 1 is best)"] == f"{card['metrics']['test']['ndcg10']:.3f}"
    )
    assert told["Shown posts it learned from"] == f"{card['rows']:,}"
    assert told["People whose acts it learned from"] == str(card["people"])
