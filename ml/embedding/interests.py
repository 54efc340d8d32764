"""The interests of a person: several unit vectors, always computed anew from their recent acts. Knows no ranking."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import connection

from ml.conf import SAME_INTEREST_COSINE
from ml.embedding.nearest import from_bytes


@dataclass(frozen=True)
class Interests:
    """What one person cares about, strongest first; removed interests are left out. Row i of each field is interest i.

    `strengths` are shares of the person's positive weight times their own adjustment: in 0..1, summing to at most 1.
    `negatives`, shape (m, d), are what they said no to, with shares of the negative weight.
    """

    vectors: np.ndarray  # float32, shape (k, d), unit rows
    strengths: np.ndarray  # float32, shape (k,)
    negatives: np.ndarray  # float32, shape (m, d), unit rows
    negative_strengths: np.ndarray  # float32, shape (m,)
    ids: tuple[int, ...] = ()
    words: tuple[tuple[str, ...], ...] = ()
    topics: tuple[int | None, ...] = ()
    sources: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return len(self.ids) > 0


@dataclass(frozen=True)
class Interest:
    """One stored interest with its person's adjustment, for the page about it. `factor`: 1 as learned, 0 removed."""

    id: int
    vector: np.ndarray = field(repr=False)
    strength: float
    words: tuple[str, ...]
    topic_id: int | None
    acts: int
    source: str
    factor: float
    negative: bool


_READ = """
    SELECT id, halfvec_send(vector), strength, words, topic_id, acts, source, negative, false, rank
      FROM ml_interestvector WHERE person_id = %(person)s AND model = %(model)s
    UNION ALL
    SELECT id, halfvec_send(vector), factor, words, NULL, 0, '', false, true, 0
      FROM ml_interestadjustment WHERE person_id = %(person)s AND model = %(model)s
     ORDER BY 9, 10, 1
"""


def all_interests(person_id: int, model: str) -> list[Interest]:
    """Every stored interest, negative and removed ones too, strongest first, with its adjustment. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, {"person": person_id, "model": model})
        rows = cursor.fetchall()
    vectors = from_bytes([row[1] for row in rows])
    learned = [index for index, row in enumerate(rows) if not row[8]]
    adjusted = [index for index, row in enumerate(rows) if row[8]]
    factors = _factors(vectors[learned], vectors[adjusted], [rows[index][2] for index in adjusted])
    return [
        Interest(
            id=row[0],
            vector=vectors[index],
            strength=row[2],
            words=tuple(_as_list(row[3])),
            topic_id=row[4],
            acts=row[5],
            source=row[6],
            negative=row[7],
            factor=1.0 if row[7] else factor,
        )
        for index, row, factor in ((index, rows[index], factor) for index, factor in zip(learned, factors, strict=True))
    ]


def _as_list(words: Any) -> list[str]:
    return json.loads(words) if isinstance(words, str) else list(words)


def _factors(vectors: np.ndarray, adjusted: np.ndarray, factors: Sequence[float]) -> list[float]:
    """For each vector the factor of the nearest adjustment that is near enough; the newest of equals. Else 1."""
    if not len(vectors) or not len(adjusted):
        return [1.0] * len(vectors)
    cosines = vectors @ adjusted[::-1].T
    best = cosines.argmax(axis=1)
    near = cosines.max(axis=1) >= SAME_INTEREST_COSINE
    latest = list(factors)[::-1]
    return [latest[column] if close else 1.0 for column, close in zip(best, near, strict=True)]


def interests_of(person_id: int, model: str) -> Interests:
    """What to rank by: the interests learned by the encoder `model`, adjusted, removed ones left out. One query.

    Empty for somebody of whom nothing was learned, or nothing by this encoder.
    """
    found = all_interests(person_id, model)
    liked = [one for one in found if not one.negative and one.strength * one.factor > 0]
    liked.sort(key=lambda one: -one.strength * one.factor)
    refused = [one for one in found if one.negative]
    return Interests(
        vectors=_stacked(liked),
        strengths=np.array([one.strength * one.factor for one in liked], dtype=np.float32),
        negatives=_stacked(refused),
        negative_strengths=np.array([one.strength for one in refused], dtype=np.float32),
        ids=tuple(one.id for one in liked),
        words=tuple(one.words for one in liked),
        topics=tuple(one.topic_id for one in liked),
        sources=tuple(one.source for one in liked),
    )


def _stacked(found: list[Interest]) -> np.ndarray:
    return np.stack([one.vector for one in found]) if found else np.empty((0, 0), dtype=np.float32)
