"""Acts and their undoing under several hands at once: what is stored in the end is what stands in the end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from accounts import actions as people
from accounts.models import User
from feed import actions, signals
from feed.models import Feedback, Impression, Like, Outcome, Post

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 40


def together(*acts: Callable[[], Any]) -> None:
    def turn(act: Callable[[], Any]) -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(turn, acts))


@pytest.fixture
def shown(alice: User, bob: User) -> Impression:
    post = actions.publish(bob, "look", language="en")
    return Impression.objects.create(person=alice, post=post, request_id=uuid4(), position=0)


def kinds(row: Impression) -> list[str]:
    return sorted(row.outcomes.values_list("kind", flat=True))


def test_likes_and_unlikes_at_once_leave_the_outcome_of_what_stands(alice: User, shown: Impression) -> None:
    for _round in range(ROUNDS):
        together(*[lambda: actions.like(alice, shown.post), lambda: actions.unlike(alice, shown.post)] * 3)
        stands = Like.objects.filter(person=alice, post=shown.post).exists()
        assert kinds(shown) == (["like"] if stands else [])


def undo_all(person: User, post: Post) -> None:
    for row in Feedback.objects.filter(person=person, post=post):
        actions.undo_feedback(person, row.pk)
    for words in Post.objects.filter(author=person, parent=post):
        actions.delete(person, words)


@pytest.mark.parametrize(
    ("do", "undo"),
    [
        (actions.like, actions.unlike),
        (actions.repost, actions.unrepost),
        (actions.bookmark, actions.unbookmark),
        (lambda who, post: actions.give_feedback(who, Feedback.Kind.HIDE, post=post), undo_all),
        (lambda who, post: actions.comment(who, post, "so true"), undo_all),
    ],
)
def test_an_act_that_is_undone_before_it_is_noted_is_not_noted(
    do: Any, undo: Any, alice: User, shown: Impression, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = [signals.liked, signals.reposted, signals.bookmarked, signals.feedback_given, signals.post_published]
    waiting = [lambda: undo(alice, shown.post)]

    def meanwhile(**_facts: Any) -> None:
        if waiting:
            together(waiting.pop())

    for signal in heard:
        others = signal.receivers
        monkeypatch.setattr(signal, "receivers", [])
        signal.connect(meanwhile, weak=False)
        signal.receivers += others  # it hears the news before everybody else
    do(alice, shown.post)
    assert waiting == []
    assert kinds(shown) == []


@pytest.mark.parametrize(
    ("do", "undo"), [(people.follow, people.unfollow), (people.mute, people.unmute), (people.block, people.unblock)]
)
def test_the_same_of_acts_on_people(do: Any, undo: Any, charlie: User, bob: User) -> None:
    post = actions.publish(bob, "look", language="en")
    row = Impression.objects.create(person=charlie, post=post, request_id=uuid4(), position=0)
    for _round in range(10):
        together(*[lambda: do(charlie, bob), lambda: undo(charlie, bob)] * 2)
        undo(charlie, bob)
        assert kinds(row) == []
    assert not Outcome.objects.exists()
