"""Who gets which place: variety, memory across pages, places for the unknown, and the same draw for the same seed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ml.ranking.candidate import Query, Shown
from ml.ranking.selectors import EXPLORED, NEW_VOICE, Places, author_factor
from tests.ml.ranking.batches import NOW, axis, batch, query

PLACES = Places()


def choose(posts: list[dict[str, Any]], asked: Query | None = None, rule: Places = PLACES) -> tuple[list[int], Any]:
    """Ids in the order of their places, and the columns about the choice. Posts are given best first."""
    candidates = batch(*posts)
    rows, about = rule(asked or query(), candidates)
    return candidates.ids[rows].tolist(), about


def falling(n: int, **facts: Any) -> list[dict[str, Any]]:
    return [{"score": 3 - 2 * i / n, "author": i + 1, **facts} for i in range(n)]


def test_author_factor() -> None:
    assert author_factor(np.array([0, 1, 2], dtype=np.float32)).tolist() == pytest.approx([1.0, 0.625, 0.4375])


def test_another_author_comes_between() -> None:
    posts = [{"score": 2.0, "author": 1}, {"score": 1.9, "author": 1}, {"score": 1.8, "author": 2}]
    assert choose(posts)[0] == [1, 3, 2]


def test_an_author_shown_an_hour_ago_waits() -> None:
    posts = [{"score": 2.0, "author": 1}, {"score": 1.8, "author": 2}]
    shown = {70 + i: Shown(1, 1, NOW - timedelta(hours=1)) for i in range(3)}
    assert choose(posts)[0] == [1, 2]
    assert choose(posts, query(shown=shown))[0] == [2, 1]


def test_another_meaning_comes_between() -> None:
    posts = [
        {"score": 2.0, "author": 1, "vector": axis(0)},
        {"score": 1.9, "author": 2, "vector": axis(0)},
        {"score": 1.8, "author": 3, "vector": axis(1)},
    ]
    assert choose(posts)[0] == [1, 3, 2]


def test_a_meaning_shown_on_the_last_page_waits() -> None:
    posts = [{"score": 2.0, "author": 1, "vector": axis(0)}, {"score": 1.9, "author": 2, "vector": axis(1)}]
    assert choose(posts, query(shown_vectors=axis(0)[None, :]))[0] == [2, 1]


def test_topics_take_turns() -> None:
    posts = [{"score": 2 - i / 100, "author": i, "topics": (1 if i < 4 else 2,)} for i in range(8)]
    assert {1, 2} <= {1 if i <= 4 else 2 for i in choose(posts)[0][:3]}


def test_every_twelfth_place_explores_and_says_how_likely_it_was() -> None:
    posts = falling(40) + [{"score": 0.5, "author": 50 + i, "found_by": ["exploration"]} for i in range(4)]
    ids, about = choose(posts)
    kinds = about["place_kind"].tolist()
    assert [place for place, kind in enumerate(kinds[:40], start=1) if kind == EXPLORED] == [12, 24, 36]
    assert about["propensity"][11] == pytest.approx(1 / 4)
    assert about["propensity"][0] == 1
    assert ids[11] > 40


def test_one_new_voice_in_its_place() -> None:
    posts = falling(40) + [{"score": 0.1, "author": 60 + i, "found_by": ["new voices"]} for i in range(5)]
    ids, about = choose(posts, query(limit=40))
    assert np.flatnonzero(about["place_kind"] == NEW_VOICE).tolist() == [14]
    assert sum(i > 40 for i in ids) == 1


def test_the_same_seed_gives_the_same_slate() -> None:
    posts = falling(30) + [{"score": 0.5, "author": 50 + i, "found_by": ["exploration"]} for i in range(9)]
    assert choose(posts, query(seed=4))[0] == choose(posts, query(seed=4))[0]
    assert len({tuple(choose(posts, query(seed=seed))[0]) for seed in range(8)}) > 1


post = st.fixed_dictionaries(
    {
        "score": st.floats(-1, 3, width=32),
        "author": st.integers(1, 30),
        "vector": st.integers(0, 7).map(axis),
        "topics": st.lists(st.integers(1, 4), max_size=2).map(tuple),
        "found_by": st.sampled_from([["rising"], ["exploration"], ["new voices"], ["rising", "exploration"]]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(post, max_size=60), st.integers(1, 60))
def test_places_are_filled_without_repeats(posts: list[dict[str, Any]], limit: int) -> None:
    if not posts:
        return
    ids, about = choose(sorted(posts, key=lambda one: -one["score"]), query(limit=limit))
    assert len(ids) == len(set(ids)) == min(limit, len(posts))
    assert len(about["place_kind"]) == len(about["propensity"]) == len(ids)
    assert ((about["propensity"] > 0) & (about["propensity"] <= 1)).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 25), st.floats(0, 3, width=32)), min_size=60, max_size=90))
def test_no_author_crowds_a_page(pairs: list[tuple[int, float]]) -> None:
    """At most two of an author in any ten places, as long as others are there."""
    posts = [{"author": author, "score": score} for author, score in sorted(pairs, key=lambda pair: -pair[1])]
    authors = Counter(author for author, _score in pairs)
    if len(authors) < 15 or authors.most_common(1)[0][1] > 12:
        return
    ids, _about = choose(posts, query(limit=20))
    order = [posts[i - 1]["author"] for i in ids]
    for start in range(len(order) - 9):
        assert max(Counter(order[start : start + 10]).values()) <= 2
