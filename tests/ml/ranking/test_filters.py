"""Each filter on a small case: what stays and what goes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ml.ranking import filters
from ml.ranking.filters import Rule
from ml.ranking.pipeline import apart
from tests.ml.ranking.batches import axis, batch, query

ENGLISH: dict[str, Any] = {"languages": frozenset({"en"})}
FOLLOWS_9: dict[str, Any] = {"followed": frozenset({9})}


@pytest.mark.parametrize(
    ("rule", "facts", "stays", "goes"),
    [
        (filters.READABLE, {}, {}, {"readable": False}),
        (filters.NOT_OWN, {}, {"author": 1}, {"author": 100}),
        (filters.NOT_BLOCKED, {"blocked": frozenset({9})}, {"author": 1}, {"author": 9}),
        (filters.NOT_MUTED, {"muted_people": frozenset({9})}, {"author": 1}, {"author": 9}),
        (filters.NO_MUTED_WORDS, {}, {}, {"muted_words": True}),
        (filters.NO_MUTED_TOPICS, {"muted_topics": frozenset({5})}, {"topics": (4,)}, {"topics": (4, 5)}),
        (filters.RECOMMENDABLE, {}, {}, {"recommendable": False}),
        (filters.RECOMMENDABLE, FOLLOWS_9, {"author": 9, "recommendable": False}, {"recommendable": False}),
        (filters.NOT_ACTED, {}, {"acted_days_ago": 8.0}, {"acted_days_ago": 6.0}),
        (filters.NOT_REFUSED, {}, {}, {"refused": True}),
        (filters.NOT_FEWER, {}, {"feedback": 0.2}, {"feedback": 0.0}),
        (filters.NOT_SEEN, {"limit": 1}, {"shown_times": 2.0}, {"shown_times": 3.0}),
        (filters.YOUNG, {"window_hours": 48.0}, {"age_hours": 47.0}, {"age_hours": 49.0}),
        (filters.LANGUAGE, ENGLISH, {"language": "en"}, {"language": "zh"}),
        (filters.LANGUAGE, ENGLISH, {"language": ""}, {"language": "zh"}),
        (filters.LANGUAGE, ENGLISH, {"language": "zh", "interest": 0.9}, {"language": "zh"}),
        (filters.LANGUAGE, {**ENGLISH, **FOLLOWS_9}, {"language": "zh", "author": 9}, {"language": "zh"}),
        (filters.MERITED, {"typical_acts": 2.0}, {"answer": True, "likes": 4.0}, {"answer": True, "likes": 1.0}),
        (filters.ONE_A_THREAD, {}, {"thread": 7}, {"thread": 7}),
        (filters.OTHER_TEXT, {}, {"digest": "same"}, {"digest": "same"}),
        (filters.OTHER_MEANING, {}, {"vector": axis(0)}, {"vector": axis(0)}),
    ],
)  # fmt: skip
def test_one_stays_and_one_goes(rule: Rule, facts: dict[str, Any], stays: dict[str, Any], goes: dict[str, Any]) -> None:
    split = apart(rule, query(**facts), batch(stays, goes))
    assert split.kept.ids.tolist() == [1]
    assert split.removed.ids.tolist() == [2]
    assert split.reason


def test_no_language_known_means_every_language() -> None:
    assert len(apart(filters.LANGUAGE, query(), batch({"language": "zh"}, {"language": "en"})).kept) == 2


def test_pictures_without_words_are_not_the_same_text() -> None:
    pictures = batch({"digest": "empty", "length": 0.0}, {"digest": "empty", "length": 0.0})
    assert len(apart(filters.OTHER_TEXT, query(), pictures).kept) == 2


def test_a_dropped_post_drops_nobody_else() -> None:
    """b is like a, c is like b and not like a: with b gone, c stays."""
    turn = np.arccos(filters.SAME_MEANING) * 0.9

    def at(angle: float) -> np.ndarray:
        return (np.cos(angle) * axis(0) + np.sin(angle) * axis(1)).astype(np.float32)

    posts = batch(*({"vector": at(i * turn)} for i in range(3)))
    assert apart(filters.OTHER_MEANING, query(), posts).kept.ids.tolist() == [1, 3]


def test_posts_without_a_vector_are_not_the_same() -> None:
    assert len(apart(filters.OTHER_MEANING, query(), batch({}, {}, {})).kept) == 3
