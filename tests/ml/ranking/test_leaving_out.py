"""A row without one act: the hand-made difference is that of learning anew without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from accounts.models import User
from feed import actions
from feed.models import Feedback, Post
from ml.embedding import learning
from ml.ranking.attribution import OF_THE_POST, OF_THE_VIEWER
from ml.ranking.candidate import Candidates, Query
from ml.ranking.features import NAMES, rows_of
from ml.ranking.leaving_out import differences
from ml.ranking.serve import query_for
from tests.ml.ranking.batches import axis

FROM_ACTS = ("interest", "liked_like", "affinity", "refusal", "cold")


@pytest.fixture
def posts(person: Callable[..., User], means: Callable[..., Post]) -> list[Post]:
    """0 to 3 are of one subject, 4 to 7 of another, each by somebody else."""
    made = []
    for i in range(8):
        post = actions.publish(person(f"writer{i}"), f"Words of number {i}", language="en")
        made.append(means(post, (0.8 * axis(i // 4) + 0.6 * axis(2 + i)).astype(np.float32)))
    return made


def known(person: User, post: Post) -> tuple[Query, Candidates]:
    query = query_for(person, limit=20)
    for hydrate in OF_THE_VIEWER:
        hydrate(query)
    candidates = Candidates(np.array([post.pk], dtype=np.int64))
    for hydrator in OF_THE_POST:
        candidates = candidates.having(hydrator(query, candidates))
    return query, candidates


def numbers(row: Any) -> dict[str, float]:
    return {name: round(float(row[NAMES.index(name)]), 3) for name in FROM_ACTS}


def foreseen_and_true(alice: User, post: Post, act: tuple[str, int], undo: Callable[[], Any]) -> None:
    learning.learn(alice.pk)
    query, candidates = known(alice, post)
    less = differences(query, candidates, [act])[0, 0]
    before = rows_of(query, candidates)[0]
    undo()
    learning.learn(alice.pk)
    after = rows_of(*known(alice, post))[0]
    assert numbers(less) == pytest.approx(numbers(after - before), abs=0.02)
    assert np.abs(less).sum() > 0.05


def test_a_like(alice: User, posts: list[Post]) -> None:
    for one in (0, 1, 4):
        actions.like(alice, posts[one])
    foreseen_and_true(alice, posts[2], ("like", posts[0].pk), lambda: actions.unlike(alice, posts[0]))


def test_the_only_act_there_is(alice: User, posts: list[Post]) -> None:
    actions.like(alice, posts[0])
    foreseen_and_true(alice, posts[2], ("like", posts[0].pk), lambda: actions.unlike(alice, posts[0]))


def test_one_of_two_acts_on_the_same_post(alice: User, posts: list[Post]) -> None:
    for one in (0, 5):
        actions.like(alice, posts[one])
    actions.bookmark(alice, posts[0])
    foreseen_and_true(alice, posts[0], ("bookmark", posts[0].pk), lambda: actions.unbookmark(alice, posts[0]))


def test_a_bond_with_an_author(alice: User, posts: list[Post], means: Callable[..., Post]) -> None:
    other = means(actions.publish(posts[0].author, "More of the same hand", language="en"), axis(12))
    for one in (posts[0], posts[1], posts[4]):
        actions.like(alice, one)
    foreseen_and_true(alice, other, ("like", posts[0].pk), lambda: actions.unlike(alice, posts[0]))


def test_a_refusal(alice: User, posts: list[Post]) -> None:
    actions.like(alice, posts[4])
    said = actions.give_feedback(alice, Feedback.Kind.NOT_INTERESTED, post=posts[0])
    foreseen_and_true(alice, posts[2], ("refused", posts[0].pk), lambda: actions.undo_feedback(alice, said.pk))


def test_an_act_on_something_else_changes_little(alice: User, posts: list[Post]) -> None:
    for one in (0, 1, 4, 5):
        actions.like(alice, posts[one])
    learning.learn(alice.pk)
    query, candidates = known(alice, posts[2])
    near, far = np.abs(differences(query, candidates, [("like", posts[0].pk), ("like", posts[4].pk)])[:, 0]).sum(axis=1)
    assert far < near / 2
