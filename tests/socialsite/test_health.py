"""The probes and the log: what they say when all is well, and when PostgreSQL or Redis is dead."""

from __future__ import annotations

import io
import json
import logging.config
from typing import Any
from unittest.mock import patch

import pytest
import structlog
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.test import Client

from accounts.models import User
from socialsite import health, logs

DEAD = "redis://127.0.0.1:1/0"
READY = {"ready": True, "database": "ok", "ranker": "hand-set recipe"}


@pytest.fixture
def dead_redis(settings: Any) -> None:
    cache = settings.CACHES["default"]
    options = {**cache["OPTIONS"], "CONNECTION_POOL_KWARGS": {}}
    settings.CACHES = {"default": {**cache, "LOCATION": DEAD, "OPTIONS": options}}


def test_all_is_well(client: Client, db: None) -> None:
    assert client.get("/healthz").content == b"alive"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {**READY, "redis": "ok"})


def test_without_redis_the_process_stays_in_service(client: Client, db: None, dead_redis: None) -> None:
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {**READY, "redis": "unreachable"})


def test_without_redis_staff_still_work(client: Client, person: Any, dead_redis: None) -> None:
    client.force_login(person("ines", is_staff=True, is_superuser=True))
    assert client.get("/admin/").status_code == 200


def test_without_postgresql_the_process_lives_but_is_not_ready(client: Client, db: None, settings: Any) -> None:
    """A real connection to a port where nobody listens, in place of the site's own."""
    from django.db.backends.postgresql.base import DatabaseWrapper

    nowhere = {**settings.DATABASES["default"], "HOST": "127.0.0.1", "PORT": "1", "OPTIONS": {"connect_timeout": 2}}
    nowhere |= {"TIME_ZONE": None, "AUTOCOMMIT": True, "ATOMIC_REQUESTS": False, "TEST": {}}
    with patch.object(health, "connection", DatabaseWrapper(nowhere)):
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert answer.json()["database"] == OperationalError.__name__


def test_migrations_to_run_keep_the_process_out(client: Client, db: None) -> None:
    with patch.object(health, "_migrated", False), patch.object(health, "_pending_migrations", lambda: 2):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "2 migrations to run")


@pytest.fixture
def written() -> Any:
    """The JSON log as the site writes it with LOG_FORMAT=json, caught line by line."""
    stream = io.StringIO()
    setup = logs.configure("INFO", "json")
    setup["handlers"]["console"]["stream"] = stream
    logging.config.dictConfig(setup)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
    structlog.contextvars.clear_contextvars()


def test_each_answer_names_its_line_in_the_log(client: Client, alice: User, written: Any) -> None:
    client.force_login(alice)
    answer = client.get("/you/settings?q=my+secret+search", headers={"X-Request-ID": "forged"})
    line = next(line for line in written() if line["event"] == "request_finished")
    assert line["request_id"] == answer["X-Request-ID"] != "forged"
    assert line["user_id"] == alice.pk
    assert (line["code"], line["request"]) == (answer.status_code, "GET /you/settings")
    everything = json.dumps(written())
    for private in (alice.email, "secret", "127.0.0.1"):
        assert private not in everything


def test_links_that_are_secrets_are_not_logged(client: Client, db: None, written: Any) -> None:
    client.get("/accounts/password/reset/key/1a-c0ffee-very-secret/")
    assert "c0ffee" not in json.dumps(written())


def test_a_failure_names_its_line_too(client: Client, alice: User, written: Any) -> None:
    client.raise_request_exception = False
    with patch("socialsite.health._redis", side_effect=RuntimeError("broken")):
        answer = client.get("/readyz")
    assert got_request_exception.has_listeners()
    assert answer.status_code == 500
    line = next(line for line in written() if line["event"] == "request_failed")
    assert line["request_id"] == answer["X-Request-ID"]
    assert "RuntimeError: broken" in line["exception"]
