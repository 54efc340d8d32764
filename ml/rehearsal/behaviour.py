"""What one of the townspeople does with a page: how far they look, and how they act on it, by their stated tastes.

Pure: it knows no table. The same person, page and luck always give the same reactions. The numbers of this file are
the town's, not the site's: nothing that ranks or trains reads them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log
from statistics import NormalDist

from feed.demo.simulator import chances
from feed.demo.town import Person
from ml.ranking.heads import long_read_ms

SURE_PLACES, FURTHER_PLACES, MOST_PLACES = 6, 16.0, 40  # looked at by all; on average further; by nobody more
GLANCE = 0.9  # chance that a place on the way is looked at at all
SEEN_BEFORE = 0.4  # of the chance to act remains when they looked at it on an earlier visit
READING_MS_A_CHARACTER = 45
READING_SPREAD = 0.35  # standard deviation of its logarithm


@dataclass(frozen=True)
class Offered:
    """One place of a page as a reader meets it. `topic` is the simulator's key, which ranking never sees."""

    topic: str | None
    readable: bool = True  # in a language of theirs
    foul: bool = False  # rude or spam
    characters: int = 120
    follows: bool = False  # they follow its author
    acted: bool = False  # they liked, kept or reposted it before
    seen: bool = False  # they looked at it before


@dataclass
class Reaction:
    """What was done at one place: kinds of `feed.models.Outcome`, and how long it was read."""

    place: int
    read_ms: int = 0
    kinds: list[str] = field(default_factory=list)


def read(person: Person, page: Sequence[Offered], luck: random.Random) -> list[Reaction]:
    """The reactions of `person` to the places they looked at, from the top until their patience ends."""
    patience = min(SURE_PLACES + int(luck.expovariate(1 / FURTHER_PLACES)), MOST_PLACES, len(page))
    looked = [place for place in range(patience) if luck.random() < GLANCE]
    return [_reaction(person, place, page[place], luck) for place in looked]


def _reaction(person: Person, place: int, post: Offered, luck: random.Random) -> Reaction:
    if not post.readable:
        return Reaction(place, read_ms=int(luck.uniform(200, 1500)))
    if post.acted:  # recognised, and passed by
        return Reaction(place, read_ms=int(luck.uniform(300, 2000)))
    taste = person.liking(post.topic)
    return Reaction(place, _reading_time(taste, post, luck), _acts(person, taste, post, luck))


def _acts(person: Person, taste: float, post: Offered, luck: random.Random) -> list[str]:
    """Each act by its own chance; whom a post annoys does nothing else with it."""
    for kind, chance in _refusals(person, post).items():
        if luck.random() < chance:
            return [kind]
    if post.foul:
        return []
    return [kind for kind, chance in _wanted(person, taste, post).items() if luck.random() < chance]


def _wanted(person: Person, taste: float, post: Offered) -> dict[str, float]:
    """The chance of each act of somebody who is not annoyed."""
    zeal, rest = 0.4 + 0.6 * person.activity, SEEN_BEFORE if post.seen else 1.0
    wanted = chances(person, post.topic) | {
        "comment": zeal * (0.004 + 0.06 * taste),
        "follow": 0.0 if post.follows else zeal * 0.04 * max(taste - 0.3, 0.0),
        "open": 0.06 + 0.40 * taste,
    }
    return {kind: chance * rest for kind, chance in wanted.items()}


def _refusals(person: Person, post: Offered) -> dict[str, float]:
    """The chance of each no, tried one after the other: whom a post annoys says one."""
    if post.foul:
        return {"report": 0.05, "hide": 0.10}
    disliked = post.topic in person.dislikes
    return {"not_interested": 0.15 if disliked else 0.004, "hide": 0.03 if disliked else 0.001}


def worth(person: Person, post: Offered, weights: Mapping[str, float]) -> float:
    """What is to be expected of `person` looking at a post: Σ weight · true chance, by the act's name."""
    if not post.readable or post.acted:
        return 0.0
    taste, left = person.liking(post.topic), 1.0
    expected = weights["dwell"] * _chance_to_read(taste, post)
    for kind, chance in _refusals(person, post).items():
        expected += left * chance * weights[kind]
        left *= 1 - chance
    if post.foul:
        return expected
    return expected + left * sum(weights[kind] * chance for kind, chance in _wanted(person, taste, post).items())


def looked_at(places: int) -> list[float]:
    """The chance that each of the first `places` is looked at."""
    further = (place + 1 - SURE_PLACES for place in range(places))
    return [GLANCE * (1.0 if more <= 0 else exp(-more / FURTHER_PLACES)) for more in further]


def _reading_time(taste: float, post: Offered, luck: random.Random) -> int:
    """Milliseconds in view: a glance, or most of the text for what they care for; lognormal around that."""
    return int(_usual_time(taste, post, luck.random()) * luck.lognormvariate(0, READING_SPREAD))


def _usual_time(taste: float, post: Offered, depth: float) -> float:
    share = 0.1 + 0.9 * taste * depth**0.5
    return 500 + READING_MS_A_CHARACTER * post.characters * share


def _chance_to_read(taste: float, post: Offered, steps: int = 20) -> float:
    """The chance that they read long enough for it to count as read."""
    enough = log(long_read_ms(post.characters))
    usual = (log(_usual_time(taste, post, (step + 0.5) / steps)) for step in range(steps))
    return sum(1 - NormalDist(mean, READING_SPREAD).cdf(enough) for mean in usual) / steps
