"""A bot that likes everything, an author who floods: what others are shown hardly moves, and nobody learns from it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from accounts.models import Profile
from feed.demo.town import Person, Town
from feed.models import Impression, Like, Post
from ml.embedding.encoder import Encoder
from ml.ranking import sources, viewer
from ml.ranking.candidate import Query
from ml.ranking.outside import WELL_LIKED
from ml.ranking.serve import query_for
from ml.rehearsal.behaviour import Offered, Reaction
from ml.rehearsal.days import Rehearsal
from ml.training.people import Span, bots
from tests.ml.rehearsal.town import quarter

DAY = 24
BOT, FLOODER = "benoit_carr", "gus_hathersage"
FIRST = 10


def likes_everything(person: Person, page: Sequence[Offered], luck: random.Random) -> list[Reaction]:
    return [Reaction(place, 200, ["like"]) for place in range(len(page))]


def lived(town: Town, bot: bool = False) -> Rehearsal:
    rehearsal = Rehearsal(town, seed=3, elsewhere=True, readers={BOT: likes_everything} if bot else {})
    for day in (DAY, DAY + 1):
        rehearsal.live_evening(rehearsal.evening_of(day))
    rehearsal.arrive(_judged_at(rehearsal))
    return rehearsal


def _judged_at(rehearsal: Rehearsal) -> datetime:
    return rehearsal.evening_of(DAY + 2)


def first_places(rehearsal: Rehearsal, *but: str) -> dict[str, list[int]]:
    people = [person for person in rehearsal.town.people if person.name not in but]
    at = _judged_at(rehearsal)
    return {one.name: [i.post_id for i in rehearsal.slate(one, at).items][:FIRST] for one in people}


def test_a_bot_that_likes_everything_is_not_learned_from(learning: Encoder) -> None:
    rehearsal = lived(quarter(days=30), bot=True)
    robot = rehearsal.arrival.people[BOT]
    assert Like.objects.filter(person=robot).count() > 50
    evening = rehearsal.evening_of(DAY)
    assert bots(Span(evening - timedelta(days=1), evening + timedelta(days=3))) == {robot.pk}
    with_bot = first_places(rehearsal, BOT)
    Like.objects.filter(person=robot).delete()
    without = first_places(rehearsal, BOT)
    kept = [len(set(with_bot[name]) & set(without[name])) / FIRST for name in with_bot]
    assert min(kept) >= 0.7, kept
    assert sum(kept) / len(kept) >= 0.85, kept


FLOOD = 450


@pytest.fixture
def flooded() -> Town:
    """One author writes 450 posts on the last morning, each with words of its own."""
    town = quarter(days=30)
    start = min(post.at for post in town.posts).replace(hour=0, minute=0, second=0, microsecond=0)
    morning = start + timedelta(days=DAY, hours=8)
    mine = next(post for post in town.posts if post.by == FLOODER)
    flood = [
        replace(
            mine,
            key=f"flood-{n}",
            text=f"{mine.text} Part {n}: {mine.text[n % 30 :]}",
            at=morning + timedelta(seconds=3 * n),
            quote=None,
        )
        for n in range(FLOOD)
    ]
    town.posts = sorted([*town.posts, *flood], key=lambda post: post.at)
    return town


def asked_of(rehearsal: Rehearsal, person: Person, at: datetime) -> Query:
    """What the site knows of a person and of its own pace."""
    query = query_for(rehearsal.arrival.people[person.name], limit=200, now=at)
    viewer.Relations()(query)
    return query


def test_an_author_who_floods_takes_no_page(learning: Encoder, flooded: Town) -> None:
    rehearsal = Rehearsal(flooded, seed=3, elsewhere=False)
    evening = rehearsal.evening_of(DAY)
    rehearsal.arrive(evening)
    author = rehearsal.arrival.people[FLOODER].pk
    theirs = set(Post.objects.filter(author=author).values_list("pk", flat=True))
    assert len(theirs) > FLOOD
    Profile.objects.filter(user=author).update(followers_count=0)
    for person in (one for one in rehearsal.town.people if one.name != FLOODER):
        items = rehearsal.slate(person, evening).items[:FIRST]
        assert sum(rehearsal.written[item.post_id][1].author_id == author for item in items) <= 2, person.name
        query = asked_of(rehearsal, person, evening)
        for source in (sources.EXPLORATION, sources.NEW_VOICES):
            assert len(theirs & set(source(query)[0].ids)) <= sources.BY_ONE, (source.name, person.name)
        for source in (sources.RISING, WELL_LIKED):  # beyond those few, only where others left room
            by_them = [post_id in theirs for post_id in source(query)[0].ids]
            assert sum(by_them[: len(by_them) - by_them[::-1].index(False)]) <= sources.BY_ONE, person.name
    rehearsal.live_evening(evening)
    shown = Impression.objects.filter(shown_at__gte=evening).exclude(person=author)
    assert shown.count() > 200
    assert shown.filter(post__author=author).count() <= 0.25 * shown.count()  # on a town of few other posts


def test_an_author_who_floods_does_not_set_the_pace(learning: Encoder, flooded: Town) -> None:
    calm = Rehearsal(flooded, seed=3, elsewhere=False)
    evening = calm.evening_of(DAY)
    calm.arrive(evening)
    person = next(one for one in flooded.people if one.name != FLOODER)
    with_flood = asked_of(calm, person, evening)
    flood = Post.objects.filter(author=calm.arrival.people[FLOODER], text__contains=" Part ")
    assert flood.count() == FLOOD
    flood.delete()
    without = asked_of(calm, person, evening)
    assert with_flood.window_hours == pytest.approx(without.window_hours, rel=0.05)
    # Without the flood, what they wrote on other days counts too.
    assert with_flood.typical_acts == pytest.approx(without.typical_acts, rel=0.15)
