"""What the tests of the feed say with: `say` publishes, `seen_by` is a browser signed in as somebody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from feed import actions, backends
from feed.backends import Ranked, Slate
from feed.models import Post


@pytest.fixture(autouse=True)
def plain_backends(settings: Any) -> Any:
    """The feed is tested without anything learned; tests of ranking bring their own ranker."""
    settings.FEED_BACKENDS = {
        "ranker": "feed.backends.NewestFirst",
        "assistant": "feed.backends.SilentAssistant",
        "suggester": "feed.popular.PopularFirst",
        "understanding": "feed.backends.NoUnderstanding",
    }
    backends.forget()
    yield
    backends.forget()


@pytest.fixture
def say(db: None) -> Callable[..., Post]:
    def publish(author: User, text: str, **more: Any) -> Post:
        return actions.publish(author, text, **more)

    return publish


@pytest.fixture
def seen_by(db: None) -> Callable[..., Client]:
    def browser(person: User | None = None, **options: Any) -> Client:
        client = Client(**options)
        if person is not None:
            client.force_login(person)
        return client

    return browser


class ScriptedRanker(backends.NewestFirst):
    """Ranks what a test tells it to, in that order; counts how often it was asked."""

    order: list[int] = []  # noqa: RUF012 - set by each test
    asked = 0

    def rank(self, viewer: Any, *, limit: int, exclude: Any = ()) -> Slate:
        type(self).asked += 1
        left = [pk for pk in self.order if pk not in set(exclude)][:limit]
        items = [
            Ranked(pk, "rising", {"kind": "rising"}, 1.0 / (1 + place), {"freshness": 0.5}, {"age": float(place)})
            for place, pk in enumerate(left)
        ]
        return Slate(items=tuple(items), model_version="scripted-1")

    def say_why(self, viewer: Any, reasons: Any) -> list[str]:
        return [f"Because it is {source}" for _reason, source in reasons]


@pytest.fixture
def ranker(settings: Any) -> Any:
    """A ranker under the test's control: `ranker.order = [ids]`."""
    settings.FEED_BACKENDS = {**settings.FEED_BACKENDS, "ranker": f"{__name__}.ScriptedRanker"}
    ScriptedRanker.order, ScriptedRanker.asked = [], 0
    backends.forget()
    return ScriptedRanker
