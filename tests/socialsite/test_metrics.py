"""What Prometheus reads: true figures, for those who may, also while a part of the site is down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import User
from feed import actions
from socialsite import figures
from socialsite.celery import app


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    figures.forget()
    yield
    figures.forget()


def gauges(client: Client, **headers: str) -> dict[str, float]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            found[sample.name + "".join(f"/{value}" for value in sample.labels.values())] = sample.value
    return found


def test_the_figures_are_those_of_the_site(client: Client, alice: User, bob: User) -> None:
    post = actions.publish(bob, "first", at=timezone.now() - timedelta(minutes=5))
    actions.publish(alice, "second")
    actions.report(alice, person=bob, post=post, reason="spam")
    found = gauges(client)
    assert found["courtyard_posts"] == 2
    assert found["courtyard_people"] == 2
    assert found["courtyard_reports_open"] == 1
    assert found["courtyard_up/database"] == found["courtyard_up/broker"] == 1
    assert found["courtyard_queue_length/celery"] >= 0


def test_posts_without_vector_and_their_age(client: Client, bob: User, monkeypatch: Any) -> None:
    post = actions.publish(bob, "first", at=timezone.now() - timedelta(minutes=5))
    monkeypatch.setattr("ml.registry.encoders_to_fill", list)
    assert gauges(client)["courtyard_posts_without_vector"] == 1
    monkeypatch.setattr("ml.registry.encoders_to_fill", lambda: ["some-encoder"])
    figures.forget()
    found = gauges(client)
    assert found["courtyard_posts_without_vector"] == 1
    assert 295 < found["courtyard_oldest_without_vector_seconds"] < 330
    from ml.models import PostVector

    PostVector.objects.create(post=post, model="some-encoder", vector=[1.0, 0.0], digest="d")
    figures.forget()
    assert gauges(client)["courtyard_posts_without_vector"] == 0


def test_tasks_waiting_are_counted(client: Client, db: None) -> None:
    with app.connection_for_write() as broker:
        name = "courtyard-test-queue"
        queue = broker.SimpleQueue(name)
        try:
            queue.put({"n": 1})
            queue.put({"n": 2})
            app.amqp.queues.add(name)
            figures.forget()
            assert gauges(client)[f"courtyard_queue_length/{name}"] == 2
        finally:
            app.amqp.queues.pop(name, None)
            queue.clear()
            queue.queue.delete()
            queue.close()


def test_a_scrape_is_remembered_for_some_seconds(client: Client, bob: User) -> None:
    actions.publish(bob, "first")
    assert gauges(client)["courtyard_posts"] == 1
    actions.publish(bob, "second")
    assert gauges(client)["courtyard_posts"] == 1


def test_a_dead_broker_leaves_the_other_gauges(client: Client, bob: User, monkeypatch: Any) -> None:
    actions.publish(bob, "first")
    dead = type(app)("dead", broker="redis://127.0.0.1:1/0")
    monkeypatch.setattr("socialsite.celery.app", dead)
    found = gauges(client)
    assert found["courtyard_up/broker"] == 0
    assert found["courtyard_posts"] == 1
    assert not any(name.startswith("courtyard_queue_length") for name in found)


def test_requests_are_counted_by_view_not_by_address(client: Client, alice: User) -> None:
    client.get("/healthz")
    before = gauges(client)["courtyard_requests_total/GET/200/healthz"]
    client.get("/healthz")
    assert gauges(client)["courtyard_requests_total/GET/200/healthz"] == before + 1
    client.get("/@alice")
    assert not any("alice" in name for name in gauges(client))


@pytest.mark.parametrize("given", ["", "Bearer wrong", "Bearer ", "right", "Bearer вася"])
def test_a_token_guards_the_figures(given: str, client: Client, db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = "right one"
    assert client.get("/metrics", headers={"Authorization": given.encode().decode("latin1")}).status_code == 403
    assert gauges(client, Authorization="Bearer right one")


def test_without_a_token_only_this_machine_and_no_proxy(client: Client, db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.5").status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    assert client.get("/metrics").status_code == 200


def test_what_exploring_costs_is_told(client: Client, alice: User, bob: User) -> None:
    from uuid import uuid4

    from feed.models import Impression, Outcome

    request = uuid4()
    for place, kind in ((10, "interest"), (11, "explore"), (12, "interest")):
        post = actions.publish(bob, f"at {place}")
        made = Impression.objects.create(
            person=alice, post=post, request_id=request, position=place, reason={"kind": kind}
        )
        if place == 10:
            Outcome.objects.create(impression=made, kind="like")
    found = gauges(client)
    assert found["courtyard_exploration_impressions/explored"] == 1
    assert found["courtyard_exploration_rate/explored"] == 0
    assert found["courtyard_exploration_rate/beside_explored"] == 0.5
    assert "courtyard_exploration_rate/new_voices" not in found
