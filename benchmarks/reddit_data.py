"""Threads of r/technology as they stood when somebody was about to join: what was known then. Knows no model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

MONTHS = ("technology_201501.data", "technology_201502.data", "technology_201504.data")
MAY = "technology_201505_valid.data"
NOBODY = ("null", "[deleted]")  # accounts that are gone, all under one name
CHARACTERS = 256  # of a message that are read


@dataclass(frozen=True)
class Message:
    """`place` among all messages; `answers` is the person answered, "" for none."""

    place: int
    thread: str
    person: str
    answers: str
    at: float
    text: str


@dataclass
class Thread:
    """Messages by time; `joins` are the people who write later, where the data says so instead of showing it."""

    name: str
    messages: list[Message] = field(default_factory=list)
    joins: set[str] = field(default_factory=set)


def read(folder: Path) -> tuple[list[Message], dict[str, Thread], dict[str, Thread]]:
    """All messages, the threads of January, February and April, and those of May with the names of who joins."""
    lines = [line for name in MONTHS for line in _lines(folder / name)]
    may = list(_lines(folder / MAY))
    messages = _messages([line for line in lines + may if len(line) == 9])
    past, later = _threads(messages[: len(lines)]), _threads(messages[len(lines) :])
    for line in may:
        if len(line) == 2 and line[0] in later:
            later[line[0]].joins = {name for name in line[1].split() if name not in NOBODY}
    return messages, past, later


def _lines(path: Path) -> Iterable[list[str]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n").split("\t")


def _messages(lines: list[list[str]]) -> list[Message]:
    author = {line[1]: line[5] for line in lines}
    return [
        Message(place, line[0], line[5], author.get(line[2], ""), float(line[6]), line[3][:CHARACTERS])
        for place, line in enumerate(lines)
    ]


def _threads(messages: Iterable[Message]) -> dict[str, Thread]:
    threads: dict[str, Thread] = {}
    for message in messages:
        threads.setdefault(message.thread, Thread(message.thread)).messages.append(message)
    for thread in threads.values():
        thread.messages.sort(key=lambda message: (message.at, message.place))
    return threads
