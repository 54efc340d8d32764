"""How the site stands, in figures: for the admin's front page and for Prometheus. Counts only; names nobody.

A process asks each question at most once in so many seconds. A part that does not answer leaves its figures out instead
of failing the page.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import psutil
import structlog
from django.conf import settings
from django.db import connection, models
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

if TYPE_CHECKING:
    from ml.ranking.rates import ExplorationCost

log = structlog.get_logger(__name__)
T = TypeVar("T")
DAYS = 30
EXACT_UP_TO = 200_000  # rows; beyond, PostgreSQL's own estimate is near enough and free
LAG_COUNTED_UP_TO = 10_000
_kept: dict[str, tuple[float, Any]] = {}
_lock = threading.Lock()


def kept(fresh: float) -> Callable[[Callable[[], T]], Callable[[], T | None]]:
    """Remember an answer for `fresh` seconds; None when it could not be had, remembered as long, logged once."""

    def decorate(ask: Callable[[], T]) -> Callable[[], T | None]:
        @wraps(ask)
        def answer() -> T | None:
            with _lock:
                until, value = _kept.get(ask.__name__, (0.0, None))
                if time.monotonic() < until:
                    return value
                try:
                    value = ask()
                except Exception as error:
                    value = None
                    log.warning("figure_missing", figure=ask.__name__, error=repr(error))
                _kept[ask.__name__] = (time.monotonic() + fresh, value)
                return value

        return answer

    return decorate


def forget() -> None:
    """Ask everything anew."""
    _kept.clear()


def rows(model: type[models.Model]) -> int:
    """How many rows a table has: exactly while it is small, as PostgreSQL estimates once it is large."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)", [model._meta.db_table])
        found = cursor.fetchone()
    if found and found[0] > EXACT_UP_TO:
        return int(found[0])
    return model._default_manager.count()


@kept(15)
def totals() -> dict[str, int]:
    from accounts.models import User
    from feed.models import Like, Post, Report

    return {
        "posts": rows(Post),
        "people": rows(User),
        "likes": rows(Like),
        "reports_open": Report.objects.filter(state=Report.State.OPEN).count(),
    }


@dataclass(frozen=True)
class Lag:
    """Posts that wait for their vector: how many, up to `LAG_COUNTED_UP_TO`, and how long the oldest has waited."""

    posts: int
    oldest_seconds: float
    encoder: bool = True  # whether there is one at all; without one every post waits


@kept(15)
def embedding_lag() -> Lag:
    from feed.models import Post
    from ml import registry
    from ml.embedding.posts import pending

    encoder = bool(registry.encoders_to_fill())
    if encoder:
        ids = pending(limit=LAG_COUNTED_UP_TO)
    else:
        ids = list(Post.objects.alive().order_by("-pk").values_list("pk", flat=True)[:LAG_COUNTED_UP_TO])
    # An id carries the moment it was made; an edited post counts from when it was written.
    oldest = time.time() - (min(ids) >> 16) / 1000 if ids else 0.0
    return Lag(len(ids), max(oldest, 0.0), encoder)


@kept(600)
def exploration() -> ExplorationCost:
    """What places given to the unknown cost against the ranked ones beside them, over four weeks."""
    from ml.ranking.rates import exploration_cost

    return exploration_cost(days=28)


@kept(5)
def queues() -> dict[str, int]:
    """Tasks waiting in each queue, whatever the broker. One that was never used is not declared yet: nothing waits."""
    from kombu.exceptions import OperationalError

    from socialsite.celery import app
    from socialsite.engines.redis import start_broker

    start_broker(app)
    waiting: dict[str, int] = {}
    with app.connection_for_read(connect_timeout=1) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=2)
        for name in app.amqp.queues:
            channel = broker.channel()
            try:
                waiting[name] = channel.queue_declare(queue=name, passive=True).message_count
            except OperationalError:
                raise
            except broker.channel_errors:
                waiting[name] = 0
            finally:
                channel.close()
    return waiting


@kept(10)
def memory() -> dict[str, int]:
    """Bytes: this process, and what the machine still has."""
    machine = psutil.virtual_memory()
    return {"process": psutil.Process().memory_info().rss, "available": machine.available, "total": machine.total}


@kept(60)
def disk() -> dict[str, int]:
    """Bytes: free where the site writes, and the size of the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0]
    return {"free": psutil.disk_usage(str(settings.VAR_DIR)).free, "database": size}


@dataclass(frozen=True)
class Night:
    """The training that began last: a `TrainingRun.State`, empty where none ever began, and how long ago."""

    state: str = ""
    seconds_ago: float = 0.0


@kept(15)
def last_night() -> Night:
    from ml.models import TrainingRun

    run = TrainingRun.objects.order_by("-started_at", "-pk").first()
    return Night(run.state, (timezone.now() - run.started_at).total_seconds()) if run else Night()


@dataclass(frozen=True)
class Day:
    """What happened on one day, in the site's time zone."""

    date: date
    posts: int
    likes: int
    people: int  # who wrote, liked or reposted


@kept(60)
def days() -> list[Day]:
    """The last `DAYS` days, today last."""
    from feed.models import Like, Post, Repost

    today = timezone.localdate()
    first = today - timedelta(days=DAYS - 1)
    since = timezone.make_aware(datetime.combine(first, datetime.min.time()))
    posts = Post.objects.filter(created_at__gte=since, deleted_at=None).order_by()
    likes = Like.objects.filter(created_at__gte=since)
    acts = [
        posts.annotate(day=TruncDate("created_at")).values_list("day", "author_id"),
        likes.annotate(day=TruncDate("created_at")).values_list("day", "person_id"),
        Repost.objects.filter(created_at__gte=since)
        .annotate(day=TruncDate("created_at"))
        .values_list("day", "person_id"),
    ]
    people: dict[date, int] = {}
    for day, _person in acts[0].union(acts[1], acts[2]).iterator():
        people[day] = people.get(day, 0) + 1
    wrote, liked = _a_day(posts), _a_day(likes)
    dates = [first + timedelta(days=number) for number in range(DAYS)]
    return [Day(day, wrote.get(day, 0), liked.get(day, 0), people.get(day, 0)) for day in dates]


def _a_day(found: models.QuerySet[Any]) -> dict[date, int]:
    return dict(found.annotate(day=TruncDate("created_at")).values_list("day").annotate(n=Count("pk")))
