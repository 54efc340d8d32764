"""The command: what it prints of a page and of one post."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from feed import actions


def said(*words: str) -> str:
    out = StringIO()
    call_command("explain_feed", *words, stdout=out)
    return out.getvalue()


def test_the_page_stage_by_stage(alice: User, bob: User) -> None:
    actions.publish(bob, "A post about leeks", language="en")
    actions.publish(alice, "My own post", language="en")
    printed = said("alice")
    assert "A post about leeks" in printed
    assert "My own post" not in printed
    assert "You follow Bob" in printed
    assert "freshness +" in printed
    for stage in ("relations", "together", "post facts", "score", "places"):
        assert stage in printed


def test_one_post(alice: User, bob: User, mallory: User) -> None:
    here = actions.publish(bob, "Here it is", language="en")
    lost = actions.publish(mallory, "From a blocked person", language="en")
    assert "Place 1 of 1" in said("alice", str(here.pk))
    assert "Left out by the filter “blocked”" in said("alice", str(lost.pk))


def test_nobody_and_nothing(alice: User, person: Callable[..., User]) -> None:
    with pytest.raises(CommandError, match="nobody called zoe"):
        said("zoe")
    with pytest.raises(CommandError, match="no post 12"):
        said("alice", "12")
