"""Rows of numbers in, named terms out; the score is their sum. No scorer sees a post, a person, or another row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from typing import Protocol

import numpy as np

from ml.ranking.candidate import Candidates, Column, Floats, Query
from ml.ranking.features import NAMES, rows_of


class Model(Protocol):
    """What turns rows, shape (n, len(NAMES)), into named terms of n numbers each. A learned one takes this place."""

    @property
    def version(self) -> str: ...

    def terms(self, rows: Floats) -> Mapping[str, Floats]: ...


@dataclass(frozen=True)
class HandSet:
    """The hand-set recipe: weight × number for each plain term, then what is taken away from what was gained.

    Taking away is a share of the gain: shown already, acted on before, "see fewer" by `fewer_factor`.
    """

    weights: Mapping[str, float]
    version: str = field(init=False)

    def __post_init__(self) -> None:
        digest = sha256(dumps(dict(self.weights), sort_keys=True).encode()).hexdigest()[:8]
        object.__setattr__(self, "version", f"home-recipe/{digest}")

    def terms(self, rows: Floats) -> Mapping[str, Floats]:
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
            "friends": weight["friends"] * (1 - np.exp(-number["friends"] / 2)),
            "topic_followed": weight["topic_followed"] * number["topic_followed"],
            "group_joined": weight["group_joined"] * number["group_joined"],
            "freshness": weight["freshness"] * number["freshness"],
            "quality": weight["quality"] * number["quality"],
            "language": weight["language"] * number["language_read"],
            "answer": weight["answer"] * number["answer"],
        }
        gained = np.maximum(sum(terms.values(), np.zeros(len(rows), dtype=np.float32)), 0)
        terms["shown"] = -gained * (1 - weight["shown_factor"] ** number["shown_times"])
        gained = gained + terms["shown"]
        terms["acted"] = -gained * (1 - weight["acted_factor"]) * (number["acted_days_ago"] < 999)
        terms["fewer"] = -(gained + terms["acted"]) * (1 - number["feedback"])
        return terms


@dataclass(frozen=True)
class ScoreBy:
    """The scoring stage: rows for the model, its terms as columns, and the rows kept to be logged."""

    model: Model
    name: str = "score"

    @property
    def model_version(self) -> str:
        return self.model.version

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        rows = rows_of(query, candidates)
        return {"row": rows, **{f"term:{name}": term for name, term in self.model.terms(rows).items()}}
