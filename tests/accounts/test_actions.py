"""The verbs between people."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

from accounts import actions, signals
from accounts.models import Block, Consent, ConsentChange, Follow, Mute, MutedPhrase, Profile, User


def counts(person: User) -> tuple[int, int]:
    profile = Profile.objects.get(user=person)
    return profile.following_count, profile.followers_count


def test_following_twice_counts_once(alice: User, charlie: User) -> None:
    assert actions.follow(alice, charlie)
    assert not actions.follow(alice, charlie)
    assert counts(alice) == (2, 0)
    assert counts(charlie) == (0, 1)


def test_unfollowing_twice_counts_once(alice: User, bob: User) -> None:
    assert actions.unfollow(alice, bob)
    assert not actions.unfollow(alice, bob)
    assert counts(alice) == (0, 0)
    assert counts(bob) == (0, 0)


def test_nobody_follows_themselves(alice: User) -> None:
    with pytest.raises(ValidationError):
        actions.follow(alice, alice)


@pytest.mark.parametrize("direction", ["blocker", "blocked"])
def test_no_follow_across_a_block(alice: User, mallory: User, direction: str) -> None:
    one, other = (alice, mallory) if direction == "blocker" else (mallory, alice)
    with pytest.raises(PermissionDenied):
        actions.follow(one, other)
    assert not Follow.objects.filter(follower=one, followed=other).exists()


def test_a_block_ends_both_follows(alice: User, bob: User) -> None:
    actions.follow(bob, alice)
    actions.block(alice, bob)
    assert not Follow.objects.exists()
    assert counts(alice) == counts(bob) == (0, 0)


def test_an_unblocked_person_sees_the_page_again(alice: User, mallory: User) -> None:
    assert not User.objects.visible_to(mallory).filter(pk=alice.pk).exists()
    actions.unblock(alice, mallory)
    assert User.objects.visible_to(mallory).filter(pk=alice.pk).exists()
    assert not Block.objects.exists()


def test_a_mute_with_an_end_ends(alice: User, bob: User) -> None:
    actions.mute(alice, bob, until=timezone.now() + timedelta(hours=1))
    assert Mute.objects.active().filter(muter=alice).exists()
    Mute.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert not Mute.objects.active().exists()


def test_muting_again_changes_the_end(alice: User, bob: User) -> None:
    actions.mute(alice, bob, until=timezone.now() + timedelta(hours=1))
    actions.mute(alice, bob)
    assert Mute.objects.get().until is None


@pytest.mark.parametrize("phrase", ["", "   ", "x" * 81])
def test_phrases_that_cannot_be_muted(alice: User, phrase: str) -> None:
    with pytest.raises(ValidationError):
        actions.mute_phrase(alice, phrase)
    assert not MutedPhrase.objects.exists()


def test_phrases_are_kept_folded_once(alice: User) -> None:
    actions.mute_phrase(alice, "  Crypto   News ")
    actions.mute_phrase(alice, "crypto news")
    assert MutedPhrase.objects.get().phrase == "crypto news"


def test_consent_is_off_until_given_and_every_change_is_recorded(person: Any) -> None:
    dana = person("dana", consents=False)
    assert not Consent.objects.get(person=dana).behaviour
    actions.give_consent(dana, behaviour=True)
    actions.give_consent(dana, behaviour=True)
    actions.give_consent(dana, behaviour=False)
    changes = ConsentChange.objects.filter(person=dana).order_by("pk")
    assert [(change.switch, change.given) for change in changes] == [("behaviour", True), ("behaviour", False)]


def test_an_unknown_consent_is_refused(alice: User) -> None:
    with pytest.raises(ValueError, match="no such consent"):
        actions.give_consent(alice, everything=True)


def test_news_is_sent_only_after_commit(alice: User, charlie: User, django_capture_on_commit_callbacks: Any) -> None:
    heard: list[dict[str, Any]] = []

    def listen(**facts: Any) -> None:
        heard.append(facts)

    signals.followed.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            actions.follow(alice, charlie)
            assert heard == []
    finally:
        signals.followed.disconnect(listen)
    assert [(fact["follower_id"], fact["followed_id"]) for fact in heard] == [(alice.pk, charlie.pk)]


def test_a_failing_receiver_harms_nobody(alice: User, charlie: User, django_capture_on_commit_callbacks: Any) -> None:
    def fail(**facts: Any) -> None:
        raise RuntimeError("broken receiver")

    signals.followed.connect(fail)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            actions.follow(alice, charlie)
    finally:
        signals.followed.disconnect(fail)
    assert Follow.objects.filter(follower=alice, followed=charlie).exists()


def test_a_deleted_account_leaves_right_counters(alice: User, bob: User, charlie: User) -> None:
    actions.follow(charlie, alice)
    actions.delete_account(alice)
    assert counts(bob) == (0, 0)
    assert counts(charlie) == (0, 0)
    assert not User.objects.filter(username="alice").exists()


@pytest.mark.django_db(transaction=True)
def test_two_people_following_each_other_at_once_do_not_deadlock(person: Any) -> None:
    one, other = person("una"), person("duo")

    def act(number: int) -> None:
        try:
            pair = (one, other) if number % 2 else (other, one)
            (actions.follow if number % 4 < 2 else actions.unfollow)(*pair)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(40)))
    for person_ in (one, other):
        following = Follow.objects.filter(follower=person_).count()
        followers = Follow.objects.filter(followed=person_).count()
        assert counts(person_) == (following, followers)
