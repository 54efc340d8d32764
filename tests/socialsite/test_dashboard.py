"""The admin's front page: true figures, for each role its own, readable without seeing, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import User
from feed import actions
from ml.models import TrainingRun
from socialsite import charts, figures


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    figures.forget()
    yield
    figures.forget()


def page(client: Client, person: Callable[..., User], role: str) -> str:
    user = person(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    answer = client.get("/admin/")
    assert answer.status_code == 200
    return answer.content.decode()


def shown(text: str) -> set[str]:
    return set(re.findall(r'id="figure-(\w+)"', text))


SHARED = {"posts", "people", "likes"}
ENGINES = {"queue", "lag", "night", "memory", "disk"}


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        ("administrator", {*SHARED, *ENGINES, "reports"}),
        ("moderator", {*SHARED, "reports"}),
        ("analyst", {*SHARED, *ENGINES}),
    ],
)
def test_each_role_sees_its_figures(role: str, wanted: set[str], client: Client, person: Any) -> None:
    assert shown(page(client, person, role)) == wanted


def test_the_figures_are_true(client: Client, person: Any, alice: User, bob: User) -> None:
    post = actions.publish(bob, "today")
    actions.publish(bob, "four days ago", at=timezone.now() - timedelta(days=4))
    actions.publish(bob, "long ago", at=timezone.now() - timedelta(days=60))
    actions.like(alice, post)
    actions.report(alice, person=bob, post=post, reason="spam")
    text = page(client, person, "administrator")
    found = dict(re.findall(r'id="figure-(\w+)">.*?figure-value">([^<]*)<', text, re.S))
    assert (found["posts"], found["likes"], found["reports"]) == ("3", "1", "1")
    days = figures.days() or []
    assert len(days) == 30
    assert [day.posts for day in days if day.posts] == [1, 1]
    assert (days[-1].people, days[-1].likes, days[-5].people) == (2, 1, 1)


def test_charts_have_a_table_and_no_style(client: Client, person: Any, bob: User) -> None:
    actions.publish(bob, "today")
    text = page(client, person, "moderator")
    drawn = re.findall(r'<figure class="by-day".*?</figure>', text, re.S)
    assert len(drawn) == 3
    for chart in drawn:
        assert chart.count("<rect") == 30
        assert chart.count('<th scope="row">') == 30
        assert "style=" not in chart
        assert 'role="img"' in chart


def test_the_front_page_is_chinese_for_who_reads_chinese(client: Client, person: Any) -> None:
    page(client, person, "moderator")
    text = client.get("/admin/", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert 'lang="zh-hans"' in text
    assert "庭院" in text


@pytest.mark.parametrize(
    ("state", "hours", "words", "worth_a_look"),
    [("promoted", 20, "20 hours ago", False), ("refused", 40, "1 day ago", True), ("failed", 1, "1 hour ago", True)],
)
def test_the_last_night_is_told(
    state: str, hours: float, words: str, worth_a_look: bool, client: Client, person: Any
) -> None:
    TrainingRun.objects.create(state="promoted", started_at=timezone.now() - timedelta(days=9))
    TrainingRun.objects.create(state=state, started_at=timezone.now() - timedelta(hours=hours, minutes=1))
    text = page(client, person, "administrator")
    told = re.search(r'id="figure-night".*?</li>', text, re.S)
    assert told is not None
    assert state in told.group()
    assert words in told.group()
    assert ("worth a look" in told.group()) is worth_a_look


def test_a_dead_broker_is_told(client: Client, person: Any, monkeypatch: Any) -> None:
    from socialsite.celery import app

    monkeypatch.setattr("socialsite.celery.app", type(app)("dead", broker="redis://127.0.0.1:1/0"))
    assert "the broker does not answer" in page(client, person, "administrator")


def test_only_the_admin_may_evaluate(client: Client, person: Any) -> None:
    page(client, person, "moderator")
    policy = client.get("/admin/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    elsewhere = client.get("/healthz")["Content-Security-Policy"]
    assert "unsafe" not in elsewhere


def test_bars_fit_the_drawing_whatever_the_values() -> None:
    today = timezone.localdate()
    for values in ([0] * 30, [1, *[0] * 29], [10**7] * 30, list(range(30))):
        chart = charts.by_day("x", "X", "x", [today] * 30, values)
        assert chart.top >= max(values)
        assert chart.top in {5, 10, 20, 50, 10**7}
        assert all(chart.ceiling <= bar.y and bar.y + bar.height <= chart.base + 0.2 for bar in chart.bars)
        assert chart.bars[-1].x + chart.bars[-1].width <= chart.width
