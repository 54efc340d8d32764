"""Rows that come and go under several hands at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection

from accounts.models import Follow, Mute, User
from accounts.races import TRIES, get_or_create, update_or_create

pytestmark = pytest.mark.django_db(transaction=True)


def together(act: Callable[[int], Any], times: int) -> None:
    def turn(number: int) -> None:
        try:
            act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(turn, range(times)))


def test_a_row_made_and_deleted_by_eight_hands_at_once_is_no_error(alice: User, charlie: User) -> None:
    def act(number: int) -> None:
        if number % 2:
            get_or_create(Follow.objects.all(), follower=charlie, followed=alice)
            update_or_create(Mute.objects.all(), muter=charlie, muted=alice, defaults={"until": None})
        else:
            Follow.objects.filter(follower=charlie, followed=alice).delete()
            Mute.objects.filter(muter=charlie, muted=alice).delete()

    together(act, 400)
    assert Follow.objects.filter(follower=charlie, followed=alice).count() <= 1


def test_another_broken_rule_is_told(alice: User) -> None:
    with pytest.raises(IntegrityError):
        get_or_create(Follow.objects.all(), follower=alice, followed=alice)


def test_it_gives_up_in_the_end() -> None:
    class Never:
        tries = 0

        def get_or_create(self, **keys: Any) -> tuple[Any, bool]:
            self.tries += 1
            raise IntegrityError("somebody is always quicker")

    rows: Any = Never()
    with pytest.raises(IntegrityError):
        get_or_create(rows, person=1)
    assert rows.tries == TRIES
