"""A person's recent acts as arrays, as a model reads them. The same for serving and training; knows no candidate."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np

from ml.ranking.candidate import NO_VECTORS, Floats, Ints, Query

KINDS: Final = ("like", "repost", "bookmark", "comment", "refused")  # refused: "not interested", or hidden
REFUSALS: Final = ("not_interested", "hide")  # the feedback that counts as refused
LENGTH: Final = 64  # the newest acts that count
BUCKETS: Final = 1024  # of authors: an id is hashed, so that no table of people grows into a model


def bucket(author_id: int) -> int:
    """The bucket of an author, 0 to 1023, by multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4)."""
    return (author_id * 2_654_435_761 % 2**32) >> 22


@dataclass(frozen=True)
class History:
    """The newest `LENGTH` acts on others' posts whose vectors are known, newest first; one act a post and kind."""

    ids: tuple[int, ...] = ()  # of the posts
    vectors: Floats = field(default_factory=lambda: NO_VECTORS)  # (h, d) float32, unit length
    kinds: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # (h,), places in KINDS
    age_hours: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))  # (h,) since the act
    authors: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # (h,) buckets

    def __len__(self) -> int:
        return len(self.ids)

    def without(self, place: int) -> History:
        """The same but for the act at `place`."""
        keep = np.arange(len(self)) != place
        ids = tuple(post_id for row, post_id in enumerate(self.ids) if row != place)
        return History(ids, self.vectors[keep], self.kinds[keep], self.age_hours[keep], self.authors[keep])


NOBODY: Final = History()


def history_of(query: Query) -> History:
    """What the hydrators put into `query`, as a model reads it: acts since the last reset, and what was refused.

    Empty without the consent "behaviour", and where no vector of a post acted on is known. Deleted posts and a person's
    own are in neither. Posts without a vector are passed over and the next older act takes their place.
    """
    if not query.learns:
        return NOBODY
    done = [(act.at, act.kind, act.post_id, act.author_id) for act in query.acts]
    done += [
        (one.at, "refused", one.post_id, one.post_author)
        for one in query.said
        if one.kind in REFUSALS and one.post_id and one.post_author and (not query.reset_at or one.at > query.reset_at)
    ]
    done.sort(key=lambda act: act[0], reverse=True)
    newest: dict[tuple[str, int], tuple[datetime, str, int, int]] = {}
    for act in done:
        if act[2] in query.vector_of:
            newest.setdefault(act[1:3], act)
    return _as_arrays(query, list(newest.values())[:LENGTH])


def _as_arrays(query: Query, acts: list[tuple[datetime, str, int, int]]) -> History:
    if not acts:
        return NOBODY
    return History(
        ids=tuple(post_id for _at, _kind, post_id, _author in acts),
        vectors=np.stack([query.vector_of[post_id] for _at, _kind, post_id, _author in acts]),
        kinds=np.array([KINDS.index(kind) for _at, kind, _post_id, _author in acts], dtype=np.int64),
        age_hours=np.array([max((query.now - act[0]).total_seconds(), 0) / 3600 for act in acts], dtype=np.float32),
        authors=np.array([bucket(author) for _at, _kind, _post_id, author in acts], dtype=np.int64),
    )
