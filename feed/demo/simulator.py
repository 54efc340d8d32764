"""What the townspeople would do: follows, likes, reposts, bookmarks, from their stated tastes, with a fixed seed.

A person meets a post with some luck (more when they follow its author or topic), and acts on what they meet with a
probability that grows with their taste for its topic. Pure: it knows no table and no ranking.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feed.demo.town import Person, Town, Words, matches

SEED = 20261122
MEET = 0.35  # chance to meet a public post at all
MEET_FOLLOWED = 0.65


@dataclass(frozen=True)
class Act:
    """One act: `kind` is like, repost or bookmark; `post` is a key of the town's files."""

    person: str
    kind: str
    post: str
    at: datetime


@dataclass
class Behaviour:
    follows: set[tuple[str, str]] = field(default_factory=set)
    topics: set[tuple[str, str]] = field(default_factory=set)
    acts: list[Act] = field(default_factory=list)


def simulate(town: Town, seed: int = SEED) -> Behaviour:
    """The same town and seed always give the same behaviour."""
    luck = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    done = Behaviour()
    for person in town.people:
        done.follows |= _follows(person, town, luck)
        done.topics |= {(person.name, topic) for topic, taste in person.tastes.items() if taste >= 0.6}
    followed = {(one, other) for one, other in done.follows}
    for post in (*town.posts, *town.comments):
        for person in town.people:
            done.acts += _acts(person, post, town, (person.name, post.by) in followed, luck)
    done.acts.sort(key=lambda act: act.at)
    return done


def kinship(one: Person, other: Person) -> float:
    """How much two people's tastes overlap, 0 to about 2."""
    return sum(min(weight, other.taste_for(topic)) for topic, weight in one.tastes.items())


def _follows(person: Person, town: Town, luck: random.Random) -> set[tuple[str, str]]:
    """Kindred people who write in a language one reads; now and then a stranger."""
    chosen = set()
    for other in town.people:
        if other.name == person.name or not set(person.languages) & set(other.languages):
            continue
        chance = 0.03 + 0.55 * min(kinship(person, other), 1.0)
        if luck.random() < chance:
            chosen.add((person.name, other.name))
    return chosen


def _acts(person: Person, words: Words, town: Town, follows: bool, luck: random.Random) -> list[Act]:
    if person.name == words.by or words.lang not in person.languages or words.note in ("rude", "spam"):
        return []
    if words.visibility == "followers" and not follows:
        return []
    if luck.random() > (MEET_FOLLOWED if follows else MEET) * (0.5 if words.to else 1.0):
        return []
    acts = []
    for kind, chance in chances(person, town.topic_of[words.key]).items():
        if luck.random() < chance * (0.3 if words.to and kind != "like" else 1.0):
            wait = timedelta(minutes=luck.expovariate(1 / 240))
            at = words.at + wait
            if at >= town.now:
                at = words.at + (town.now - words.at) * luck.uniform(0.1, 0.95)
            acts.append(Act(person.name, kind, words.key, at))
    return acts


def chances(person: Person, topic: str | None) -> dict[str, float]:
    """How probably a person who meets a post about `topic` likes, reposts and keeps it."""
    taste, zeal = person.liking(topic), 0.4 + 0.6 * person.activity
    plain = {"like": 0.03 + 0.75 * taste, "repost": 0.005 + 0.08 * taste, "bookmark": 0.004 + 0.06 * taste}
    return {kind: chance * zeal for kind, chance in plain.items()}


def hit_rate(person: Person, topics: list[str | None]) -> float:
    """Share of posts, given by their topics, that are to the person's taste: the figure the tests hold."""
    return sum(matches(person, topic) for topic in topics) / len(topics) if topics else 0.0
