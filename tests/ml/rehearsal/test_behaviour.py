"""What the townspeople do with a page: by their tastes, with falling attention, and the same each time."""

from __future__ import annotations

import random

from feed.demo.town import Person
from ml.rehearsal.behaviour import MOST_PLACES, Offered, Reaction, read
from ml.rehearsal.figures import entropy, ndcg, share_disliked, share_to_taste, variety

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
