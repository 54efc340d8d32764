"""One author who floods a large site: neither the pool of any source nor the pace of the site is theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Profile, User
from feed.models import Post
from ml.ranking import sources, viewer
from ml.ranking.candidate import Query
from ml.ranking.outside import WELL_LIKED
from ml.ranking.serve import query_for

FLOOD = 1200
OTHERS, EACH = 60, 8


def write(author: User, at: datetime, n: int, **fields: Any) -> Post:
    key = (int(at.timestamp() * 1000) << 16) + n % 2**16
    text = f"Number {n} of {author.username}"
    return Post(pk=key, author=author, text=text, html=text, language="en", created_at=at, **fields)


@pytest.fixture
def crowd(person: Callable[..., User]) -> list[User]:
    """Sixty people with eight posts each over twelve hours, each liked twice, the last an hour ago."""
    found = [person(f"writer{i}", consents=False) for i in range(OTHERS)]
    now = timezone.now()
    Post.objects.bulk_create(
        write(author, now - timedelta(hours=1, minutes=1.5 * (OTHERS * i + place)), OTHERS * i + place, likes_count=2)
        for place, author in enumerate(found)
        for i in range(EACH)
    )
    return found


@pytest.fixture
def flooder(person: Callable[..., User]) -> User:
    return person("flooder", consents=False)


def flood(author: User) -> None:
    """1,200 posts within the last hour, twenty a minute."""
    now = timezone.now()
    Post.objects.bulk_create(write(author, now - timedelta(seconds=3 * n), n) for n in range(FLOOD))
    Profile.objects.filter(user=author).update(posts_count=FLOOD)


def known(person: User) -> Query:
    query = query_for(person, limit=200)
    viewer.Relations()(query)
    return query


def found_by(source: sources.Sql, query: Query) -> dict[int, int]:
    """Post -> author, best first."""
    ids = list(replace(source, needs="")(query)[0].ids)
    authors = dict(Post.objects.filter(pk__in=ids).values_list("pk", "author_id"))
    return {pk: authors[pk] for pk in ids}


@pytest.mark.parametrize(
    "source",
    [sources.RISING, sources.BELOVED, WELL_LIKED, sources.EXPLORATION, sources.NEW_VOICES],
    ids=lambda source: source.name,
)
def test_a_flood_leaves_the_others_their_places(
    source: sources.Sql, alice: User, crowd: list[User], flooder: User
) -> None:
    before = found_by(source, known(alice))
    assert len(before) >= 20
    flood(flooder)
    query = known(alice)
    assert query.loud.keys() == {flooder.pk}
    after = found_by(source, query)
    theirs = [pk for pk, author in after.items() if author == flooder.pk]
    assert len(theirs) <= sources.BY_ONE
    assert len(after) >= len(before)
    assert len(set(after.values())) >= len(set(before.values())) - sources.BY_ONE


def test_all_sources_asked_together_say_the_same(alice: User, crowd: list[User], flooder: User) -> None:
    flood(flooder)
    query = known(alice)
    asked = [sources.RISING, sources.EXPLORATION, sources.NEW_VOICES]
    together = sources.Together(asked)(query)
    assert [list(found.ids) for found in together] == [list(one(query)[0].ids) for one in asked]


def test_a_flood_changes_neither_the_window_nor_what_is_typical(alice: User, crowd: list[User], flooder: User) -> None:
    before = known(alice)
    assert before.loud == {}
    assert 48 < before.window_hours < 720
    assert before.typical_acts == pytest.approx(2.0)
    flood(flooder)
    after = known(alice)
    assert after.window_hours == pytest.approx(before.window_hours, rel=0.02)
    assert after.typical_acts == pytest.approx(before.typical_acts)


def test_on_a_quiet_site_one_who_writes_a_lot_still_fills_a_page(alice: User, flooder: User) -> None:
    flood(flooder)
    query = known(alice)
    assert (query.loud, query.window_hours) == ({}, 720.0)
    assert len(found_by(sources.RISING, query)) == sources.RISING.cap
    assert len(found_by(sources.EXPLORATION, query)) == sources.BY_ONE


def test_an_old_post_that_is_still_liked_rises_though_its_author_wrote_since(alice: User, crowd: list[User]) -> None:
    """The few of one author are the best few, where a source knows the better."""
    now, author = timezone.now(), crowd[0]
    loved = write(author, now - timedelta(hours=3), 60_000, likes_count=400)
    later = [write(author, now - timedelta(minutes=30 + n), 60_001 + n) for n in range(9)]
    Post.objects.bulk_create([loved, *later])
    for source in (sources.RISING, sources.BELOVED):
        assert next(iter(found_by(source, known(alice)))) == loved.pk
