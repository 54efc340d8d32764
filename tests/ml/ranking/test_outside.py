""" "Step outside": well liked, far from what one reads, said so, logged apart, and never what was refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from accounts import actions as people
from accounts.models import User
from feed import actions, timelines
from feed.models import Impression, Post, Topic
from tests.ml.ranking.batches import axis


@pytest.fixture
def town(person: Callable[..., User], means: Callable[..., Post]) -> dict[str, Post]:
    """Tomatoes on axis 0 and trains on axis 1, each once well liked and once passed over, by four people."""
    at = timezone.now() - timedelta(hours=30)
    likers = [person(f"liker{i}") for i in range(9)]
    posts = {}
    for place, (name, direction) in enumerate(
        [("tomatoes", 0), ("trains", 1), ("dull tomatoes", 0), ("dull trains", 1)]
    ):
        post = actions.publish(person(f"writer{place}"), f"About {name}", language="en", at=at)
        own = 0.8 * axis(direction) + 0.6 * axis(4 + place)
        posts[name] = means(post, own.astype(np.float32))
        for liker in likers if "dull" not in name else []:
            actions.like(liker, post)
    return posts


def shown(viewer: User) -> list[int]:
    return [post.pk for post in timelines.outside(User.objects.get(pk=viewer.pk)).posts]


def test_well_liked_and_far(alice: User, town: dict[str, Post], likes_axis: Callable[..., Any]) -> None:
    likes_axis(alice, 0)
    assert shown(alice) == [town["trains"].pk]
    row = Impression.objects.get(person=alice)
    assert (row.surface, row.source, row.reason) == ("outside", "outside", {"kind": "outside"})
    assert row.model_version.startswith("outside-recipe/")
    assert row.terms["quality"] > 0


def test_somebody_unknown_gets_what_is_well_liked(alice: User, town: dict[str, Post]) -> None:
    assert set(shown(alice)) == {town["tomatoes"].pk, town["trains"].pk}
    assert Impression.objects.filter(person=alice).first().reason == {"kind": "loved"}


def test_not_what_was_shown_liked_or_refused(
    alice: User, town: dict[str, Post], likes_axis: Callable[..., Any]
) -> None:
    likes_axis(alice, 14)
    assert len(shown(alice)) == 2
    actions.give_feedback(alice, "not_interested", post=town["trains"])
    assert shown(alice) == [town["tomatoes"].pk]
    Impression.objects.all().delete()
    Impression.objects.create(
        person=alice,
        post=town["tomatoes"],
        request_id=uuid4(),
        position=0,
        shown_at=timezone.now() - timedelta(days=2),
    )
    assert shown(alice) == []


def test_not_by_people_followed_nor_of_topics_followed(alice: User, town: dict[str, Post]) -> None:
    people.follow(alice, town["trains"].author)
    assert shown(alice) == [town["tomatoes"].pk]
    topic = Topic.objects.create(name="garden", shown_as="garden", curated=True, title_en="Garden")
    town["tomatoes"].topics.add(topic)
    actions.follow_topic(alice, topic)
    assert shown(alice) == []


def test_the_tab_says_why_and_is_empty_in_words(
    alice: User, town: dict[str, Post], likes_axis: Callable[..., Any], client: Client
) -> None:
    likes_axis(alice, 0)
    client.force_login(alice)
    page = client.get("/?tab=outside").content.decode()
    assert "About trains" in page
    assert "About tomatoes" not in page
    assert "Well liked here, and far from what you usually read" in page
    actions.like(alice, town["trains"])
    page = client.get("/?tab=outside").content.decode()
    assert "Nothing far away just now" in page


def test_who_is_not_ranked_sees_what_everybody_sees(alice: User, town: dict[str, Post], client: Client) -> None:
    people.give_consent(alice, personalised=False)
    client.force_login(alice)
    page = client.get("/?tab=outside").content.decode()
    assert "About trains" in page
    assert "the same for everybody" in page
    assert not Impression.objects.filter(person=alice).exists()


def test_its_pages_follow_each_other(
    alice: User, town: dict[str, Post], settings: Any, client: Client, likes_axis: Callable[..., Any]
) -> None:
    settings.PAGE_SIZE = 1
    first = timelines.outside(alice)
    assert first.next_cursor
    second = timelines.outside(alice, first.next_cursor)
    assert {post.pk for post in (*first.posts, *second.posts)} == {town["tomatoes"].pk, town["trains"].pk}
    assert set(Impression.objects.filter(person=alice).values_list("surface", flat=True)) == {"outside"}
    client.force_login(alice)
    assert client.get("/", {"cursor": first.next_cursor}).status_code == 400  # a page of another tab
    assert client.get("/", {"tab": "outside", "cursor": "nonsense"}).status_code == 400
