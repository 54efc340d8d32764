"""Reads the town's files: who lives there, what they wrote, and when. Pure: it knows no table."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "town"
DAYS = 30
PARTS = ("en", "zh")


@dataclass(frozen=True)
class Person:
    """One of the townspeople. `tastes` (topic to weight, 0 to 1) are the truth behind their simulated acts."""

    name: str
    display: str
    bio: str
    languages: list[str]
    tastes: dict[str, float]
    dislikes: list[str] = field(default_factory=list)
    voice: str = ""
    activity: float = 0.5
    links: list[dict[str, str]] = field(default_factory=list)
    featured: bool = False
    tagline: str = ""
    role: str = ""

    def taste_for(self, topic: str | None) -> float:
        return self.tastes.get(topic or "", 0.0)

    def liking(self, topic: str | None) -> float:
        """The taste that they act by: none for what they dislike."""
        return 0.0 if topic in self.dislikes else self.taste_for(topic)


@dataclass(frozen=True)
class Words:
    """A post or a comment as written in the files. `at` is when; `to` names what it answers, `quote` what it quotes."""

    key: str
    by: str
    text: str
    topic: str | None
    lang: str
    at: datetime
    to: str | None = None
    quote: str | None = None
    group: str | None = None
    cw: str = ""
    visibility: str = "public"
    image: dict[str, str] | None = None
    mood: str = "neutral"
    note: str = ""


class Town:
    """Everything in the files, dated so that the newest post is `minutes_ago` old at `now`.

    `pace` stretches the thirty days in which the posts are written: 1.1 makes thirty-three of them.
    """

    def __init__(self, now: datetime, minutes_ago: int = 3, pace: float = 1.0) -> None:
        self.now = now
        self.topics: list[dict[str, Any]] = _lines(FOLDER / "topics.jsonl")
        self.people = [Person(**row) for part in PARTS for row in _lines(FOLDER / part / "people.jsonl")]
        self.groups: list[dict[str, Any]] = [row for part in PARTS for row in _lines(FOLDER / part / "groups.jsonl")]
        rows = [row for part in PARTS for row in _lines(FOLDER / part / "posts.jsonl")]
        latest = max(_offset(row) for row in rows) * pace
        start = now - timedelta(minutes=minutes_ago) - latest
        self.posts = sorted((_post(row, start, pace) for row in rows), key=lambda post: post.at)
        self.comments = self._comments()

    @cached_property
    def person(self) -> dict[str, Person]:
        return {person.name: person for person in self.people}

    @cached_property
    def topic_of(self) -> dict[str, str | None]:
        """The dominant subject of each post and, by its thread, of each comment: the simulator's own key."""
        known = {post.key: post.topic for post in self.posts}
        for comment in self.comments:
            known[comment.key] = known[comment.to or ""]
        return known

    def _comments(self) -> list[Words]:
        """Comments in the order in which they can be written; one that would lie in the future is moved before now."""
        when = {post.key: post.at for post in self.posts}
        rows = [row for part in PARTS for row in _lines(FOLDER / part / "comments.jsonl")]
        language = {post.key: post.lang for post in self.posts}
        done: list[Words] = []
        while rows:
            later = []
            for row in rows:
                if row["to"] not in when:
                    later.append(row)
                    continue
                parent_at = when[row["to"]]
                at = parent_at + timedelta(minutes=row["minutes"])
                if at >= self.now:
                    at = parent_at + (self.now - parent_at) * (0.2 + 0.7 * row["minutes"] / 900)
                when[row["key"]] = at
                language[row["key"]] = row.get("lang") or language[row["to"]]
                done.append(_words(row, at, language[row["key"]]))
            if len(later) == len(rows):
                raise ValueError(f"comments answer something unknown: {[row['key'] for row in later][:5]}")
            rows = later
        return sorted(done, key=lambda comment: comment.at)


def matches(person: Person, topic: str | None) -> bool:
    """The right answer of the simulator: whether a post about `topic` is to this person's taste."""
    return person.taste_for(topic) >= 0.3


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _offset(row: dict[str, Any]) -> timedelta:
    hours, minutes = map(int, row["time"].split(":"))
    return timedelta(days=row["day"], hours=hours, minutes=minutes)


def _post(row: dict[str, Any], start: datetime, pace: float) -> Words:
    return _words(row, start + _offset(row) * pace, row["lang"])


def _words(row: dict[str, Any], at: datetime, lang: str) -> Words:
    known = {
        name: row[name]
        for name in ("to", "quote", "group", "cw", "visibility", "image", "mood", "note")
        if row.get(name)
    }
    return Words(key=row["key"], by=row["by"], text=row["text"], topic=row.get("topic"), lang=lang, at=at, **known)
