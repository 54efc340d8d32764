"""Folders that are whole or absent, also when a process is killed half-way; knows nothing of what is in them."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(lock_file: Path) -> Iterator[None]:
    """Only one process at a time in here; the others wait. The kernel frees the lock of a killed process."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    with lock_file.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def folder_written_whole(target: Path, *, force: bool = False) -> Iterator[Path | None]:
    """Yields an empty folder that becomes `target` when the block ends well, or None when `target` is there.

    A second process waits and then finds it there. What a killed process left is removed by the next one.
    """
    with exclusive(target.parent / f".{target.name}.lock"):
        unfinished = target.parent / f".{target.name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        if target.is_dir() and not force:
            yield None
            return
        unfinished.mkdir()
        yield unfinished
        _sync(unfinished)
        shutil.rmtree(target, ignore_errors=True)
        unfinished.rename(target)


def _sync(folder: Path) -> None:
    """A rename can reach the disk before the bytes it names: flush them first."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
