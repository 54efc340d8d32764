"""Who may join a thread, and what is known of them: nothing that was written later or in the thread itself."""

import numpy as np
import pytest

from benchmarks.reddit_data import Message, Thread
from benchmarks.reddit_features import DAY, HOUR, Past, Situation, cut, situations

NOW = 100 * DAY
VECTORS = np.eye(4, dtype=np.float32)


def written(lines: list[tuple[str, str, str, float, int]]) -> tuple[list[Message], Past]:
    """Messages of (thread, person, answered, hours before now), each with one of four vectors in its place."""
    found = [
        Message(place, thread, person, answers, NOW - hours * HOUR, "")
        for place, (thread, person, answers, hours, _axis) in enumerate(lines)
    ]
    return found, Past(found, VECTORS[[axis for *_others, axis in lines]])


LINES = [
    *(("old", "ann", "", 60 + n, 0) for n in range(3)),
    *(("old", "bob", "ann", 50 + n, 1) for n in range(3)),
    ("old", "cat", "", 40, 0),
    ("now", "ann", "", 2, 0),
    ("now", "bob", "ann", 0, 1),
    *(("old", "dan", "", -1 - n, 0) for n in range(3)),
    ("now", "cat", "", -5, 0),
]


def asked(joins: set[str]) -> tuple[Situation | None, Past]:
    found, past = written(LINES)
    seen = [one for one in found if one.thread == "now" and one.at <= NOW]
    return next(situations([Thread("now", seen, joins)], past, None, np.random.default_rng(0)), None), past


def test_candidates_are_the_active_and_those_here_as_of_the_moment() -> None:
    found, past = asked({"ann"})
    assert found is not None
    # cat has one message only, dan's three come later.
    assert found.people.tolist() == [past.number["ann"], past.number["bob"]]
    assert found.joins.tolist() == [1, 0]


def test_a_thread_that_nobody_known_joins_is_not_asked_about() -> None:
    assert asked({"cat"})[0] is None


def test_rows_count_other_threads_before_the_moment() -> None:
    found, _past = asked({"ann"})
    assert found is not None
    assert found.column("messages").tolist() == [3, 3]
    assert found.column("days_silent") == pytest.approx([60 / 24, 50 / 24])
    assert found.column("answered_them").tolist() == [0, 3]
    assert found.column("answered_by").tolist() == [3, 0]
    assert found.column("met").tolist() == [1, 1]
    # The thread is half ann's meaning, half bob's: 45 degrees from each.
    assert found.column("mean_like") == pytest.approx([0.5**0.5] * 2)
    assert found.column("starter_like") == pytest.approx([1, 0])


def test_rows_of_those_here_tell_how_they_stand_in_the_thread() -> None:
    found, _past = asked({"ann"})
    assert found is not None
    told = {name: found.column(name).tolist() for name in ("here", "began", "answers_here", "unanswered", "last_word")}
    assert told == {
        "here": [1, 1], "began": [1, 0], "answers_here": [1, 0], "unanswered": [1, 0], "last_word": [0, 1]
    }  # fmt: skip
    assert found.column("hours_left") == pytest.approx([2, 0])


def test_a_cut_thread_tells_who_writes_later_and_nobody_nameless() -> None:
    found, _past = written([("now", name, "", 9.0 - n, 0) for n, name in enumerate(["ann", "bob", "null", "ann"])])
    for seed in range(6):
        thread = cut(Thread("now", found), np.random.default_rng(seed))
        assert 1 <= len(thread.messages) <= 3
        assert thread.joins == {one.person for one in found[len(thread.messages) :]} - {"null"}
