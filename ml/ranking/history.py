"""A person's recent acts as arrays, as a model reads them. The same for serving and training; knows no candidate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ml.ranking.candidate import NO_VECTORS, Floats, Ints

KINDS: Final = ("like", "repost", "bookmark", "comment", "refused")  # refused: "not interested", or hidden
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
