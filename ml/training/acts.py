"""Everybody's acts in the order of time, to rebuild the history that stood at a moment. Knows no impression."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from ml.ranking.history import KINDS, LENGTH, bucket
from ml.training.people import Learned

READ_AT_ONCE: Final = 20_000
# As the home page reads acts (`ml.ranking.viewer`): the newest of each kind.
NEWEST_OF: Final = {"like": 200, "repost": 60, "bookmark": 60, "comment": 100, "refused": LENGTH}
NEWEST: Final = np.array([NEWEST_OF[kind] for kind in KINDS])
Array = NDArray[Any]

_ACTS = """
SELECT a.person_id, extract(epoch FROM a.at)::float8, a.post_id, a.kind, p.author_id,
       coalesce(extract(epoch FROM a.until)::float8, 'infinity') FROM (
  SELECT person_id, post_id, created_at AS at, 0 AS kind, NULL::timestamptz AS until FROM feed_like
  UNION ALL SELECT person_id, post_id, created_at, 1, NULL FROM feed_repost
  UNION ALL SELECT person_id, post_id, created_at, 2, NULL FROM feed_bookmark
  UNION ALL SELECT author_id, parent_id, created_at, 3, NULL FROM feed_post
    WHERE parent_id IS NOT NULL AND deleted_at IS NULL
  UNION ALL SELECT person_id, post_id, created_at, 4, undone_at FROM feed_feedback
    WHERE post_id IS NOT NULL AND kind IN ('not_interested', 'hide')
) AS a JOIN feed_post p ON p.id = a.post_id AND p.deleted_at IS NULL AND p.author_id <> a.person_id
JOIN accounts_consent c ON c.person_id = a.person_id AND c.training AND c.behaviour
ORDER BY a.person_id, a.at, a.kind, a.post_id
"""


@dataclass(frozen=True)
class Before:
    """The acts before a moment, newest first: places in `Acts`, their age in hours."""

    places: Array
    age_hours: Array


class Acts:
    """The acts of consenting people on others' living posts, sorted by person and moment; 37 bytes an act."""

    def __init__(self, people: Mapping[int, Learned]) -> None:
        self.people = people
        columns = zip(*self._pieces(), strict=True)
        names = {"person": np.int64, "at": np.float64, "post": np.int64, "kind": np.int8, "author": np.int16}
        for (name, kind), column in zip({**names, "until": np.float64}.items(), columns, strict=True):
            setattr(self, name, np.concatenate(column).astype(kind))

    person: Array
    at: Array
    post: Array
    kind: Array
    author: Array  # buckets
    until: Array  # when it was taken back, infinity while it stands

    def _pieces(self) -> list[tuple[Array, ...]]:
        none = tuple(np.zeros(0, dtype=kind) for kind in (np.int64, float, np.int64, np.int8, np.int16, float))
        pieces: list[tuple[Array, ...]] = [none]
        with connection.chunked_cursor() as cursor:
            cursor.execute(_ACTS)
            while found := cursor.fetchmany(READ_AT_ONCE):
                person, at, post, kind, author, until = zip(*found, strict=True)
                buckets = [bucket(one) for one in author]
                pieces.append((np.array(person), np.array(at), np.array(post), np.array(kind), np.array(buckets),
                               np.array(until, dtype=float)))  # fmt: skip
        return pieces

    def before(self, person: int, moment: float, shown: Collection[int] = ()) -> Before:
        """What the person had done by `moment` (unix seconds), newest first: one act a post and kind, since their last
        reset, not taken back by then, and no more of a kind than the home page reads.

        None of it is about the posts `shown` then, which nobody had acted on: an act on one of them with an earlier
        moment is of a clock that runs behind, and would tell the net its own answer.
        """
        first, last = np.searchsorted(self.person, [person, person + 1])
        mine, reset = self.at[first:last], self.people[person].reset_at
        first, last = first + np.searchsorted(mine, reset, side="right"), first + np.searchsorted(mine, moment)
        places = np.arange(last - 1, first - 1, -1)
        places = places[self.until[places] > moment]
        places = places[~np.isin(self.post[places], list(shown))]
        order = np.zeros(len(places), dtype=np.int64)
        for kind in np.unique(self.kind[places]):
            mine = self.kind[places] == kind
            order[mine] = np.arange(mine.sum())
        places = places[order < NEWEST[self.kind[places]]]
        _pairs, newest = np.unique(self.post[places] * len(KINDS) + self.kind[places], return_index=True)
        places = places[np.sort(newest)]
        return Before(places, ((moment - self.at[places]) / 3600).astype(np.float32))
