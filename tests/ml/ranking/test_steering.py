"""Sliders: each moves its own figure of the page in its direction, and the very next page shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from statistics import mean, median
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts import actions as people
from accounts.models import User
from feed import actions
from feed.models import Impression, Post
from ml.models import Steering
from ml.ranking import serve, steering
from ml.ranking.candidate import Sliders
from ml.ranking.features import NAMES
from tests.ml.ranking.batches import axis

Page = list[Any]


@pytest.fixture
def town(
    person: Callable[..., User], means: Callable[..., Post], likes_axis: Callable[..., Any], alice: User
) -> list[Post]:
    """Posts that differ in everything a slider asks about, each combination once."""
    likes_axis(alice, 0)
    posts = []
    readers = [person(f"reader{i}") for i in range(3)]
    for i in range(32):
        known, young, near, busy = (bool(i & bit) for bit in (1, 2, 4, 8))
        author = person(f"writer{i}")
        if known:
            people.follow(alice, author)
        at = timezone.now() - timedelta(hours=2 if young else 60)
        vector = 0.7 * axis(0 if near else 1) + 0.7 * axis(2 + i % 20)
        post = means(actions.publish(author, f"Words of number {i}", language="en", at=at), vector.astype(np.float32))
        for reader in readers if busy else ():
            actions.comment(reader, post, f"An answer to number {i}")
        posts.append(post)
    return posts


def first(viewer: User, places: int = 10) -> Page:
    return list(serve.rank(User.objects.get(pk=viewer.pk), limit=200).items[:places])


def share_followed(page: Page) -> float:
    return mean(item.features["follows_author"] for item in page)


def freshness(page: Page) -> float:
    return -median(item.features["age_hours"] for item in page)


def breadth(page: Page) -> float:
    return -mean(item.features["interest"] for item in page)


def answers(page: Page) -> float:
    return mean(item.features["answers"] for item in page)


@pytest.mark.parametrize(
    ("slider", "figure"),
    [("people", share_followed), ("fresh", freshness), ("broad", breadth), ("talk", answers)],
)
def test_a_slider_moves_its_figure(slider: str, figure: Callable[[Page], float], alice: User, town: list[Post]) -> None:
    found = []
    for at in (-1.0, 0.0, 1.0):
        steering.steer(alice, Sliders(**{slider: at}))
        found.append(figure(first(alice)))
    low, middle, high = found
    assert low <= middle <= high, found
    assert low < high, found


def test_my_languages_keep_others_away_and_sink_those_of_followed(alice: User, town: list[Post]) -> None:
    for post in town[:16]:
        Post.objects.filter(pk=post.pk).update(language="fr")
    alice.profile.languages = []
    alice.profile.save()
    french = {post.pk for post in town[:16]}
    before = {item.post_id for item in first(alice, 32)}
    assert before & french
    steering.steer(alice, Sliders(languages=("en",)))
    page = first(alice, 32)
    followed = {post.pk for post in town[:16] if people_follow(alice, post)}
    assert {item.post_id for item in page} & french <= followed
    assert not {item.post_id for item in page[:8]} & french


def people_follow(viewer: User, post: Post) -> bool:
    return viewer.following_links.filter(followed=post.author).exists()


def test_the_middle_adds_nothing_and_leaves_no_row(alice: User) -> None:
    steering.steer(alice, Sliders(people=0.5))
    assert Steering.objects.count() == 1
    steering.steer(alice, Sliders())
    assert not Steering.objects.exists()
    assert steering.terms(Sliders(), np.zeros((3, len(NAMES)), dtype=np.float32)) == {}


@pytest.mark.parametrize("wrong", [{"people": 1.1}, {"fresh": float("nan")}, {"languages": ("tlh",)}])
def test_what_no_slider_can_be_is_refused(alice: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        steering.steer(alice, Sliders(**wrong))
    assert not Steering.objects.exists()


def test_terms_are_of_the_row_alone_and_stand_nan() -> None:
    rows = np.full((2, len(NAMES)), np.nan, dtype=np.float32)
    found = steering.terms(Sliders(1, 1, 1, 1, ("en",)), rows)
    assert len(found) == 5
    assert all(np.isfinite(term).all() for term in found.values())


def test_the_page_keeps_resets_and_offers_presets(alice: User, town: list[Post], client: Client) -> None:
    client.force_login(alice)
    assert "/home/tune/" in client.get("/").content.decode()
    before = share_followed(first(alice))
    sent = {"people": "100", "fresh": "0", "broad": "0", "talk": "-40", "languages": ["en"]}
    answer = client.post("/home/tune/", sent, follow=True)
    assert "Your next page is ranked this way" in answer.content.decode()
    assert steering.sliders_of(alice) == Sliders(people=1.0, talk=-0.4, languages=("en",))
    client.get("/")
    logged = Impression.objects.filter(person=alice).order_by("-pk")[:5]
    assert all("slider:people" in row.terms for row in logged)
    assert share_followed(first(alice)) > before
    client.post("/home/tune/", {"preset": "calm"})
    assert steering.sliders_of(alice) == Sliders(fresh=-0.5, talk=-0.9, languages=("en",))
    client.post("/home/tune/", {"preset": "reset"})
    assert not Steering.objects.exists()


def test_a_reset_brings_back_the_very_order(alice: User, town: list[Post], client: Client) -> None:
    client.force_login(alice)

    def order() -> list[str]:
        return re.findall(r'id="post-(\d+)"', client.get("/").content.decode())

    def scores() -> list[tuple[int, list[str]]]:
        return [(item.post_id, sorted(item.terms)) for item in first(alice, 200)]

    before, scored = order(), scores()
    assert len(before) == 20
    for preset in ("discover", "calm"):
        client.post("/home/tune/", {"preset": preset})
        assert order() != before, preset
        client.post("/home/tune/", {"preset": "reset"})
        assert order() == before, preset
    client.post("/home/tune/", {"people": "100", "fresh": "100", "broad": "-100", "talk": "100", "languages": ["zh"]})
    assert order() != before
    client.post("/home/tune/", {"preset": "reset"})
    assert order() == before
    assert scores() == scored


@pytest.mark.parametrize("sent", [{"people": "9000"}, {"people": "much"}, {"preset": "chaos"}, {"languages": ["tlh"]}])
def test_nonsense_is_answered_in_words(alice: User, client: Client, sent: dict[str, Any]) -> None:
    client.force_login(alice)
    answer = client.post("/home/tune/", sent)
    assert answer.status_code == 422
    assert not Steering.objects.exists()


def test_visitors_are_sent_to_the_log_in(client: Client, db: None) -> None:
    assert client.get("/home/tune/").status_code == 302
