"""Rolling a ranker back restores the order of a page exactly, as promoting another changed it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accounts.models import User
from feed import actions
from feed.models import Post
from ml import registry
from ml.models import Promotion
from ml.ranking import arms, home, learned, serve as serving, weights
from ml.registry import rollback_ranker
from tests.ml.ranking.artifacts import OTHER, VERSION, graph, serve
from tests.ml.ranking.batches import axis

FORGET = (learned.forget, registry.forget, weights.forget, arms.forget)


@pytest.fixture(autouse=True)
def own_models(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MODELS_DIR = tmp_path
    for forget in FORGET:
        forget()
    yield
    for forget in FORGET:
        forget()


def page(viewer: User, now: datetime) -> tuple[str, list[tuple[int, float]]]:
    """What serves, and the posts with their scores in order."""
    asked = serving.query_for(User.objects.get(pk=viewer.pk), limit=50, now=now, seed=7)
    slate, _selected, trace = serving.traced(asked)
    assert not [step.name for step in trace.steps if step.error]
    return slate.model_version, [(item.post_id, item.score) for item in slate.items]


def test_a_rollback_restores_the_old_order_exactly(
    alice: User, bob: User, person: Callable[..., User], means: Callable[[Post, np.ndarray], Post]
) -> None:
    for number in range(8):
        author = person(f"writer{number}")
        for direction in range(3):
            post = actions.publish(author, f"Number {number} of subject {direction}", language="en")
            means(post, (0.8 * axis(direction) + 0.6 * axis(3 + number)).astype(np.float32))
            if direction == 0 and number < 3:
                actions.like(alice, post)
    now = datetime.now(UTC)
    by_hand = page(alice, now)
    serve(VERSION, graph(nearness=4.0))
    first = page(alice, now)
    serve(OTHER, graph(nearness=-4.0, row={"author_reach": 1.0}))
    second = page(alice, now)
    assert [version for version, _posts in (by_hand, first, second)] == [home.PLAIN.version, VERSION, OTHER]
    assert len({tuple(post for post, _score in posts) for _version, posts in (by_hand, first, second)}) == 3

    rollback_ranker(why="worse")
    assert page(alice, now) == first
    rollback_ranker()
    assert page(alice, now) == by_hand
    assert rollback_ranker() is None
    hows = list(Promotion.objects.order_by("pk").values_list("how", flat=True))
    assert hows == ["promote", "promote", "rollback", "rollback"]
