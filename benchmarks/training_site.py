"""A made-up site and a month of its pages, written by COPY: what people do follows the cosine of a post to their taste.

For benchmarks/training.py and its test; it writes into whatever empty, migrated database Django is connected to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import connection
from django.utils import timezone

from accounts.models import Consent, Profile, User
from benchmarks.synthetic import at, copy, copy_binary, half, i8, unit
from feed.ids import id_at
from ml.models import ModelVersion
from ml.ranking.features import NAMES
from ml.ranking.home import RECIPE
from ml.ranking.scorers import HandSet

MODEL: Final = "synthetic/float16/training"
DIMENSIONS, CENTRES, TASTES, EARLIER = 384, 60, 3, 90
DAY, DAYS = 86_400.0, 29.9  # of pages; a night looks at the last thirty
AT_ONCE, CHOSEN_AMONG = 250, 120  # requests, and posts of which a page shows twenty
# How likely an act is beside a like, in log-odds; who says no does so the more, the farther a post is from their taste.
LIKE, LIKING = -3.5, 8.0
BESIDE: Final = {"like": 0.0, "comment": -1.6, "repost": -2.0, "bookmark": -2.0, "follow": -3.0, "open": 0.1}
NO: Final = {"not_interested": -5.5, "hide": -6.5}
TEXT: Final = "A synthetic post of middling length about subject {}, number {}; it says nothing and means no one."
IMPRESSIONS: Final = (
    "feed_impression (id, person_id, post_id, request_id, surface, position, source, reason, features, terms, score,"
    " model_version, read_ms, bucket, shadow_version, found_by, scored_at, shown_at)"
)
POSTS: Final = (
    "feed_post (id, author_id, text, html, content_warning, language, visibility, created_at, likes_count,"
    " comments_count, reposts_count, quotes_count, is_comment, parent_id, thread_id)"
)
TABLES: Final = {
    "like": "feed_like (person_id, post_id, created_at)",
    "repost": "feed_repost (person_id, post_id, created_at, id)",
    "bookmark": "feed_bookmark (person_id, post_id, created_at)",
    "feedback": "feed_feedback (person_id, post_id, created_at, kind, reason)",
    "comment": POSTS,
}
Array = np.ndarray[Any, Any]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Size:
    requests: int = 50_000
    posts: int = 100_000
    people: int = 5_000
    shown: int = 20

    @property
    def impressions(self) -> int:
        return self.requests * self.shown


@dataclass
class Site:
    """What people and posts are like. People 1 … `people` read and allow everything they can; a fifth as many write."""

    size: Size
    now: datetime
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(11))
    impressions: int = 0  # written
    acts: int = 0
    done: set[tuple[str, int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        rng, posts, people = self.rng, self.size.posts, self.size.people
        self.centres = max(min(CENTRES, posts // 50), TASTES)
        centres = unit(rng.standard_normal((self.centres, DIMENSIONS)))
        old = posts // 3  # what people acted on before the month of pages
        ages = np.concatenate([rng.uniform(62, 95, old), rng.uniform(0, 40, posts - old)]) * DAY
        self.written = self.now.timestamp() - np.sort(ages)[::-1]
        self.old = old
        self.ids = [id_at(moment(when), place & 0x7FFF) for place, when in enumerate(self.written)]
        self.about = rng.integers(self.centres, size=posts)
        noise = unit(rng.standard_normal((posts, DIMENSIONS)))
        self.vectors = unit(0.7 * centres[self.about] + 0.7 * noise).astype(np.float32)
        self.authors = people + 1 + rng.integers(max(people // 5, 4), size=posts)
        self.appeal = rng.standard_normal(posts)
        self.counts = rng.poisson(np.exp(1 + 0.7 * self.appeal)[:, None] * [1.0, 0.3, 0.2], (posts, 3))
        self.tastes = np.argsort(rng.random((people, self.centres)), axis=1)[:, :TASTES]
        self.taste = unit(np.einsum("pt,ptd->pd", rng.uniform(0.5, 1.5, (people, TASTES)), centres[self.tastes]))
        self.activity = 0.8 * rng.standard_normal(people)
        self.new = rng.random(people) < 0.1  # newcomers: hardly any act before
        self.opens = rng.random(people) < 0.7
        self.reading = rng.random(people) < 0.5


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def fill(size: Size, progress: Progress = lambda impressions: None, now: datetime | None = None) -> Site:
    """`progress` is told how many impressions were written with each piece."""
    site = Site(size, now or timezone.now())
    encoder = ModelVersion.objects.create(name=MODEL, kind=ModelVersion.Kind.ENCODER)  # from here on it is ours
    _people(site)
    _posts(site)
    _earlier(site)
    times = site.now.timestamp() - np.sort(site.rng.uniform(0, DAYS * DAY, size.requests))[::-1] - 600
    for first in range(0, size.requests, AT_ONCE):
        progress(_pages(site, times[first : first + AT_ONCE]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('feed_impression', 'id'), %s)", [site.impressions])
    encoder.state = ModelVersion.State.SERVING
    encoder.save(update_fields=["state"])
    return site


def _people(site: Site) -> None:
    everybody = range(1, int(site.authors.max()) + 1)
    User.objects.bulk_create((User(pk=i, username=f"p{i}", email=f"p{i}@example.org") for i in everybody), 2000)
    Profile.objects.bulk_create((Profile(user_id=i, display_name=f"Person {i}") for i in everybody), 2000)
    Consent.objects.bulk_create((_consent(site, i) for i in everybody), 2000)


def _consent(site: Site, person: int) -> Consent:
    if person > site.size.people:
        return Consent(person_id=person)
    opens, reading = bool(site.opens[person - 1]), bool(site.reading[person - 1])
    return Consent(person_id=person, behaviour=True, training=True, opens=opens, reading_time=reading)


def _posts(site: Site) -> None:
    def rows() -> Iterator[tuple[Any, ...]]:
        for place, post in enumerate(site.ids):
            text = TEXT.format(site.about[place], place)
            likes, answers, reposts = site.counts[place].tolist()
            about = (text, f"<p>{text}</p>", "", "en", "public", moment(site.written[place]))
            yield (post, int(site.authors[place]), *about, likes, answers, reposts, 0, False, None, None)

    copy(POSTS, rows())
    vectors = ((i8(post), MODEL.encode(), half(site.vectors[i]), b"0" * 64) for i, post in enumerate(site.ids))
    stamp = at(site.now)
    copy_binary("ml_postvector (post_id, model, vector, digest, created_at)", ((*row, stamp) for row in vectors))


def _earlier(site: Site) -> None:
    """Acts of the month before the pages: enough for a full history, but of newcomers."""
    rng, begun = site.rng, site.now.timestamp() - 61 * DAY
    by_centre = [np.flatnonzero(site.about[: site.old] == centre) for centre in range(site.centres)]
    kinds = np.array(["like", "repost", "bookmark", "comment", "not_interested"])
    found: list[tuple[str, int, int, float]] = []
    for person in range(site.size.people):
        many = int(rng.integers(10)) if site.new[person] else EARLIER
        mine = np.concatenate([by_centre[centre] for centre in site.tastes[person]])
        chosen = rng.choice(kinds, many, p=[0.78, 0.06, 0.06, 0.05, 0.05])
        posts = np.where(rng.random(many) < 0.9, rng.choice(mine, many), rng.integers(site.old, size=many))
        posts = np.where(chosen == "not_interested", rng.integers(site.old, size=many), posts)
        when = begun + rng.uniform(0, 31 * DAY, many)
        found += zip(chosen.tolist(), [person] * many, posts.tolist(), when.tolist(), strict=True)
    _act(site, found)


def _act(site: Site, acts: list[tuple[str, int, int, float]]) -> None:
    """Write acts (kind, person, post, unix seconds) where the site keeps them; the same act twice is one."""
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
    for kind, person, place, when in acts:
        if kind in ("follow", "open") or (kind, person, place) in site.done:
            continue
        site.done.add((kind, person, place))
        site.acts += 1
        number = id_at(moment(when), 0x8000 | (site.acts & 0x7FFF))
        row: tuple[Any, ...] = (person + 1, site.ids[place], moment(when))
        if kind == "comment":
            about = ("An answer.", "<p>An answer.</p>", "", "en", "public", row[2], 0, 0, 0, 0, True)
            rows["comment"].append((number, person + 1, *about, row[1], row[1]))
        elif kind in NO:
            rows["feedback"].append((*row, kind, ""))
        else:
            rows[kind].append((*row, number) if kind == "repost" else row)
    for name, table in TABLES.items():
        copy(table, rows[name])


def _pages(site: Site, times: Array) -> int:
    """One page for each moment; how many impressions were written."""
    rng, size = site.rng, site.size
    person = rng.integers(size.people, size=len(times))
    newest = (size.posts - site.old) // 10  # posts of the last four days
    step = max(newest // CHOSEN_AMONG, 1)
    first = np.searchsorted(site.written, times)[:, None] - newest
    strata = np.arange(newest // step) * step  # one of each, so that none comes twice
    among = first + strata + rng.integers(step, size=(len(times), len(strata)))
    cosine = np.einsum("rmd,rd->rm", site.vectors[among], site.taste[person].astype(np.float32))
    order = np.argsort(-(cosine + rng.gumbel(scale=0.15, size=cosine.shape)), axis=1)[:, : size.shown]
    posts, cosine = (np.take_along_axis(found, order, axis=1) for found in (among, cosine))
    numbers = _numbers(site, person, posts, cosine, times)
    acted = _acted(site, person, posts, cosine, numbers)
    _write(site, person, posts, times, numbers, _read(site, person, cosine))
    _outcomes(site, person, posts, times, acted)
    site.impressions += posts.size
    return int(posts.size)


def _numbers(site: Site, person: Array, posts: Array, cosine: Array, times: Array) -> Array:
    """The rows (requests, shown, len(NAMES)) as serving would log them."""
    rng, shape = site.rng, posts.shape
    near = lambda share: share * cosine + 0.1 * rng.standard_normal(shape)  # noqa: E731 - known with noise only
    by_chance = lambda share: (rng.random(shape) < share).astype(float)  # noqa: E731
    age = (times[:, None] - site.written[posts]) / 3600
    follows = by_chance(0.1)
    likes, answers, reposts = np.moveaxis(site.counts[posts], 2, 0)
    found: dict[str, Any] = {
        **dict.fromkeys(("shown_times", "answer", "warned"), 0.0),
        **dict.fromkeys(("shown_hours_ago", "acted_days_ago"), 999.0),
        **dict.fromkeys(("feedback", "language_read", "has_vector"), 1.0),
        "interest": near(1.0).clip(0, 1),
        "liked_like": near(0.8).clip(0, 1),
        "topic_taste": near(0.5).clip(-0.3, 1),
        "topic_interest": near(0.7).clip(0, 1),
        "refusal": near(0.0).clip(0, 1),
        "follows_author": follows,
        "affinity": (follows * rng.exponential(0.3, shape)).clip(0, 1),
        "friends": rng.poisson(0.1, shape),
        "topic_followed": by_chance(0.2),
        "group_joined": by_chance(0.05),
        "freshness": 0.5 ** (age / 18),
        "quality": (0.5 * site.appeal[posts]).clip(-1, 1.5),
        "age_hours": age,
        "likes": likes,
        "answers": answers,
        "reposts": reposts,
        "author_reach": np.log1p(site.authors[posts] % 500),
        "length": np.full(shape, np.log1p(len(TEXT))),
        "pictures": (posts % 3 == 0).astype(float),
        "cold": np.repeat(site.new[person, None], shape[1], axis=1).astype(float),
        "found_by": 1.0 + rng.poisson(0.3, shape),
    }
    if found.keys() != set(NAMES):
        raise ValueError(f"numbers that serving does not log, or no longer: {sorted(found.keys() ^ set(NAMES))}")
    return np.stack([np.broadcast_to(found[name], shape) for name in NAMES], axis=2).astype(np.float32)


def _acted(site: Site, person: Array, posts: Array, cosine: Array, numbers: Array) -> dict[str, Array]:
    """Who did what: by the true cosine, the post's appeal, whether they follow its author, its place, and chance."""
    place, follows = np.arange(posts.shape[1]), numbers[..., NAMES.index("follows_author")]
    liking = LIKE + LIKING * (cosine - 0.4) + 0.4 * site.appeal[posts] + 0.7 * follows - 0.05 * place
    odds = {kind: liking + site.activity[person, None] + shift for kind, shift in BESIDE.items()}
    odds["open"] = np.where(site.opens[person, None], odds["open"], -np.inf)
    odds |= {kind: shift - 4 * cosine for kind, shift in NO.items()}
    return {kind: site.rng.random(posts.shape) < 1 / (1 + np.exp(-found)) for kind, found in odds.items()}


def _read(site: Site, person: Array, cosine: Array) -> Array:
    """Milliseconds in view, 0 where nobody measured; longer for what is to one's taste."""
    ms = 2_500 * np.exp(2.5 * cosine + 0.6 * site.rng.standard_normal(cosine.shape))
    measured = site.reading[person, None] & (site.rng.random(cosine.shape) < 0.8)
    return np.where(measured, ms, 0).astype(np.int64)


def _write(site: Site, person: Array, posts: Array, times: Array, numbers: Array, read: Array) -> None:
    flat = numbers.reshape(-1, len(NAMES))
    terms = {name: np.round(column.astype(float), 4).tolist() for name, column in HandSet(RECIPE).of_rows(flat).items()}
    score = np.sum(list(terms.values()), axis=0).round(4).tolist()
    logged, shown = np.round(flat.astype(np.float64), 6).tolist(), posts.shape[1]

    def rows() -> Iterator[tuple[Any, ...]]:
        for request, when in enumerate(times.tolist()):
            key = UUID(bytes=site.rng.bytes(16), version=4)
            for place in range(shown):
                row = request * shown + place
                reason = json.dumps({"kind": "like", "post": str(site.ids[int(posts[request, 0])])})
                features = json.dumps(dict(zip(NAMES, logged[row], strict=True)))
                told = json.dumps({name: column[row] for name, column in terms.items() if column[row]})
                ids = (site.impressions + row + 1, int(person[request]) + 1, site.ids[int(posts[request, place])])
                source = ("near interests", "followed", "popular")[row % 3]
                about = (key, "for-you", place, source, reason, features, told, score[row], "")
                yield (*ids, *about, int(read[request, place]) or None, "", "", [source], moment(when), moment(when))

    copy(IMPRESSIONS, rows())


def _outcomes(site: Site, person: Array, posts: Array, times: Array, acted: dict[str, Array]) -> None:
    shown, rows, acts = posts.shape[1], [], []
    for kind, mask in acted.items():
        for request, place in zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True):
            when = float(times[request]) + 5 + 10 * place
            rows.append((site.impressions + request * shown + place + 1, kind, moment(when)))
            acts.append((kind, int(person[request]), int(posts[request, place]), when))
    copy("feed_outcome (impression_id, kind, at)", rows)
    _act(site, acts)


def span_of(impressions: int) -> tuple[datetime, datetime]:
    """From when to when the first so many impressions were shown; the later moment is not included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(shown_at), max(shown_at) FROM feed_impression WHERE id <= %s AND surface = 'for-you'",
            [impressions],
        )
        first, last = cursor.fetchone()
    return first, last + timedelta(microseconds=1)
