"""Which of a person's acts moved the score of a post most: each is left out once, and asked again (occlusion).

One batch for all acts. Against attention and integrated gradients: benchmarks/explanation.py. Knows no page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from ml.embedding.nearest import vectors_of
from ml.ranking import weights
from ml.ranking.candidate import Floats, Query
from ml.ranking.features import NAMES
from ml.ranking.heads import HEADS
from ml.ranking.history import KINDS, LENGTH, History, bucket, history_of
from ml.ranking.learned import Learned, load
from ml.ranking.scorers import Unfit
from ml.ranking.viewer import Acts, Relations
from ml.registry.rankers import NAME as NAME_OF_RANKER

SAID: Final = 3  # acts that are named …
LEAST_SHARE: Final = 0.05  # … if they moved at least this share of what all acts moved
LEAST: Final = 0.001  # of a score


@dataclass(frozen=True)
class Moved:
    """One act, and by how much the score would fall without it; below zero: it spoke against the post."""

    post_id: int
    kind: str  # of history.KINDS
    at: datetime
    by: float


def moved(
    model: Learned, history: History, vector: Floats, author: int, row: Floats, table: Mapping[str, float]
) -> Floats:
    """For each of h acts the score with all of them less the score without it, (h,). vector (d,), author a bucket,
    row (F,)."""
    acts = len(history)
    masks = np.ones((1 + acts, acts), dtype=np.bool_)
    masks[np.arange(1, 1 + acts), np.arange(acts)] = False
    authors = np.array([author], dtype=np.int64)
    chances = model.ask(masks, history, vector[None], authors, row[None])[:, 0]
    scores = model.scale * (chances @ np.array([table[head] for head in HEADS], dtype=np.float32))
    return np.asarray(scores[0] - scores[1:], dtype=np.float32)


def named(history: History, by: Floats, now: datetime) -> list[Moved]:
    """The few acts that moved most, the weightiest first; none where none moved anything."""
    total = float(np.abs(by).sum())
    found = []
    for place in np.argsort(-np.abs(by), kind="stable")[:SAID].tolist():
        if abs(by[place]) >= max(LEAST_SHARE * total, LEAST):
            at = now - timedelta(hours=float(history.age_hours[place]))
            found.append(Moved(history.ids[place], KINDS[history.kinds[place]], at, float(by[place])))
    return found


def of_impression(impression: Any) -> list[Moved]:
    """The acts that counted most when this was shown, from the history as it stood then; empty where no trained model
    scored it, its artifact is gone, or the person does not let the site learn (any more)."""
    if not NAME_OF_RANKER.fullmatch(impression.model_version):
        return []
    try:
        model = load(impression.model_version)
    except Unfit:
        return []
    query = Query(viewer_id=impression.person_id, now=impression.shown_at)
    Relations()(query)
    Acts()(query)
    return of_post(model, query, impression.post_id, impression.post.author_id, row_logged(impression.features))


def of_post(model: Learned, query: Query, post_id: int, author: int, row: Floats) -> list[Moved]:
    """The same for a query whose acts are known; reads the vectors, in one query."""
    done = [act.post_id for act in query.acts] + [one.post_id for one in query.said if one.post_id]
    wanted = list(dict.fromkeys(done))[: 4 * LENGTH]
    ids, vectors = vectors_of([*wanted, post_id], model.encoder)
    query.vector_of = dict(zip(ids, vectors, strict=True))
    history = history_of(query)
    if not len(history):
        return []
    vector = query.vector_of.get(post_id, np.zeros(model.dimensions, dtype=np.float32))
    by = moved(model, history, vector, bucket(author), row, weights.at(query.now))
    return named(history, by, query.now)


def row_logged(features: Mapping[str, Any]) -> Floats:
    """The row as it was logged, (F,); NaN for a number that was not logged then."""
    return np.array([features.get(name, np.nan) for name in NAMES], dtype=np.float32)
