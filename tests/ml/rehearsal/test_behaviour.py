"""What the townspeople do with a page: by their tastes, with falling attention, and the same each time."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from feed.demo.town import Person
from ml.ranking.heads import long_read
from ml.rehearsal.behaviour import MOST_PLACES, Offered, Reaction, looked_at, read, worth
from ml.rehearsal.figures import entropy, expected, ndcg, share_disliked, share_to_taste, variety

GARDENER = Person("ada", "Ada", "", ["en"], {"gardening": 1.0, "books": 0.3}, dislikes=["football"], activity=1.0)


def many(page: list[Offered], times: int = 400) -> list[Reaction]:
    luck = random.Random(5)
    return [one for _ in range(times) for one in read(GARDENER, page, luck)]


def rate(reactions: list[Reaction], kind: str) -> float:
    return sum(kind in one.kinds for one in reactions) / len(reactions)


def test_the_same_luck_gives_the_same_reactions() -> None:
    page = [Offered("gardening"), Offered("football"), Offered(None)] * 10
    assert read(GARDENER, page, random.Random(3)) == read(GARDENER, page, random.Random(3))
    assert read(GARDENER, page, random.Random(3)) != read(GARDENER, page, random.Random(4))


def test_attention_falls_with_the_place() -> None:
    looked = [one.place for one in many([Offered(None)] * 60)]
    counts = [looked.count(place) for place in (0, 10, 20, 35)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 2 * counts[2] > 0
    assert max(looked) < MOST_PLACES


def test_acts_follow_tastes() -> None:
    loved, plain, disliked = (many([Offered(topic)]) for topic in ("gardening", "astronomy", "football"))
    assert rate(loved, "like") > 0.6 > 0.1 > rate(plain, "like")
    assert rate(loved, "open") > 0.3 > rate(plain, "open")
    assert rate(disliked, "not_interested") > 0.08 > rate(loved, "not_interested")
    assert sum(one.read_ms for one in loved) > 2 * sum(one.read_ms for one in plain)


def test_what_was_acted_on_is_passed_by() -> None:
    again = many([Offered("gardening", acted=True)])
    assert all(not one.kinds and one.read_ms <= 2000 for one in again)


def test_nobody_follows_whom_they_follow() -> None:
    assert rate(many([Offered("gardening", follows=True)]), "follow") == 0


def test_what_cannot_be_read_is_only_glanced_at() -> None:
    foreign = many([Offered("gardening", readable=False)])
    assert all(not one.kinds and one.read_ms < 1500 for one in foreign)


def test_foul_posts_are_reported_now_and_then_and_never_liked() -> None:
    foul = many([Offered("gardening", foul=True)])
    assert 0 < rate(foul, "report") < 0.2
    assert rate(foul, "like") == 0


def test_what_a_post_is_worth_is_what_comes_of_it_on_average() -> None:
    weights = {"like": 1.0, "comment": 2.0, "repost": 1.0, "bookmark": 1.0, "follow": 2.0, "open": 1.0} | {
        "not_interested": -3.0,
        "hide": -6.0,
        "report": -6.0,
        "dwell": 1.0,
    }
    posts = [Offered("gardening"), Offered("football"), Offered("gardening", foul=True), Offered(None, seen=True)]
    for post in posts:
        reactions = many([post], times=4000)
        came = [weights[kind] for one in reactions for kind in one.kinds]
        came += [long_read(one.read_ms, post.characters) for one in reactions]
        looks = len(reactions)
        assert worth(GARDENER, post, weights) == pytest.approx(sum(came) / looks, abs=0.06), post
    assert worth(GARDENER, Offered("gardening", acted=True), weights) == 0
    assert worth(GARDENER, Offered("gardening", readable=False), weights) == 0


def test_the_first_places_count_by_how_often_they_are_looked_at() -> None:
    chances = looked_at(20)
    looked = Counter(one.place for one in many([Offered(None)] * 40, times=4000))
    tries = looked[0] / chances[0]
    assert [looked[place] / tries for place in range(20)] == pytest.approx(chances, abs=0.03)
    assert expected([2.0, 1.0], [1.0, 2.0]) == 1.0
    assert expected([1.0, 2.0, -1.0], [1.0, 2.0, -1.0]) < 1.0
    assert expected([], [0.0, -1.0]) == 1.0


def test_figures_by_the_key() -> None:
    topics = ["gardening", "football", "books", None]
    assert share_to_taste(GARDENER, topics) == 0.5
    assert share_disliked(GARDENER, topics) == 0.25
    assert ndcg(GARDENER, ["gardening", "books"], topics) == 1.0
    assert 0 < ndcg(GARDENER, ["books", "gardening"], topics) < 1
    assert ndcg(GARDENER, [None], ["astronomy"]) == 1.0
    assert variety([1, 1, 2, 3]) == 0.75
    assert entropy(["a", "a", "b", "b"]) == 1.0
    assert entropy([]) == 0.0
