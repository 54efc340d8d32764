"""Being suggested somebody, saying no, taking it back, following: end to end through the pages, by what was learned."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts import actions as people
from accounts.models import User
from feed import actions
from feed.models import Dismissal

PAGE = "/suggestions"


@pytest.mark.django_db(transaction=True)
def test_a_friend_of_a_friend(client: Client, alice: User, bob: User, person: Callable[..., User]) -> None:
    dora = person("dora")
    actions.publish(dora, "Bread again", language="en")
    people.follow(bob, dora)
    client.force_login(alice)

    def read(address: str = PAGE) -> str:
        return client.get(address).content.decode()

    assert "Followed by Bob, whom you follow" in read()
    assert "Not for me: Dora" in read("/")
    client.post(reverse("feed:dismiss"), {"kind": "people", "id": dora.pk, "next": PAGE})
    assert "Dora will not be suggested again." in read()
    for address in (PAGE, "/", "/explore"):
        assert "Not for me: Dora" not in read(address)
    client.post(reverse("feed:undo_dismiss", args=[Dismissal.objects.get().pk]), {"next": PAGE})
    assert "Not for me: Dora" in read()

    people.give_consent(alice, behaviour=False)
    assert "Followed by Bob, whom you follow" in read()  # whom one follows was said on purpose
    people.block(dora, alice)
    assert "Dora" not in read()
    people.unblock(dora, alice)
    assert "Not for me: Dora" in read()
    client.post(reverse("feed:follow", args=["dora"]), {"next": PAGE})
    assert "Not for me: Dora" not in read()
