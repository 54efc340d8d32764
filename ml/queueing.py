"""Handing work to the workers without ever making a page wait for a broker that is gone; knows no task by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any

import structlog
from celery import Task
from django.utils import timezone
from kombu.pools import producers

from ml.conf import FORGOTTEN_AFTER, LEARN_AFTER
from ml.models import Learner

CLOSED_SECONDS = 5.0
IMPATIENT = {"max_retries": 0, "socket_connect_timeout": 0.5, "socket_timeout": 1.0}  # seconds
log = structlog.get_logger(__name__)
_closed_until = float("-inf")


def queue(task: Task, *args: Any, after: float = 0.0) -> bool:
    """Queue a task; whether the broker took it. One that cannot be reached is left alone for five seconds (a circuit
    breaker), so that only one request in that time pays for it; the sweeps find what was not queued."""
    global _closed_until
    if monotonic() < _closed_until:
        return False
    try:
        # A connection of its own kind: kombu gives up here at once, where a worker tries again for ever.
        connection = task.app.connection_for_write(transport_options=IMPATIENT)
        with producers[connection].acquire(block=True, timeout=1) as producer:
            task.apply_async(args, countdown=after or None, retry=False, ignore_result=True, producer=producer)
    except Exception as error:  # whatever a broker's client may raise
        _closed_until = monotonic() + CLOSED_SECONDS
        log.warning("broker_unreachable", task=task.name, error=repr(error))
        return False
    return True


def learn_soon(person_id: int, task: Task) -> None:
    """Note that the person did something, and queue `task(person_id)` unless it is queued already.

    Twenty quick likes queue one task. One that was queued long ago and did not run is taken for lost.
    """
    now = timezone.now()
    learner, _new = Learner.objects.get_or_create(pk=person_id)
    waiting = learner.stale_since is not None and now - learner.stale_since < FORGOTTEN_AFTER
    Learner.objects.filter(pk=person_id).update(stale_since=now)
    if not waiting and not queue(task, person_id, after=LEARN_AFTER):
        Learner.objects.filter(pk=person_id).update(stale_since=now - FORGOTTEN_AFTER)  # the next act asks again


def take_stale(person_id: int, learn: Callable[[int], Any]) -> bool:
    """Learn from a person who did something since the last time. Whether they did more meanwhile: then do it again."""
    seen: datetime | None = Learner.objects.filter(pk=person_id).values_list("stale_since", flat=True).first()
    if seen is None:
        return False
    learn(person_id)
    return not Learner.objects.filter(pk=person_id, stale_since=seen).update(stale_since=None)


def settle(person_id: int, learn: Callable[[int], Any]) -> None:
    """Learn from a person at once, and note that nothing is waiting any more."""
    seen = Learner.objects.filter(pk=person_id).values_list("stale_since", flat=True).first()
    learn(person_id)
    Learner.objects.filter(pk=person_id, stale_since=seen).update(stale_since=None)


def close_nothing() -> None:
    """Try the broker again at the next call."""
    global _closed_until
    _closed_until = float("-inf")
