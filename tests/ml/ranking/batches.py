"""Builders for small cases: a batch of candidates from what differs from the ordinary, and unit vectors by axis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ml.ranking.candidate import Act, Candidates, Query
from ml.ranking.features import rows_of

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MODEL = "test/float32/00000000"
SIZE = 24
DEFAULTS: dict[str, Any] = {
    "author": 1, "language": "en", "likes": 0.0, "answers": 0.0, "reposts": 0.0, "answer": False, "group": 0,
    "readable": True, "length": 40.0, "warned": False, "recommendable": True, "author_followers": 5.0,
    "acted": False, "pictures": False, "muted_words": False, "age_hours": 1.0,
    "has_vector": True, "interest": 0.0, "interest_at": -1, "topic_interest": 0.0, "liked_like": 0.0,
    "topic_taste": 0.0, "refusal": 0.0, "friends": 0.0,
    "friend": 0, "affinity": 0.0, "shown_times": 0.0, "shown_hours_ago": 999.0, "feedback": 1.0,
    "acted_days_ago": 999.0, "refused": False, "score": 0.0, "tried": 0.0, "answered": 0.0,
}  # fmt: skip


def axis(*places: int) -> np.ndarray:
    """The unit vector between those axes, shape (SIZE,)."""
    vector = np.zeros(SIZE, dtype=np.float32)
    vector[list(places)] = 1
    return vector / np.linalg.norm(vector)


def batch(*posts: dict[str, Any], found_by: str = "rising") -> Candidates:
    """Candidates from what differs from DEFAULTS; ids count up from 1 unless given."""
    columns: dict[str, Any] = {}
    for name, default in DEFAULTS.items():
        columns[name] = np.array([post.get(name, default) for post in posts], dtype=object if default == "" else None)
    for name, default in (("topics", lambda i: ()), ("digest", lambda i: f"d{i}"), ("thread", lambda i: i + 1)):
        columns[name] = np.empty(len(posts), dtype=object)
        columns[name][:] = [post.get(name, default(i)) for i, post in enumerate(posts)]
    columns["thread"] = columns["thread"].astype(np.int64)
    columns["vector"] = np.stack([post.get("vector", np.zeros(SIZE, dtype=np.float32)) for post in posts])
    sources = dict.fromkeys(name for post in posts for name in post.get("found_by", [found_by]))
    found = {name: np.array([name in post.get("found_by", [found_by]) for post in posts]) for name in sources}
    ids = np.array([post.get("id", i + 1) for i, post in enumerate(posts)], dtype=np.int64)
    return Candidates(ids, found, {}, columns)


def query(**facts: Any) -> Query:
    return Query(**{"viewer_id": 100, "now": NOW, "limit": 50, "seed": 1, **facts})


def row_of(asked: Query | None = None, **facts: Any) -> np.ndarray:
    return rows_of(asked or query(), batch(facts))


def acted(*posts: int, kind: str = "like") -> tuple[Act, ...]:
    return tuple(Act(kind, post, 50 + post, NOW - timedelta(hours=hours)) for hours, post in enumerate(posts))


def known(*posts: int) -> dict[int, np.ndarray]:
    return {post: axis(post % SIZE) for post in posts}
