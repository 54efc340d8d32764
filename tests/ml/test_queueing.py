"""Quick acts are learned from once; a broker that is gone costs a request next to nothing."""

from collections.abc import Callable
from time import perf_counter

import pytest

from accounts.models import User
from feed import actions
from feed.models import Post
from ml import queueing
from ml.embedding import learning as learn
from ml.models import Learner
from ml.tasks import embed_post, learn_interests, sweep_interests
from socialsite.celery import app

Write = Callable[..., Post]


@pytest.fixture
def queued(learning: object, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the tasks the broker took; none of them runs."""
    names: list[str] = []
    app.conf.task_always_eager = False
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda task, *args, **more: names.append(task.name))
    return names


def test_twenty_quick_likes_queue_one_task(
    write: Write, charlie: User, queued: list[str], django_capture_on_commit_callbacks: Callable
) -> None:
    posts = [write(f"Soup number {number}.") for number in range(20)]
    with django_capture_on_commit_callbacks(execute=True):
        for post in posts:
            actions.like(charlie, post)
    assert queued.count("ml.learn_interests") == 1


def test_an_act_while_learning_is_learned_from_too(write: Write, charlie: User) -> None:
    queueing.learn_soon(charlie.pk, learn_interests)
    Learner.objects.filter(pk=charlie.pk).update(stale_since=charlie.date_joined)
    later = write("Soup.")

    def learn_slowly(person_id: int) -> None:
        Learner.objects.filter(pk=person_id).update(stale_since=later.created_at)

    assert queueing.take_stale(charlie.pk, learn_slowly), "something came meanwhile"
    assert not queueing.take_stale(charlie.pk, learn.learn)
    assert Learner.objects.get(pk=charlie.pk).stale_since is None


@pytest.fixture
def no_broker(learning: object, monkeypatch: pytest.MonkeyPatch) -> None:
    app.conf.task_always_eager = False
    connect = type(app).connection_for_write
    monkeypatch.setattr(
        type(app), "connection_for_write", lambda self, **more: connect(self, "redis://127.0.0.1:1/0", **more)
    )


def test_a_dead_broker_costs_one_request_a_moment_and_the_next_nothing(no_broker: None) -> None:
    started = perf_counter()
    assert not queueing.queue(embed_post, 1)
    first = perf_counter() - started
    started = perf_counter()
    assert not any(queueing.queue(embed_post, 1) for _ in range(100))
    assert first < 1.5
    assert perf_counter() - started < 0.05


@pytest.mark.usefixtures("no_broker")
def test_what_could_not_be_queued_is_learned_at_the_next_sweep(
    write: Write, charlie: User, django_capture_on_commit_callbacks: Callable
) -> None:
    post = write("Soup for two.")
    with django_capture_on_commit_callbacks(execute=True):
        actions.like(charlie, post)
    assert charlie.pk in learn.overdue()
    app.conf.task_always_eager = True
    queueing.close_nothing()
    sweep_interests()
    assert charlie.interests.exists()
    assert charlie.pk not in learn.overdue()
