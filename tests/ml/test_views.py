"""Your interests, the reset, and the models in use, as pages."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from feed import actions
from feed.models import Post
from ml.embedding import learning as learn
from ml.embedding.interests import all_interests
from ml.models import InterestAdjustment, InterestVector
from ml.registry import serving_encoder

Write = Callable[..., Post]


@pytest.fixture
def learned(write: Write, alice: User, client: Client) -> Client:
    """alice, signed in, who likes telescopes."""
    for text in ("Saturn in the telescope tonight.", "Cleaning the telescope mirror.", "A comet in the telescope!"):
        actions.like(alice, write(text))
    learn.learn(alice.pk)
    client.force_login(alice)
    return client


def test_visitors_are_asked_to_sign_in(client: Client, db: None) -> None:
    answer = client.get(reverse("ml:interests"))
    assert answer.status_code == 302
    assert reverse("account_login") in answer["location"]


def test_the_page_names_the_interest_and_shows_posts(learned: Client) -> None:
    page = learned.get(reverse("ml:interests")).content.decode()
    assert "telescope" in page
    assert "Saturn in the telescope tonight." in page


def test_posts_one_may_not_read_are_no_samples(learned: Client, write: Write, charlie: User) -> None:
    write("My secret telescope.", by=charlie, visibility="followers")
    assert "My secret telescope." not in learned.get(reverse("ml:interests")).content.decode()


def test_an_interest_is_removed_and_restored(learned: Client, alice: User) -> None:
    first = all_interests(alice.pk, serving_encoder())[0]
    address = reverse("ml:interest_change", args=[first.id])
    assert learned.post(address, {"factor": "0"}).status_code == 302
    assert InterestAdjustment.objects.get(person=alice).factor == 0.0
    assert 'data-state="removed"' in learned.get(reverse("ml:interests")).content.decode()
    answer = learned.post(address, {"factor": "1"}, headers={"HX-Request": "true"})
    assert 'data-state="learned"' in answer.content.decode()
    assert not InterestAdjustment.objects.exists()


@pytest.mark.parametrize("factor", ["", "2", "-1", "nan", "x"])
def test_a_wrong_factor_is_refused_in_words(learned: Client, alice: User, factor: str) -> None:
    first = all_interests(alice.pk, serving_encoder())[0]
    answer = learned.post(reverse("ml:interest_change", args=[first.id]), {"factor": factor}, follow=True)
    assert answer.status_code < 500
    assert not InterestAdjustment.objects.exists()


def test_the_interest_of_another_is_not_changed(learned: Client, alice: User, charlie: User) -> None:
    first = all_interests(alice.pk, serving_encoder())[0]
    learned.force_login(charlie)
    assert learned.post(reverse("ml:interest_change", args=[first.id]), {"factor": "0"}).status_code == 403
    assert not InterestAdjustment.objects.exists()


def test_reset_asks_first_and_then_forgets(learned: Client, alice: User) -> None:
    address = reverse("ml:interests_reset")
    assert learned.get(address).status_code == 200
    assert InterestVector.objects.filter(person=alice).exists()
    assert learned.post(address, follow=True).status_code == 200
    assert not InterestVector.objects.filter(person=alice).exists()


def test_the_models_page_names_the_serving_encoder(learned: Client) -> None:
    assert serving_encoder() in learned.get(reverse("ml:models")).content.decode()


def test_an_interest_without_topic_or_words_is_named_by_a_post_like_it(learned: Client, alice: User) -> None:
    InterestVector.objects.filter(person=alice).update(words=[], topic=None)
    assert "Posts like “" in learned.get(reverse("ml:interests")).content.decode()
