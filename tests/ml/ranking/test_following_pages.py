"""Steering in the middle of a page: what follows by cursor obeys at once, and nothing comes twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import actions as people
from accounts.models import User
from feed import actions, timelines
from feed.models import Feedback, Impression, Post, Topic
from tests.ml.ranking.batches import axis

SIZE = 5


@pytest.fixture
def town(person: Callable[..., User], means: Callable[..., Post], settings: Any) -> dict[str, list[Post]]:
    """Three people who write by turns, ten posts each, every one about something of its own."""
    settings.PAGE_SIZE = SIZE
    at = timezone.now() - timedelta(hours=3)
    posts: dict[str, list[Post]] = {}
    for name in ("xenia", "yara", "zoe"):
        author = person(name)
        posts[name] = [
            actions.publish(author, f"{name.title()} on matter {i} #matters{i % 2}", language="en", at=at)
            for i in range(10)
        ]
    for place, post in enumerate(post for theirs in posts.values() for post in theirs):
        means(post, axis(place % 24, (place % 24 + 1 + place // 24) % 24))
    return posts


def ids(posts: Any) -> list[int]:
    return [post.pk for post in posts]


def following(viewer: User, cursor: str | None) -> Iterator[int]:
    """What comes by cursor, to the end."""
    while cursor:
        page = timelines.home_ranked(User.objects.get(pk=viewer.pk), cursor)
        yield from ids(page.posts)
        cursor = page.next_cursor


def cards(html: str) -> list[int]:
    return [int(pk) for pk in dict.fromkeys(re.findall(r'id="post-(\d+)"', html))]


def following_cursor(html: str) -> str:
    """Of the link below the cards: their forms name the page in hand."""
    return unquote(re.findall(r"cursor=([^\"&]+)", html)[-1])


@pytest.mark.django_db(transaction=True)
def test_fewer_of_somebody_holds_from_the_next_page_on(
    alice: User, town: dict[str, list[Post]], client: Client
) -> None:
    client.force_login(alice)
    html = client.get("/?tab=for-you").content.decode()
    shown = cards(html)
    cursor = following_cursor(html)
    theirs = Post.objects.filter(pk__in=shown).values_list("author__username", "pk")
    name, first = next((name, pk) for name, pk in theirs if name in town)
    assert client.post(reverse("feed:fewer", args=[first]), {"kind": "author"}).status_code == 302
    answer = client.get(f"/?tab=for-you&cursor={cursor}", headers={"HX-Request": "true"}).content.decode()
    second = cards(answer)
    assert len(second) == SIZE
    assert not set(second) & {*shown, *ids(town[name])}
    later = list(following(alice, following_cursor(answer)))
    everything = [*shown, *second, *later]
    assert len(everything) == len(set(everything))
    assert not {*second, *later} & set(ids(town[name]))
    others = [post for other, posts in town.items() if other != name for post in posts]
    assert set(ids(others)) <= set(everything)


def steer_and_back(alice: User, town: dict[str, list[Post]]) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """Each verb with its undo, by name."""
    matters = Topic.objects.get(name="matters0")
    post = town["zoe"][1]
    given: dict[str, Feedback] = {}

    def give(kind: str, **about: Any) -> None:
        given[kind] = actions.give_feedback(alice, kind, **about)

    return {
        "fewer_topic": (
            lambda: give("fewer_topic", topic=matters),
            lambda: actions.undo_feedback(alice, given["fewer_topic"].pk),
        ),
        "not_interested": (
            lambda: give("not_interested", post=post),
            lambda: actions.undo_feedback(alice, given["not_interested"].pk),
        ),
        "topic": (lambda: actions.mute_topic(alice, matters), lambda: actions.unmute_topic(alice, matters)),
        "person": (lambda: people.mute(alice, post.author), lambda: people.unmute(alice, post.author)),
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["fewer_topic", "not_interested", "topic", "person"])
def test_every_no_and_its_undo_hold_from_the_next_page_on(act: str, alice: User, town: dict[str, list[Post]]) -> None:
    gone = {
        "fewer_topic": [post.pk for posts in town.values() for post in posts[::2]],
        "not_interested": [town["zoe"][1].pk],
        "topic": [post.pk for posts in town.values() for post in posts[::2]],
        "person": ids(town["zoe"]),
    }[act]
    do, undo = steer_and_back(alice, town)[act]
    first = timelines.home_ranked(User.objects.get(pk=alice.pk))
    seen = set(ids(first.posts))
    before = list(following(alice, first.next_cursor))
    assert set(gone) - seen <= set(before)
    first = timelines.home_ranked(User.objects.get(pk=alice.pk))
    seen = set(ids(first.posts))
    do()
    second = timelines.home_ranked(User.objects.get(pk=alice.pk), first.next_cursor)
    assert not set(ids(second.posts)) & {*gone, *seen}
    undo()
    rest = list(following(alice, second.next_cursor))
    assert set(gone) - seen <= set(rest)
    assert not set(rest) & {*seen, *ids(second.posts)}


@pytest.mark.django_db(transaction=True)
def test_what_was_said_while_a_page_was_being_ranked_counts(
    alice: User, town: dict[str, list[Post]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slate is kept after the no was heard, but begun before it."""
    keep = timelines.home._keep

    def kept_late(slate: Any, full: bool) -> None:
        actions.give_feedback(alice, "fewer_author", author=town["zoe"][0].author)
        keep(slate, full)

    monkeypatch.setattr(timelines.home, "_keep", kept_late)
    first = timelines.home_ranked(User.objects.get(pk=alice.pk))
    monkeypatch.undo()
    assert not set(following(alice, first.next_cursor)) & set(ids(town["zoe"]))


@pytest.mark.django_db(transaction=True)
def test_following_and_unfollowing_rank_the_rest_anew(alice: User, town: dict[str, list[Post]]) -> None:
    zoe = town["zoe"][0].author
    first = timelines.home_ranked(User.objects.get(pk=alice.pk))
    people.follow(alice, zoe)
    second = timelines.home_ranked(User.objects.get(pk=alice.pk), first.next_cursor)
    assert {post.why for post in second.posts if post.author_id == zoe.pk} == {"You follow Zoe"}
    people.unfollow(alice, zoe)
    third = timelines.home_ranked(User.objects.get(pk=alice.pk), second.next_cursor)
    assert "You follow Zoe" not in {post.why for post in third.posts}


@pytest.mark.django_db(transaction=True)
def test_an_interest_turned_off_ranks_the_rest_anew(
    alice: User, town: dict[str, list[Post]], likes_axis: Callable[..., Any], client: Client
) -> None:
    interest = likes_axis(alice, *range(24))
    client.force_login(alice)
    first = timelines.home_ranked(User.objects.get(pk=alice.pk))
    client.post(reverse("ml:interest_change", args=[interest.pk]), {"factor": "0"})
    second = timelines.home_ranked(User.objects.get(pk=alice.pk), first.next_cursor)
    before, after = (Impression.objects.filter(person=alice, post__in=page.posts) for page in (first, second))
    assert all("interest" in row.terms for row in before)
    assert not any("interest" in row.terms for row in after)
