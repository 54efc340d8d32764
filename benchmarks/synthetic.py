"""A large synthetic site, written by COPY: people with tastes, posts around centres of meaning."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from accounts.models import Consent, Profile, User
from benchmarks import synthetic_ties as ties
from feed.models import Impression
from ml.embedding.nearest import ensure_index
from ml.models import ModelVersion

MODEL = "synthetic/float32/00000001"  # the last digit goes up when the site is made otherwise
SIZE, CENTRES, DAYS = 384, 60, 30
FOLLOWS, LIKES, INTERESTS, TASTES = 30, 40, 4, 4
NULL = struct.pack("!i", -1)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def fill(posts: int, people: int) -> None:
    """Fill an empty, migrated database and build its index. About three minutes for 100,000 posts."""
    random = np.random.default_rng(7)
    now = timezone.now()
    centres = unit(random.standard_normal((CENTRES, SIZE)))
    tastes = random.integers(0, CENTRES, (people, TASTES))
    followed = _follows(random, people)
    _people(people, followed)
    topics = ties.topics(centres, MODEL, posts)
    groups = ties.groups(topics, people)
    ages = np.sort(random.uniform(0, DAYS * 86400, posts))[::-1]
    when = [now - timedelta(seconds=float(age)) for age in ages]
    ids = [(int(at.timestamp() * 1000) << 16) | (i & 0xFFFF) for i, at in enumerate(when)]
    about = random.integers(0, CENTRES, posts)
    authors = random.integers(1, people + 1, posts)
    likers, liked = _likes(random, tastes, about, posts, people)
    counts = np.bincount(liked, minlength=posts)
    print(f"writing {posts} posts, {len(liked)} likes, {people * FOLLOWS} follows …", flush=True)
    _posts(ids, when, authors, counts, about, [ties.group_of(i, int(about[i]), groups, CENTRES) for i in range(posts)])
    topic_rows = ((post, topics[about[i]], "hashtag", 1.0, "") for i, post in enumerate(ids) if i % 5 < 3)
    copy("feed_posttopic (post_id, topic_id, source, score, model_version)", topic_rows)
    copy("feed_like (person_id, post_id, created_at)", _like_rows(random, likers, liked, ids, when, now))
    copy("accounts_follow (follower_id, followed_id, created_at)", ((a, b, now) for a, b in sorted(followed)))
    follows = ((p + 1, topics[t], now) for p in range(people) for t in set(tastes[p, :2].tolist()))
    copy("feed_topicfollow (person_id, topic_id, created_at)", follows)
    _impressions(random, ids, people, now)
    ties.answer()
    ties.join(random, copy, tastes, groups)
    ties.keep_and_pass_on(random, copy, ids, people, now)
    ties.refuse(random, copy, ids, topics, people, now)
    ties.neighbours(random, copy, ids, about, counts, now)
    print("writing vectors …", flush=True)
    spread_out = unit(random.standard_normal((posts, SIZE)))
    vectors = unit(0.7 * centres[about] + 0.7 * spread_out).astype(np.float32)
    copy_binary(
        "ml_postvector (post_id, model, vector, digest, created_at)",
        ((i8(post), MODEL.encode(), half(vectors[i]), b"0" * 64, at(now)) for i, post in enumerate(ids)),
    )
    near = unit(centres[tastes] + 0.3 * unit(random.standard_normal((people, TASTES, SIZE))))
    copy_binary("ml_interestvector " + INTEREST_COLUMNS, _interests(near, tastes, topics, now))
    ModelVersion.objects.create(name=MODEL, kind=ModelVersion.Kind.ENCODER, state=ModelVersion.State.SERVING)
    print("building the index …", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
    ensure_index(MODEL, SIZE)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def forget_visits() -> None:
    """Drop what earlier runs of the benchmark were shown, so that every run sees the same site."""
    Impression.objects.exclude(model_version=MODEL).delete()


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _follows(random: Any, people: int) -> set[tuple[int, int]]:
    """Who follows whom; of those who came lately one in ten of the others' share is followed."""
    weight = np.array([0.1 if ties.is_new(person) else 1.0 for person in range(1, people + 1)])
    weight /= weight.sum()
    chosen = random.choice(np.arange(1, people + 1), (people, FOLLOWS), p=weight)
    return {(who + 1, int(one)) for who in range(people) for one in chosen[who] if one != who + 1}


def _people(people: int, followed: set[tuple[int, int]]) -> None:
    names = range(1, people + 1)
    User.objects.bulk_create((User(pk=i, username=f"p{i}", email=f"p{i}@example.org") for i in names), 2000)
    Profile.objects.bulk_create(
        (Profile(user_id=i, display_name=f"Person {i}", languages=["en"], onboarded_at=timezone.now()) for i in names),
        2000,
    )
    count = np.bincount([one for _who, one in followed], minlength=people + 1)
    profiles = list(Profile.objects.only("followers_count"))
    for profile in profiles:
        profile.followers_count = int(count[profile.user_id])
    Profile.objects.bulk_update(profiles, ["followers_count"], 2000)
    Consent.objects.bulk_create((Consent(person_id=i, behaviour=True) for i in names), 2000)


def _likes(random: Any, tastes: Any, about: Any, posts: int, people: int) -> tuple[np.ndarray, np.ndarray]:
    """Most likes go to posts of one's tastes; no pair twice."""
    by_centre = [np.flatnonzero(about == centre) for centre in range(CENTRES)]
    pairs: set[tuple[int, int]] = set()
    for person in range(people):
        for centre in () if ties.is_new(person + 1) else tastes[person]:
            pairs.update((person, int(post)) for post in random.choice(by_centre[centre], LIKES // TASTES))
    found = np.array(sorted(pairs))
    return found[:, 0], found[:, 1]


def _like_rows(
    random: Any, likers: Any, liked: Any, ids: list[int], when: list[datetime], now: datetime
) -> list[tuple[int, int, datetime]]:
    """Each like within hours or days of its post, in the order in which they came."""
    hours = random.exponential(24, len(liked))
    rows = [
        (int(who) + 1, ids[post], min(when[post] + timedelta(hours=float(late)), now))
        for who, post, late in zip(likers, liked, hours, strict=True)
    ]
    return sorted(rows, key=lambda row: row[2])


def _posts(
    ids: list[int], when: list[datetime], authors: Any, likes: Any, about: Any, groups: list[int | None]
) -> None:
    text = "A synthetic post of middling length about subject {}, number {}; it says nothing and means no one."
    copy(
        "feed_post (id, author_id, text, html, content_warning, language, visibility, created_at, likes_count,"
        " comments_count, reposts_count, quotes_count, is_comment, group_id)",
        (
            (post, int(authors[i]), text.format(about[i], i), f"<p>{text.format(about[i], i)}</p>", "", "en")
            + ("group" if groups[i] else "public", when[i], int(likes[i]), i % 3, 0, 0, False, groups[i])
            for i, post in enumerate(ids)
        ),
    )


def _impressions(random: Any, ids: list[int], people: int, now: datetime) -> None:
    """What is fresh was shown to some, and the first hundred people have been reading for a week."""
    columns = "feed_impression (person_id, post_id, request_id, surface, position, source, reason, features, terms,"
    columns += " score, model_version, bucket, shadow_version, found_by, scored_at, shown_at)"
    late, each = ids[-20000:], min(300, len(ids) // 300)
    seen = [(person, post) for person in range(1, 101) for post in random.choice(late, each, replace=False)]
    for post, times in zip(ids[-3000:], random.integers(5, 36, 3000), strict=False):
        seen += [(int(who), post) for who in random.integers(101, people + 1, times)]

    def rows() -> Iterator[tuple[Any, ...]]:
        for i, (person, post) in enumerate(seen):
            request = f"00000000-0000-0000-0000-{i:012d}"
            moment = now - timedelta(minutes=i % 9000)
            shown = (person, int(post), request, "for-you", i % 20)
            yield (*shown, "", "{}", "{}", "{}", 0.0, MODEL, "", "", [], moment, moment)

    copy(columns, rows())


INTEREST_COLUMNS = "(person_id, model, rank, vector, strength, negative, words, topic_id, acts, source, updated_at)"


def _interests(near: np.ndarray, tastes: np.ndarray, topics: list[int], now: datetime) -> Iterator[tuple[Any, ...]]:
    """Four of everybody who has been here for long, every other one with a topic; the first hundred refused some."""
    for person in range(len(near)):
        for rank in range(0 if ties.is_new(person + 1) else INTERESTS):
            topic = i8(topics[tastes[person, rank]]) if rank % 2 == 0 else None
            yield _interest(person + 1, rank, near[person, rank], 0.4 - 0.1 * rank, topic, now)
        if person < 100:
            refused = near[(person + 1) % len(near), -1]
            yield _interest(person + 1, 0, refused, 1.0, None, now, negative=True)


def _interest(
    person: int, rank: int, vector: Any, strength: float, topic: bytes | None, now: datetime, negative: bool = False
) -> tuple[bytes | None, ...]:
    words = b'\x01["word", "other", "third"]'
    return (
        *(i8(person), MODEL.encode(), struct.pack("!h", rank), half(vector), struct.pack("!d", strength)),
        *(bytes([negative]), words, topic, struct.pack("!i", 10), b"acts", at(now)),
    )


def copy(into: str, rows: Iterable[tuple[Any, ...]]) -> None:
    connection.ensure_connection()
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as sink:
        for row in rows:
            sink.write_row(row)


def copy_binary(into: str, rows: Iterable[tuple[bytes | None, ...]]) -> None:
    """PostgreSQL's binary COPY, fields given as they travel: vectors as text would be ten times as long."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN (FORMAT BINARY)") as sink:
        sink.write(b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0))
        for row in rows:
            fields = b"".join(NULL if value is None else struct.pack("!i", len(value)) + value for value in row)
            sink.write(struct.pack("!h", len(row)) + fields)
        sink.write(struct.pack("!h", -1))


def i8(value: int) -> bytes:
    return struct.pack("!q", value)


def half(vector: np.ndarray) -> bytes:
    return struct.pack("!HH", len(vector), 0) + vector.astype(">f2").tobytes()


def at(moment: datetime) -> bytes:
    return struct.pack("!q", int((moment - EPOCH).total_seconds() * 1_000_000))
