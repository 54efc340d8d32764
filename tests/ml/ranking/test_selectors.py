"""Who gets which place: variety, memory across pages, places for the unknown, and the same draw for the same seed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ml.ranking.candidate import Query, Shown
from ml.ranking.filters import known
from ml.ranking.selectors import EXPLORED, NEW_VOICE, KnownLast, Places, author_factor
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
    assert about["propensity"][11] == pytest.approx(1 / 4, abs=0.1)
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


def fresh(author: int, tried: float = 0.0, answered: float = 0.0, **facts: Any) -> dict[str, Any]:
    return {"score": 0.1, "author": author, "found_by": ["exploration"], "tried": tried, "answered": answered, **facts}


def explored(posts: list[dict[str, Any]], seeds: int = 60, **asked: Any) -> Counter[int]:
    """Which post stands at the first explored place, over many draws."""
    found: Counter[int] = Counter()
    for seed in range(seeds):
        ids, about = choose(falling(12) + posts, query(limit=12, seed=seed, **asked))
        if about["place_kind"][11] == EXPLORED:
            found[ids[11]] += 1
    return found


def test_what_was_answered_often_is_explored_more_and_what_was_not_less() -> None:
    found = explored([fresh(50, 15, 3), fresh(51), fresh(52, 15, 0)], seeds=120, usual_response=0.1)
    assert found[13] > found[14] > found[15]
    assert found[14] > 0


def test_the_logged_chance_is_how_often_it_is_drawn() -> None:
    posts = [fresh(50, 4, 1), fresh(51), fresh(52, 9, 0)]
    found = explored(posts, seeds=200)
    said = [choose(falling(12) + posts, query(limit=12, seed=seed)) for seed in range(40)]
    for post in (13, 14, 15):
        chances = [float(about["propensity"][11]) for ids, about in said if ids[11] == post]
        if chances:
            assert np.mean(chances) == pytest.approx(found[post] / 200, abs=0.12)


def test_exploring_keeps_off_what_was_refused_and_halves_what_is_fading() -> None:
    assert set(explored([fresh(50, refusal=0.5), fresh(51)], seeds=8)) == {14}
    found = explored([fresh(50, 12, 3, feedback=0.2), fresh(51, 12, 3)], seeds=40)
    assert found[14] > 3 * found[13]


def test_topics_of_the_last_page_wait() -> None:
    posts = [{"score": 2.0, "author": 1, "topics": (7,)}, {"score": 1.95, "author": 2, "topics": (8,)}]
    shown = {70 + i: Shown(50 + i, 1, NOW - timedelta(hours=1), (7,)) for i in range(6)}
    assert choose(posts)[0] == [1, 2]
    assert choose(posts, query(shown=shown))[0] == [2, 1]
    long_ago = {70 + i: Shown(50 + i, 1, NOW - timedelta(hours=60), (7,)) for i in range(6)}
    assert choose(posts, query(shown=long_ago))[0] == [1, 2]


def test_several_visits_do_not_show_the_same_few_again() -> None:
    """Four pages in a day from a pool where one author, one topic and one meaning lead: each page finds others too."""
    posts = [
        {"score": 2.5 - i / 60, "author": 1 + i % 12, "topics": (1 + i % 6,), "vector": axis(i % 8)} for i in range(96)
    ]
    posts += [{"score": 2.6, "author": 40, "topics": (1,), "vector": axis(0)} for _ in range(24)]
    posts.sort(key=lambda one: -one["score"])
    candidates = batch(*posts)
    shown: dict[int, Shown] = {}
    pages = []
    for visit in range(4):
        at = NOW + timedelta(hours=visit)
        vectors = candidates["vector"][[row for row, pk in enumerate(candidates.ids) if pk in shown]][-40:]
        left = candidates.take(~np.isin(candidates.ids, np.array(list(shown), dtype=np.int64)))
        asked = query(limit=20, now=at, shown=dict(shown), shown_vectors=vectors)
        rows, _about = PLACES(asked, left)
        page = left.take(rows)
        pages.append(page)
        for pk, author, topics in zip(page.ids, page["author"], page["topics"], strict=True):
            shown[int(pk)] = Shown(int(author), 1, at, topics)
    for page in pages:
        topics = Counter(topics[0] for topics in page["topics"])
        assert max(Counter(page["author"].tolist()).values()) <= 4
        assert len(topics) == 6
        assert max(topics.values()) <= 7
        assert len({tuple(vector) for vector in page["vector"]}) == 8


def test_what_is_known_stands_behind_all_that_is_new_however_good() -> None:
    rule = KnownLast(PLACES, known)
    posts = [
        {"score": 9.0, "author": 1, "acted_days_ago": 8.0},
        {"score": 8.0, "author": 2, "shown_times": 3.0},
        {"score": 7.0, "author": 3, "shown_times": 2.0},
        {"score": 1.0, "author": 4},
    ]
    candidates = batch(*posts)
    rows, about = rule(query(), candidates)
    assert candidates.ids[rows].tolist() == [3, 4, 1, 2]
    assert len(about["place_kind"]) == len(about["propensity"]) == 4
    rows, about = rule(query(limit=3), candidates)
    assert candidates.ids[rows].tolist() == [3, 4, 1]
    rows, _about = rule(query(limit=2), candidates)
    assert candidates.ids[rows].tolist() == [3, 4]
