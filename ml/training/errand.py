"""A night in a process of its own, so that its memory is given back and its crash harms nobody. Knows no step of it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Final

import structlog
from django.conf import settings

from ml.training.diary import AlreadyRunning, alone, bury_dead

LINES: Final = 20  # of what it said last, kept for the log
log = structlog.get_logger(__name__)


def command(by_id: int | None = None) -> list[str]:
    by = ["--by-id", str(by_id)] if by_id is not None else []
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), "ranker", "train", "--no-progress", *by]


def train_apart(words: list[str]) -> int:
    """Run a night and wait for it; its exit status. One that was killed is marked failed at once."""
    done: subprocess.CompletedProcess[Any] = subprocess.run(  # noqa: S603 - words of our own
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    said = done.stdout.strip().splitlines()[-LINES:]
    log.info("night_ended", status=done.returncode, said=said)
    try:
        with alone():
            bury_dead()
    except AlreadyRunning:
        pass  # another one goes on: whatever runs is that
    return done.returncode
