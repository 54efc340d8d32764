"""The night as the worker runs it: `ml.retrain` starts the real command in a real process, on this very database."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest
from django.conf import settings
from django.db import close_old_connections, connection

from ml import registry
from ml.models import ModelVersion, TrainingRun
from ml.tasks import retrain
from ml.training import told
from tests.ml.training.conftest import Site

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def same_engines(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Processes that are started find the database of the tests, and the folders of this one."""
    params = connection.get_connection_params()
    where = {name: params[name] for name in ("host", "port", "user", "password") if params.get(name)}
    monkeypatch.setenv("DATABASE_URL", f"postgres:///{params['dbname']}?{urlencode(where)}")
    monkeypatch.setenv("REDIS_URL", settings.REDIS)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))


def nights() -> list[psutil.Process]:
    """The processes of nights that this one started."""
    return [one for one in psutil.Process().children() if "ranker" in one.cmdline()]


def until(true: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_the_task_says_too_little_on_an_empty_site(site: Site) -> None:
    boss = site.person("boss")
    retrain(by_id=boss.pk)
    run = TrainingRun.objects.get()
    assert (run.state, run.by, run.version) == ("too_little", boss, None)
    assert told.words(run.message).startswith("Nobody who allows it was shown anything yet.")
    assert run.ended_at is not None
    assert registry.serving_ranker() == ""


def test_two_nights_at_once_are_one_that_ends_with_a_decision(site: Site) -> None:
    """The second leaves at once, starts no run, and does not take the first for dead; the first goes on to its end."""
    site.live(pages=260, shown=6)

    def work() -> None:
        try:
            retrain()
        finally:
            close_old_connections()
            connection.close()

    first = threading.Thread(target=work)
    first.start()
    try:
        until(lambda: TrainingRun.objects.filter(state="running").exists())
        (night,) = nights()
        night.suspend()  # in the middle of its night, however quick this machine is
        retrain()
        assert TrainingRun.objects.get().state == "running"
        night.resume()
    finally:
        for night in nights():
            night.resume()
        first.join(120)
    run = TrainingRun.objects.get()
    assert run.state in ("promoted", "refused"), told.words(run.message)
    assert run.version == ModelVersion.objects.get(kind="ranker")
    assert (registry.ranker_folder(run.version.name) / "model.onnx").exists()
    assert told.words(run.message)
    assert nights() == []
    assert list((Path(settings.VAR_DIR) / "training").iterdir()) == []
