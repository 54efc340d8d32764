"""Rows of numbers in, named terms out; the score is their sum. No scorer lets one post's score depend on another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from typing import Final, Protocol

import numpy as np
import structlog
from prometheus_client import Counter

from ml.ranking import steering
from ml.ranking.candidate import Candidates, Column, Floats, Query
from ml.ranking.features import NAMES, rows_of

FRIENDS_SATURATE: Final = 2.0  # so many people followed who liked it make 63 % of what any number of them can
SHOWN_FACTOR: Final = 0.6  # of what speaks for a post remains each time it was shown in vain
FALLBACKS: Final = Counter(
    "courtyard_ranker_fallbacks_total", "Pages scored by the hand-set recipe instead of the chosen ranker", ["reason"]
)
log = structlog.get_logger(__name__)


class Unfit(Exception):
    """A model that cannot score; `reason` is one word for the counter, the message says it plainly."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Model(Protocol):
    """What turns candidates and their rows, shape (n, len(NAMES)), into named terms of n numbers each.

    The terms of a candidate depend on the query and on that candidate alone. May raise `Unfit`.
    """

    @property
    def version(self) -> str: ...

    def terms(self, query: Query, candidates: Candidates, rows: Floats) -> Mapping[str, Floats]: ...


@dataclass(frozen=True)
class HandSet:
    """The hand-set recipe: weight × number for each plain term, then what is taken away from what was gained."""

    weights: Mapping[str, float]
    version: str = field(init=False)

    def __post_init__(self) -> None:
        digest = sha256(dumps(dict(self.weights), sort_keys=True).encode()).hexdigest()[:8]
        object.__setattr__(self, "version", f"home-recipe/{digest}")

    def terms(self, query: Query, candidates: Candidates, rows: Floats) -> Mapping[str, Floats]:
        return self.of_rows(rows)

    def of_rows(self, rows: Floats) -> Mapping[str, Floats]:
        """The terms of rows alone, such as were logged. A number that is not finite counts as none."""
        rows = np.nan_to_num(rows, posinf=0, neginf=0)
        number = {name: rows[:, place] for place, name in enumerate(NAMES)}
        weight = self.weights
        terms = {
            "interest": weight["interest"] * number["interest"],
            "liked_like": weight["liked_like"] * number["liked_like"],
            "topic_taste": weight["topic_taste"] * number["topic_taste"],
            "topic_interest": weight["topic_interest"] * number["topic_interest"],
            "refusal": weight["refusal"] * np.maximum(number["refusal"] - weight["refusal_floor"], 0),
            "follows_author": weight["follows_author"] * number["follows_author"],
            "affinity": weight["affinity"] * number["affinity"],
            "friends": weight["friends"] * (1 - np.exp(-number["friends"] / FRIENDS_SATURATE)),
            "topic_followed": weight["topic_followed"] * number["topic_followed"],
            "group_joined": weight["group_joined"] * number["group_joined"],
            "freshness": weight["freshness"] * number["freshness"],
            "quality": weight["quality"] * number["quality"],
            "language": weight["language"] * number["language_read"],
            "answer": weight["answer"] * number["answer"],
        }
        gained = np.maximum(sum(terms.values(), np.zeros(len(rows), dtype=np.float32)), 0)
        return {**terms, **taken_away(gained, rows, weight["shown_factor"])}


def taken_away(gained: Floats, rows: Floats, shown_factor: float = SHOWN_FACTOR) -> dict[str, Floats]:
    """What shown already and "see fewer" take away, one after the other, as shares of `gained` (n,).

    gained is at least 0, so that nothing is given by taking away.
    """
    times, feedback = (rows[:, NAMES.index(name)] for name in ("shown_times", "feedback"))
    shown = -gained * (1 - shown_factor ** np.maximum(np.nan_to_num(times, posinf=0), 0))
    remains = np.clip(np.where(np.isfinite(feedback), feedback, 1), 0, 1)
    return {"shown": shown, "fewer": -(gained + shown) * (1 - remains)}


@dataclass(frozen=True)
class ScoreBy:
    """The scoring stage: the rows to be logged, the terms of the model, and those of the viewer's sliders.

    `choose` says who scores this request; what it chose and cannot score is counted, and `plain` scores instead.
    """

    plain: Model
    choose: Callable[[Query], Model] | None = None
    name: str = "score"

    @property
    def model_version(self) -> str:
        return self.plain.version

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        rows = rows_of(query, candidates)
        terms = {**self._terms(query, candidates, rows), **steering.terms(query.sliders, rows)}
        return {"row": rows, **{f"term:{name}": term for name, term in terms.items()}}

    def _terms(self, query: Query, candidates: Candidates, rows: Floats) -> Mapping[str, Floats]:
        try:
            model = self.choose(query) if self.choose else self.plain
            terms = model.terms(query, candidates, rows)
            query.scored_by = model.version
            return terms
        except Unfit as error:
            FALLBACKS.labels(error.reason).inc()
            log.warning("ranker_fallback", reason=error.reason, why=str(error))
        except Exception:
            FALLBACKS.labels("failed").inc()
            log.exception("ranker_fallback", reason="failed")
        query.scored_by = self.plain.version
        return self.plain.terms(query, candidates, rows)
