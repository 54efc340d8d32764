"""How far a night is, kept in the database, and that only one night goes on at a time. Knows nothing of learning."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from ml.models import ModelVersion, TrainingRun
from ml.training import told

LOCK: Final = 0x52414E4B4552  # of PostgreSQL's advisory locks, the site's own
WRITTEN_EVERY: Final = 1.0  # seconds
State = TrainingRun.State


class AlreadyRunning(Exception):
    """Another night goes on."""


class Stopped(BaseException):
    """Whoever started this is gone, or told it to end. Not an error of the night."""


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock of the night, which ends with the connection however the process ends. Raises `AlreadyRunning`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise AlreadyRunning
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def bury_dead() -> int:
    """Mark the runs that ended without a word. Only for whoever holds the lock: then none of them can be alive."""
    return TrainingRun.objects.filter(state=State.RUNNING).update(
        state=State.FAILED, message=told.as_json(told.DIED), ended_at=timezone.now()
    )


@dataclass
class Diary:
    """Writes down how far a run is, at most once a second, and shows it. Called as (step, done, of)."""

    run: TrainingRun
    show: Callable[[str, int, int], None] = lambda step, done, of: None
    parent: int = field(default_factory=os.getppid)
    _written: tuple[str, float] = ("", float("-inf"))

    @classmethod
    def begin(cls, by: Any = None, show: Callable[[str, int, int], None] | None = None) -> Diary:
        diary = cls(TrainingRun.objects.create(by=by))
        if show is not None:
            diary.show = show
        return diary

    def __call__(self, step: str, done: int, of: int) -> None:
        """Raises `Stopped` when the process that started this one is gone."""
        if os.getppid() != self.parent:
            raise Stopped
        self.show(step, done, of)
        name = step.partition(":")[0]
        if name == self._written[0] and monotonic() - self._written[1] < WRITTEN_EVERY:
            return
        self._written = (name, monotonic())
        row = TrainingRun.objects.filter(pk=self.run.pk)
        row.update(step=step[:60], done=max(done, 0), of=max(of, 0), beat_at=timezone.now())

    def training(self, message: str, done: int, of: int) -> None:
        """What a training says of itself, as one step of the night."""
        self(f"train: {message}", done, of)

    def end(self, state: str, code: str, facts: Mapping[str, Any], version: ModelVersion | None = None) -> TrainingRun:
        """How it ended, as a code and facts of `told`, to be worded for whoever reads it."""
        self.run.state, self.run.message, self.run.version = state, told.as_json(code, **facts), version
        self.run.ended_at = self.run.beat_at = timezone.now()
        self.run.save(update_fields=["state", "message", "version", "ended_at", "beat_at"])
        return self.run
