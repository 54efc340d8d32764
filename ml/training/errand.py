"""A night in a process of its own, so that its memory is given back and its crash harms nobody. Knows no step of it."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from ml.models import TrainingRun
from ml.training import told
from ml.training.diary import AlreadyRunning, alone, bury_dead

LINES: Final = 20  # of what it said last, kept for the log
LONGEST_SECONDS: Final = 4 * 60 * 60  # a worker's thread has no limit of its own, and a night that hangs holds the lock
log = structlog.get_logger(__name__)


def command(by_id: int | None = None) -> list[str]:
    by = ["--by-id", str(by_id)] if by_id is not None else []
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), "ranker", "train", "--no-progress", *by]


def train_apart(words: list[str], by_id: int | None = None, longest: float = LONGEST_SECONDS) -> int:
    """Run a night and wait for it; its exit status. One that was killed is marked failed at once, and one that died
    before it could write down that it began, or was turned away by no other night, is written down here."""
    started = timezone.now()
    status, said = _run(words, longest)
    log.info("night_ended", status=status, said=said)
    try:
        with alone():
            bury_dead()
    except AlreadyRunning:
        pass  # another one goes on: whatever runs is that
    since = Q(started_at__gte=started) | Q(ended_at__gte=started) | Q(state=TrainingRun.State.RUNNING)
    if status != 0 and not TrainingRun.objects.filter(since).exists():
        _write_down(started, by_id, said)
    return status


def _run(words: list[str], longest: float) -> tuple[int, list[str]]:
    """The exit status and the last lines; -9 for one that took too long."""
    with subprocess.Popen(  # noqa: S603 - words of our own
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        try:
            said = process.communicate(timeout=longest)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            said = process.communicate()[0]
    return process.returncode, said.strip().splitlines()[-LINES:]


def _write_down(started: datetime, by_id: int | None, said: list[str]) -> None:
    error = said[-1] if said else "no word"
    TrainingRun.objects.create(
        state=TrainingRun.State.FAILED,
        message=told.as_json(told.FAILED, error=error[:500]),
        by_id=by_id,
        started_at=started,
        ended_at=timezone.now(),
    )
