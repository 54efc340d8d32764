"""Simulated days on a real database: posts arrive, people visit in the evening, are ranked for, act, are learned from.

Every row has its simulated moment, and nothing behind the last moment is in any table: neither ranking nor learning can
see the future. The rehearsal decides nothing about ranking: slates come from `ml.ranking.serve`, impressions are
written by the function that the home page uses.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db import connection, transaction

from accounts.models import Follow, User
from feed.backends import Slate
from feed.demo.load import Arrival
from feed.demo.town import Person, Town, Words
from feed.models import Bookmark, Impression, Like, Post, Repost
from feed.timelines.home import record
from ml import registry
from ml.embedding import centre, learning, posts as embedding, topics, words
from ml.ranking import serve, viewer
from ml.ranking.pipeline import Pipeline
from ml.rehearsal import rows
from ml.rehearsal.behaviour import MOST_PLACES, Offered, Reaction, read

PAGE = 20
ASKED = 60  # places: what nobody looks at needs not be chosen
OPENS, CLOSES = 18.0, 23.5  # hours of the day in which people visit
SECOND_VISIT = 0.5  # × activity: the chance to come a second time
AN_ACT_TAKES = timedelta(seconds=6)
Reader = Callable[[Person, Sequence[Offered], random.Random], list[Reaction]]
Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Coming:
    """One visit that will take place."""

    at: datetime
    person: Person


class Rehearsal:
    """The town on this database. `seed` decides every act.

    `elsewhere`: people also act on posts that they meet outside "For you", as the demo's simulator says. `learns`:
    their interests are learned anew after each visit. `turnout`: the chance of each person to come on an evening.
    `readers` replaces how single people read.
    """

    def __init__(
        self,
        town: Town,
        *,
        seed: int = 0,
        elsewhere: bool = True,
        learns: bool = True,
        turnout: float = 1.0,
        readers: Mapping[str, Reader] | None = None,
        report: Report = lambda step, done, of: None,
    ) -> None:
        self.town, self.seed, self.report = town, seed, report
        self.elsewhere, self.learns, self.turnout = elsewhere, learns, turnout
        self.readers = dict(readers or {})
        self.arrival = Arrival(town)
        self.written: dict[int, tuple[Words, Post]] = {}
        self.looked: dict[str, set[int]] = {}

    @cached_property
    def start(self) -> datetime:
        """The midnight before the first post."""
        return min(post.at for post in self.town.posts).replace(hour=0, minute=0, second=0, microsecond=0)

    def topic_of(self, post_id: int) -> str | None:
        """The simulator's key: what a post is about. Nobody who ranks or trains may ask."""
        return self.town.topic_of[self.written[post_id][0].key]

    def evening_of(self, day: int) -> datetime:
        return self.start + timedelta(days=day, hours=OPENS)

    def arrive(self, until: datetime) -> int:
        """Bring what was written up to `until`, give it vectors and topics; how many posts came.

        The first time everybody is learned from; later those who act, as on the site.
        """
        first = not self.written
        come = self.arrival.bring(until, acts=self.elsewhere)
        if not come and not first:
            return 0
        self.written |= {post.pk: (self._words[key], post) for key, post in come.items()}
        embedding.embed_posts(sorted(post.pk for post in come.values()))
        model = registry.serving_encoder()
        _forget_what_is_kept()
        topics.refresh_topic_vectors(model)
        every = topics.newest_posts()
        for start in range(0, len(every), 500):
            topics.label_posts(every[start : start + 500])
        _forget_what_is_kept()
        if first:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")  # the planner knows nothing of rows that came all at once
            self.learn_all(until)
        return len(come)

    @cached_property
    def _words(self) -> dict[str, Words]:
        return {words.key: words for words in (*self.town.posts, *self.town.comments)}

    def learn_all(self, now: datetime) -> None:
        for number, user in enumerate(self.arrival.people.values(), 1):
            learning.learn(user.pk, now)
            self.report("interests", number, len(self.arrival.people))

    def visits(self, evening: datetime) -> list[Coming]:
        """Who comes when, in order: everyone by `turnout`, the active now and then again, an hour or more later."""
        luck = self._luck(evening, "visits")
        coming = []
        for person in self.town.people:
            if luck.random() >= self.turnout:
                continue
            first = luck.uniform(0, (CLOSES - OPENS) * 0.6)
            coming.append(Coming(evening + timedelta(hours=first), person))
            if luck.random() < SECOND_VISIT * person.activity:
                second = luck.uniform(first + 1, CLOSES - OPENS)
                coming.append(Coming(evening + timedelta(hours=second), person))
        return sorted(coming, key=lambda one: (one.at, one.person.name))

    def live_evening(self, evening: datetime, by: Pipeline | None = None, who: Collection[str] | None = None) -> int:
        """All visits of one evening, in their order, or those of `who`; how many impressions were made. What serves
        ranks, or `by`."""
        self.arrive(evening)
        coming, shown = [one for one in self.visits(evening) if who is None or one.person.name in who], 0
        for number, one in enumerate(coming, 1):
            shown += self.visit(one.person, one.at, by)
            self.report("evening", number, len(coming))
        return shown

    def slate(self, person: Person, at: datetime, by: Pipeline | None = None, limit: int = ASKED) -> Slate:
        """What the site would rank for `person` at `at`."""
        user = self.arrival.people[person.name]
        luck = self._luck(at, person.name)
        query = serve.query_for(user, limit=limit, now=at, seed=luck.randrange(2**31))
        return serve.traced(query, by)[0]

    @transaction.atomic
    def visit(self, person: Person, at: datetime, by: Pipeline | None = None) -> int:
        """One person opens "For you", looks, and acts; how many impressions were made."""
        user, slate = self.arrival.people[person.name], self.slate(person, at, by)
        places = {item.post_id: place for place, item in enumerate(slate.items)}
        seen = rows.readable(user, list(places)[:MOST_PLACES])
        luck = self._luck(at, person.name)
        reactions = self.readers.get(person.name, read)(person, self.offered(person, seen), luck)
        looked = 1 + max((one.place for one in reactions), default=0)
        loaded = seen[: -(-looked // PAGE) * PAGE]  # whole pages: whoever looks further has loaded the next
        made = record(user, slate, [self.written[post][1] for post in loaded], places, at)
        rows.write(self._visit(user, made, reactions, at))
        self.looked.setdefault(person.name, set()).update(seen[one.place] for one in reactions)
        if self.learns and any(one.kinds for one in reactions):
            learning.learn(user.pk, at + AN_ACT_TAKES * (MOST_PLACES + 1))
        return len(made)

    def _visit(self, user: User, made: Sequence[Impression], reactions: Sequence[Reaction], at: datetime) -> rows.Visit:
        visit = rows.Visit(user)
        for one in reactions:
            impression = made[one.place]
            impression.read_ms = one.read_ms
            visit.read.append(impression)
            post = self.written[impression.post_id][1]
            then = at + AN_ACT_TAKES * (one.place + 1)
            visit.done += [(kind, impression, post, then) for kind in one.kinds]
        return visit

    def offered(self, person: Person, seen: Sequence[int]) -> list[Offered]:
        """Posts as they would meet them now."""
        user = self.arrival.people[person.name]
        acted = {
            post_id
            for acts in (Like, Bookmark, Repost)
            for post_id in acts.objects.filter(person=user, post__in=seen).values_list("post_id", flat=True)
        }
        follows = set(Follow.objects.filter(follower=user).values_list("followed_id", flat=True))
        looked = self.looked.get(person.name, set())
        return [
            Offered(
                topic=self.topic_of(post_id),
                readable=words_.lang in person.languages,
                foul=words_.note in ("rude", "spam"),
                characters=len(words_.text) * (3 if words_.lang == "zh" else 1),
                follows=post.author_id in follows,
                acted=post_id in acted,
                seen=post_id in looked,
            )
            for post_id, (words_, post) in ((post_id, self.written[post_id]) for post_id in seen)
        ]

    def _luck(self, at: datetime, of: str) -> random.Random:
        """Luck of its own for each person and moment, so that one more visit changes no other."""
        since = int((at - self.start).total_seconds())
        return random.Random(f"{self.seed}/{since}/{of}")  # noqa: S311 - a simulation, not a secret


def _forget_what_is_kept() -> None:
    """Processes keep centres and words for minutes of the real clock; here a day passes in seconds."""
    for module in (centre, viewer, words):
        module.forget()
