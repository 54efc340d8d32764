"""A bot that likes everything, an author who floods: what others are shown hardly moves, and nobody learns from it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from feed.demo.town import Person, Town
from feed.models import Like
from ml.embedding.encoder import Encoder
from ml.rehearsal.behaviour import Offered, Reaction
from ml.rehearsal.days import Rehearsal
from ml.training.people import Span, bots, flooding
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


@pytest.fixture
def flooded() -> Town:
    """One author writes eighty posts on the last morning, each with words of its own."""
    town = quarter(days=30)
    start = min(post.at for post in town.posts).replace(hour=0, minute=0, second=0, microsecond=0)
    morning = start + timedelta(days=DAY, hours=8)
    mine = next(post for post in town.posts if post.by == FLOODER)
    flood = [
        replace(mine, key=f"flood-{n}", text=f"{mine.text} Part {n}: {mine.text[n % 30 :]}", at=morning, quote=None)
        for n in range(80)
    ]
    town.posts = sorted([*town.posts, *flood], key=lambda post: post.at)
    return town


def test_an_author_who_floods_takes_no_page(learning: Encoder, flooded: Town) -> None:
    rehearsal = Rehearsal(flooded, seed=3, elsewhere=False)
    evening = rehearsal.evening_of(DAY)
    rehearsal.arrive(evening)
    author = rehearsal.arrival.people[FLOODER].pk
    for person in (one for one in rehearsal.town.people if one.name != FLOODER):
        items = rehearsal.slate(person, evening).items[:FIRST]
        assert sum(rehearsal.written[item.post_id][1].author_id == author for item in items) <= 2, person.name
    rehearsal.live_evening(evening)
    people = [user.pk for user in rehearsal.arrival.people.values()]
    weights = flooding(Span(evening, evening + timedelta(days=1)), people)
    assert all(0 < weight < 1 for weight in weights.values())
