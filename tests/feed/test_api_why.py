"""The API says the same about a post as the panel of the page, and nothing about what is closed to whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from feed.models import Impression, Post


@pytest.fixture
def shown(alice: User, bob: User, say: Callable[..., Post], ranker: Any, seen_by: Callable[..., Client]) -> Post:
    post = say(bob, "Slugs again.")
    ranker.order = [post.pk]
    assert seen_by(alice).get("/?tab=for-you").status_code == 200
    return post


def address(post: Post) -> str:
    return f"/api/v1/courtyard/statuses/{post.pk}/why"


def test_the_words_of_the_panel_reach_clients(alice: User, shown: Post, seen_by: Callable[..., Client]) -> None:
    row = Impression.objects.get(person=alice, post=shown)
    found = seen_by(alice).get(address(shown))
    assert found.status_code == 200
    told = found.json()
    assert (told["id"], told["status_id"]) == (str(row.pk), str(shown.pk))
    page = seen_by(alice).get(f"/why/{row.pk}").content.decode()
    assert told["sentence"]
    assert told["sentence"] in page
    assert told["model_version"] in page


def test_only_ones_own_impressions_of_what_one_may_read(
    alice: User, bob: User, shown: Post, seen_by: Callable[..., Client]
) -> None:
    assert seen_by(None).get(address(shown)).status_code in (401, 403)
    assert seen_by(bob).get(address(shown)).status_code == 404
    Post.objects.filter(pk=shown.pk).update(visibility="direct")
    gone = seen_by(alice).get(address(shown))
    assert gone.status_code == 404
    assert gone.json()["detail"]


def test_nonsense_is_no_address(alice: User, seen_by: Callable[..., Client]) -> None:
    assert seen_by(alice).get("/api/v1/courtyard/statuses/99999999999999999999/why").status_code == 404
    assert seen_by(alice).get("/api/v1/courtyard/statuses/12/why").status_code == 404
