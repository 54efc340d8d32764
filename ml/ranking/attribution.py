"""Which of a person's acts moved the score of a post most: each is left out once, and asked again (occlusion).

Left out of all that is made of it: the history the model reads, and the numbers of the row (`leaving_out`). One batch
for all acts. Against attention and integrated gradients: benchmarks/explanation.py. Knows no page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from ml.ranking import viewer, weights
from ml.ranking.candidate import Candidates, Floats, Query
from ml.ranking.features import NAMES
from ml.ranking.heads import HEADS
from ml.ranking.history import KINDS, History, history_of
from ml.ranking.home import home
from ml.ranking.learned import Learned, load
from ml.ranking.leaving_out import differences
from ml.ranking.scorers import Unfit, taken_away
from ml.registry.rankers import NAME as NAME_OF_RANKER

SAID: Final = 3  # acts that are named …
LEAST_SHARE: Final = 0.05  # … if they moved at least this share of what all acts moved
LEAST: Final = 0.001  # of a score
# As the home page hydrates, but for what was shown: it says nothing of acts, and costs most.
OF_THE_VIEWER: Final = tuple(one for one in home().query_hydrators if not isinstance(one, viewer.Impressions))
OF_THE_POST: Final = tuple(home().hydrators)


@dataclass(frozen=True)
class Moved:
    """One act, and by how much the score would fall without it; below zero: it spoke against the post."""

    post_id: int
    kind: str  # of history.KINDS
    at: datetime
    by: float


def moved(
    model: Learned,
    history: History,
    vector: Floats,
    author: int,
    row: Floats,
    less: Floats,
    table: Mapping[str, float],
) -> Floats:
    """For each of h acts the score with all of them less the score without it, (h,).

    vector (d,), author a bucket, row (F,), less (h, F): by how much the row differs without each act.
    """
    acts = len(history)
    masks = np.ones((1 + acts, acts), dtype=np.bool_)
    masks[np.arange(1, 1 + acts), np.arange(acts)] = False
    rows = np.concatenate([row[None], row[None] + less])
    authors = np.array([author], dtype=np.int64)
    chances = model.ask(masks, history, vector[None], authors, rows[:, None])[:, 0]
    terms = model.scale_by(table) * chances * np.array([table[head] for head in HEADS], dtype=np.float32)
    gained = np.maximum(terms, 0).sum(axis=1)
    scores = terms.sum(axis=1) + sum(taken_away(gained, rows, shown_factor=1.0).values())
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
    """The acts that counted most, from the history as it stood when this was scored; empty where no trained model
    scored it, its artifact is gone, or the person does not let the site learn (any more)."""
    if not NAME_OF_RANKER.fullmatch(impression.model_version):
        return []
    try:
        model = load(impression.model_version)
    except Unfit:
        return []
    query = Query(viewer_id=impression.person_id, now=impression.scored_at)
    return of_post(model, query, impression.post_id, row_logged(impression.features))


def of_post(model: Learned, query: Query, post_id: int, row: Floats) -> list[Moved]:
    """The same for a post and its row as it was logged, (F,). Asks the database for all else: some ten queries."""
    history, by = each_act(model, query, post_id, row)
    return named(history, by, query.now)


def each_act(model: Learned, query: Query, post_id: int, row: Floats) -> tuple[History, Floats]:
    """The history that the model read, and by how much the score would fall without each of its h acts, (h,)."""
    for hydrate in OF_THE_VIEWER:
        hydrate(query)
    nothing = History(), np.zeros(0, dtype=np.float32)
    if query.model and query.model != model.encoder:
        return nothing  # the vectors of today are not those it was scored by
    candidates = Candidates(np.array([post_id], dtype=np.int64))
    for hydrator in OF_THE_POST:
        candidates = candidates.having(hydrator(query, candidates))
    history = history_of(query)
    if not len(history):
        return nothing
    acts = [(KINDS[kind], post) for kind, post in zip(history.kinds.tolist(), history.ids, strict=True)]
    less = differences(query, candidates, acts)[:, 0]
    vectors, authors = model.inputs(query, candidates)
    table = weights.at(query.now)
    return history, moved(model, history, vectors[0], int(authors[0]), row, less, table)


def row_logged(features: Mapping[str, Any]) -> Floats:
    """The row as it was logged, (F,); NaN for a number that was not logged then."""
    return np.array([features.get(name, np.nan) for name in NAMES], dtype=np.float32)
