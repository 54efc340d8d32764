"""Whether the act that is named as the reason is the one that mattered: it is undone for real, and all is learned anew.

Undone in a transaction that is rolled back: the row of the act goes, the interests are computed again, and the post is
hydrated and scored as the page would. So is another act at random. The named one must move the score more. Any other
way of naming acts is asked the same (benchmarks/explanation.py). Knows no page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
from django.db import transaction

from feed.models import Bookmark, Feedback, Like, Post, Repost
from ml.embedding import learning
from ml.ranking import attribution
from ml.ranking.candidate import Candidates, Floats, Query
from ml.ranking.features import rows_of
from ml.ranking.history import KINDS, REFUSALS, History
from ml.ranking.learned import Learned

Act = tuple[str, int]  # kind and post
Method = Callable[[Learned, Query, int, Floats], tuple[History, Floats]]  # as `attribution.each_act`


@dataclass
class Person:
    """Scores of some posts to one person, and what undoing acts of theirs does to them."""

    model: Learned
    person_id: int
    posts: Sequence[int]
    now: datetime
    _without: dict[Act, Floats] = field(default_factory=dict)

    def scored(self) -> tuple[Floats, Floats]:
        """Rows (n, F) and scores (n,) of the posts, as things stand."""
        query = Query(viewer_id=self.person_id, now=self.now)
        for hydrate in attribution.OF_THE_VIEWER:
            hydrate(query)
        candidates = Candidates(np.array(self.posts, dtype=np.int64))
        for hydrator in attribution.OF_THE_POST:
            candidates = candidates.having(hydrator(query, candidates))
        rows = rows_of(query, candidates)
        return rows, np.sum(list(self.model.terms(query, candidates, rows).values()), axis=0)

    @cached_property
    def whole(self) -> Floats:
        return self.scored()[1]

    def moved(self, act: Act, place: int) -> float:
        """By how much undoing the act moves the score of the post at `place`, either way."""
        return abs(float(self.whole[place] - self.without(act)[place]))

    def without(self, act: Act) -> Floats:
        """The scores (n,) had the act never been done."""
        if act not in self._without:
            with transaction.atomic():
                undo(self.person_id, *act)
                learning.learn(self.person_id, self.now)
                self._without[act] = self.scored()[1]
                transaction.set_rollback(True)
        return self._without[act]


def undo(person_id: int, kind: str, post_id: int) -> None:
    """Take away the rows of an act, whatever else would follow from it."""
    rows = {
        "like": Like.objects.filter(person=person_id, post=post_id),
        "repost": Repost.objects.filter(person=person_id, post=post_id),
        "bookmark": Bookmark.objects.filter(person=person_id, post=post_id),
        "comment": Post.objects.filter(author=person_id, parent=post_id),
        "refused": Feedback.objects.filter(person=person_id, post=post_id, kind__in=REFUSALS),
    }[kind]
    rows.delete()


def acts_of(history: History) -> list[Act]:
    return [(KINDS[kind], post) for kind, post in zip(history.kinds.tolist(), history.ids, strict=True)]


def trials(person: Person, method: Method, draw: np.random.Generator) -> Iterator[bool]:
    """For each post whether the act that `method` names moved its score more than another act at random. Posts to which
    nothing is named, and people with one act, are no trial."""
    rows = person.scored()[0]
    for place, post_id in enumerate(person.posts):
        query = Query(viewer_id=person.person_id, now=person.now)
        history, by = method(person.model, query, post_id, rows[place])
        if len(history) < 2 or np.abs(by).max() < attribution.LEAST:
            continue
        acts, first = acts_of(history), int(np.abs(by).argmax())
        other = int(draw.choice([at for at in range(len(acts)) if at != first]))
        yield person.moved(acts[first], place) > person.moved(acts[other], place)
