"""Background work of ml: each task takes ids, may run twice, fetches, and calls one function."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from ml import registry
from ml.conf import SWEEP_AT_MOST
from ml.embedding import learning, posts, topics
from ml.embedding.encoder import EncoderUnavailable
from ml.queueing import learn_soon, queue, take_stale
from ml.ranking import counted
from ml.watching import drift, online

REFRESH_QUEUED = "neighbours:queued"
REFRESH_FORGOTTEN = 600  # seconds after which a queued refresh is taken for lost
log = structlog.get_logger(__name__)


@shared_task(name="ml.embed_post")
def embed_post(post_id: int) -> None:
    """A post was written, edited or brought back: its vectors, then what it is about."""
    understand_posts([post_id])


@shared_task(name="ml.embed_many")
def embed_many(post_ids: list[int]) -> None:
    understand_posts(post_ids)


def understand_posts(post_ids: list[int]) -> int:
    """Vectors and topics of these posts; how many vectors were computed. Without an encoder nothing happens."""
    try:
        done = posts.embed_posts(post_ids)
    except EncoderUnavailable as error:
        log.warning("encoder_unavailable", reason=str(error))
        return 0
    topics.label_posts(post_ids)
    if done:
        learning.mark_waiting(post_ids)
    return done


@shared_task(name="ml.sweep_posts")
def sweep_posts() -> None:
    """Embed what has no vector (Redis may forget a queue, PostgreSQL does not), and promote a complete encoder."""
    try:
        posts.prepare()
    except EncoderUnavailable as error:
        log.warning("encoder_unavailable", reason=str(error))
        return
    waiting = posts.pending(SWEEP_AT_MOST)
    for start in range(0, len(waiting), 64):
        understand_posts(waiting[start : start + 64])
    if len(waiting) < SWEEP_AT_MOST:
        promote_complete()


def promote_complete() -> None:
    """Let an encoder serve once every post, topic and interest has its vector."""
    for name in registry.encoders_to_fill()[1:]:
        if not posts.pending(1, name):
            topics.refresh_topic_vectors(name)
            for person_id in learning.lacking(name):
                learning.learn(person_id)
            registry.promote_encoder(name)


@shared_task(name="ml.learn_interests")
def learn_interests(person_id: int) -> None:
    """Compute a person's interests anew, again while acts arrive meanwhile."""
    while take_stale(person_id, learning.learn):
        pass


@shared_task(name="ml.sweep_interests")
def sweep_interests() -> None:
    """Learn from everybody whose acts were not learned from: a message was lost, or they were brought in."""
    for person_id in learning.overdue():
        learn_soon(person_id, learn_interests)


@shared_task(name="ml.refresh_neighbours")
def refresh_neighbours() -> None:
    """Which posts the same people act on, of the newest posts."""
    from ml.training import neighbours

    cache.delete(REFRESH_QUEUED)  # who leaves from now on asks again
    neighbours.refresh()


def refresh_neighbours_soon() -> None:
    """Somebody left: queue one refresh, however many leave. Without a broker the hourly one does it."""
    if cache.add(REFRESH_QUEUED, 1, REFRESH_FORGOTTEN) and not queue(refresh_neighbours):
        cache.delete(REFRESH_QUEUED)


def leave_neighbours(person_id: int) -> None:
    """What rests on this person's acts goes at once; it does not wait for a worker."""
    from ml.training import neighbours  # SciPy: only in a web process in which somebody leaves

    neighbours.leave(person_id)


@shared_task(name="ml.refresh_topics")
def refresh_topics() -> None:
    """The vectors of the curated topics from what is written about them by now."""
    try:
        posts.prepare()
    except EncoderUnavailable as error:
        log.warning("encoder_unavailable", reason=str(error))
        return
    for name in registry.encoders_to_fill():
        topics.refresh_topic_vectors(name)
    topics.label_posts(topics.newest_posts())


@shared_task(name="ml.watch")
def watch() -> None:
    """Who is a bot, and the sums and the drift of today so far and of yesterday, anew each time."""
    now = timezone.now()
    counted.note_robots(now)
    today = now.date()
    for day in (today - timedelta(days=1), today):
        online.sum_up(day)
        drift.watch(day)


@shared_task(name="ml.expire_datasets")
def expire_datasets() -> None:
    """Delete the dataset of a stopped night that may not be gone on with: too old, or somebody in it left."""
    from ml.training import recipe

    recipe.expire()


@shared_task(name="ml.retrain")
def retrain(by_id: int | None = None) -> None:
    """One night: train a ranker and let it serve if it is better, in a process of its own."""
    from ml.training import errand

    errand.train_apart(errand.command(by_id), by_id)
