"""How concentrated a feed is: the numbers against ones worked out by hand, the page, and only one's own weeks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts import actions as people
from accounts.models import User
from feed import actions
from feed.models import Impression, Like, Post, Topic
from ml.watching import variety


@pytest.fixture
def subjects(db: None) -> list[Topic]:
    bread = Topic.objects.create(name="bread", shown_as="bread", curated=True, title_en="Bread", title_zh="面包")
    Topic.objects.create(name="loaf", shown_as="loaf", alias_of=bread)
    return [bread, Topic.objects.create(name="trains", shown_as="trains", curated=True, title_en="Trains")]


@pytest.fixture
def posts(subjects: list[Topic], person: Callable[..., User]) -> list[Post]:
    """Thirty by one about bread (some under its other name), ten by another about trains."""
    one, other = person("baker"), person("driver")
    found = [actions.publish(one, f"Dough {i} #{'loaf' if i % 2 else 'bread'}") for i in range(30)]
    return found + [actions.publish(other, f"Signal {i} #trains") for i in range(10)]


def show(viewer: User, posts: list[Post], days: float = 1, surface: str = "for-you") -> None:
    at, request = timezone.now() - timedelta(days=days), uuid4()
    Impression.objects.bulk_create(
        Impression(person=viewer, post=post, request_id=request, position=place, shown_at=at, surface=surface)
        for place, post in enumerate(posts)
    )


def test_effective_number_of_equal_and_unequal_shares() -> None:
    assert variety.effective([5, 5, 5, 5]) == pytest.approx(4)
    assert variety.effective([7]) == pytest.approx(1)
    assert variety.effective([3, 1]) == pytest.approx(1.7548, abs=1e-4)  # 2^0.8113
    assert variety.effective([]) == 0


def test_weeks_of_a_person(alice: User, posts: list[Post]) -> None:
    show(alice, posts, days=1)
    show(alice, posts[:10], days=2)  # the same again is no more variety
    show(alice, posts[:19], days=9)  # too few
    show(alice, posts[:20], days=16)
    show(alice, posts, days=23, surface="outside")
    found = variety.of_person(alice.pk, "shown")
    assert found["author"][-4:] == [None, pytest.approx(1), None, pytest.approx(1.7548, abs=1e-4)]
    assert found["topic"][-1] == pytest.approx(1.7548, abs=1e-4)  # another name of a topic is the same topic
    assert len(found["topic"]) == variety.WEEKS
    assert variety.of_person(alice.pk, "liked")["author"] == [None] * variety.WEEKS
    largest = variety.largest(alice.pk)
    assert [round(one.share, 2) for one in largest["author"]] == [0.87, 0.13]
    assert largest["author"][0].what == posts[0].author_id


def test_what_was_liked(alice: User, posts: list[Post]) -> None:
    for post in (*posts[:3], *posts[30:33]):
        actions.like(alice, post)
    Like.objects.filter(post=posts[0]).update(created_at=timezone.now() - timedelta(days=70))
    found = variety.of_person(alice.pk, "liked")
    assert found["author"][-1] == pytest.approx(variety.effective([2, 3]))


def test_the_median_needs_five_people_who_let_the_site_learn(posts: list[Post], person: Callable[..., User]) -> None:
    readers = [person(f"reader{i}") for i in range(5)]
    people.give_consent(readers[4], behaviour=False)
    for reader in readers:
        show(reader, posts[: 30 if reader is readers[0] else 40])
    assert variety.of_site()["author"][-1] is None
    variety.cache.delete("variety:site")
    people.give_consent(readers[4], behaviour=True)
    assert variety.of_site()["author"][-1] == 1.8
    show(readers[1], posts[:20], days=8)
    assert variety.of_site()["author"] == [None] * 7 + [1.8]  # kept; and one person's week is no median


def test_the_page(alice: User, posts: list[Post], client: Client) -> None:
    client.force_login(alice)
    page = client.get("/you/interests/variety").content.decode()
    assert "Nothing to show yet" in page
    assert "not enough people yet" in page
    show(alice, posts, days=1)
    page = client.get("/you/interests/variety").content.decode()
    assert "as if 2 topics shared it equally" in page
    assert "as if 2 people had written equally much" in page
    assert "Bread" in page
    assert "75%" in page
    assert "<td>1.8</td>" in page
    with translation.override("zh-hans"):
        assert "面包" in client.get("/you/interests/variety", headers={"Accept-Language": "zh-Hans"}).content.decode()


def test_the_page_is_for_its_owner(client: Client, db: None) -> None:
    assert client.get("/you/interests/variety").status_code == 302


def test_the_page_makes_few_queries(
    alice: User, posts: list[Post], client: Client, django_assert_max_num_queries: Any
) -> None:
    show(alice, posts)
    client.force_login(alice)
    with django_assert_max_num_queries(14):
        client.get("/you/interests/variety")
