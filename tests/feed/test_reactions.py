"""Reactions and their counters: exact, whoever clicks at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections
from django.urls import reverse

from accounts import actions as people
from accounts.models import Follow
from feed import actions
from feed.models import Bookmark, Feedback, Like, Notification, Post, Repost

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(
    ("do", "undo", "model", "counter"),
    [
        ("like", "unlike", Like, "likes_count"),
        ("repost", "unrepost", Repost, "reposts_count"),
        ("bookmark", "unbookmark", Bookmark, None),
    ],
)
def test_do_and_undo_are_safe_to_repeat(seen_by, say, alice, bob, do, undo, model, counter):
    post = say(bob, "react to me")
    browser = seen_by(alice)
    for name, number in ((do, 1), (do, 1), (undo, 0), (undo, 0), (do, 1)):
        answer = browser.post(reverse(f"feed:{name}", args=[post.pk]), headers=HTMX)
        assert answer.status_code == 200
        assert "post-actions" in answer.content.decode()
        assert model.objects.filter(person=alice, post=post).count() == number
        post.refresh_from_db()
        assert counter is None or getattr(post, counter) == number


def test_undo_takes_the_unread_notice_back(say, alice, bob):
    post = say(bob, "x")
    actions.like(alice, post)
    assert Notification.objects.filter(recipient=bob, kind="like").count() == 1
    actions.unlike(alice, post)
    assert not Notification.objects.filter(recipient=bob, kind="like").exists()


def test_bookmarks_are_private(seen_by, say, alice, bob):
    post = say(bob, "keep this")
    actions.bookmark(alice, post)
    assert "keep this" in seen_by(alice).get("/bookmarks").content.decode()
    assert "keep this" not in seen_by(bob).get("/bookmarks").content.decode()
    assert not Notification.objects.filter(recipient=bob, kind="bookmark").exists()


def at_once(tasks: list[Callable[[], object]], workers: int = 20) -> list[object]:
    """Run the tasks from that many threads that all begin together, each with a connection of its own."""
    barrier = Barrier(min(workers, len(tasks)))

    def run(task: Callable[[], object]) -> object:
        try:
            barrier.wait(20)
            return task()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(min(workers, len(tasks))) as pool:
        return list(pool.map(run, tasks))


@pytest.mark.django_db(transaction=True)
def test_two_likes_at_once_are_one(say, alice, bob):
    post = say(bob, "like me twice")
    answers = at_once([lambda: actions.like(alice, post)] * 2)
    post.refresh_from_db()
    assert sorted(answers) == [False, True]
    assert (post.likes_count, Like.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_counters_are_exact_under_twenty_threads(say, person, bob):
    post = say(bob, "everybody at once")
    crowd = [person(f"crowd{n}", consents=False) for n in range(20)]
    at_once([lambda who=who: actions.like(who, post) for who in crowd])
    at_once([lambda who=who: actions.repost(who, post) for who in crowd])
    at_once([lambda who=who: actions.publish(who, "an answer", parent=post) for who in crowd])
    at_once([lambda who=who: people.follow(who, bob) for who in crowd])
    post.refresh_from_db()
    bob.profile.refresh_from_db()
    assert (post.likes_count, post.reposts_count, post.comments_count) == (20, 20, 20)
    assert bob.profile.followers_count == 20 == Follow.objects.filter(followed=bob).count()
    mixed = [lambda who=who: actions.unlike(who, post) for who in crowd[:10]]
    mixed += [lambda who=who: actions.like(who, post) for who in crowd[10:]]
    at_once(mixed)
    post.refresh_from_db()
    assert post.likes_count == 10 == Like.objects.filter(post=post).count()


@pytest.mark.django_db(transaction=True)
def test_a_double_submit_at_once_is_one_post(alice):
    send = lambda: actions.publish(alice, "once", idempotency_key="same").pk  # noqa: E731
    assert len(set(at_once([send] * 8))) == 1
    alice.profile.refresh_from_db()
    assert (Post.objects.count(), alice.profile.posts_count) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_same_feedback_at_once_is_one(say, alice, bob):
    post = say(bob, "no thanks")
    at_once([lambda: actions.give_feedback(alice, "not_interested", post=post)] * 6)
    assert Feedback.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_new_hashtags_at_once_are_one_topic(person):
    crowd = [person(f"tagger{n}", consents=False) for n in range(8)]
    at_once([lambda who=who: actions.publish(who, "hello #brandnew #other") for who in crowd])
    assert Post.objects.filter(topics__name="brandnew").count() == 8
    assert connection.vendor == "postgresql"


@pytest.mark.django_db(transaction=True)
def test_posts_that_need_the_same_rows_in_another_order_do_not_block_each_other(person):
    crowd = [person(f"crossing{n}", consents=False) for n in range(8)]
    for turn in range(4):
        tags = [f"#new{turn}x{n}" for n in range(10)]
        one, two = (actions.publish(crowd[n], f"turn {turn}") for n in (0, 1))
        texts = [" ".join(tags), " ".join(reversed(tags))]
        pairs = [{"parent": one, "quote": two}, {"parent": two, "quote": one}]
        calls = [(crowd[n], texts[n % 2], pairs[n % 2]) for n in range(8)]
        at_once([lambda who=who, text=text, pair=pair: actions.publish(who, text, **pair) for who, text, pair in calls])
        one.refresh_from_db()
        assert (one.comments_count, one.quotes_count) == (4, 4)
