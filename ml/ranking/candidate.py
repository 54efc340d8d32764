"""Query and Candidates: what the stages of a pipeline pass on. Columns, because 600 objects a page are slow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Column = NDArray[Any]

NO_VECTORS: Floats = np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True)
class Found:
    """What one source found: post ids, best first, and for each what led to it (a person, a topic, an interest)."""

    source: str
    ids: Sequence[int]
    via: Sequence[int] = ()


@dataclass(frozen=True)
class Interests:
    """What a person is drawn to: unit vectors (k, d), shares (k,), what they said no to (m, d), names, topic ids."""

    vectors: Floats = field(default_factory=lambda: NO_VECTORS)
    strengths: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    negatives: Floats = field(default_factory=lambda: NO_VECTORS)
    words: Sequence[Sequence[str]] = ()
    topics: Sequence[int | None] = ()
    chosen: Sequence[bool] = ()  # whether it comes from a wish stated at the beginning instead of from acts


ACT_WEIGHTS = {"like": 1.0, "bookmark": 1.5, "repost": 2.0, "comment": 2.5}
ACT_HALF_LIFE_DAYS = 30.0


@dataclass(frozen=True)
class Act:
    """One thing the viewer did with a post of somebody else."""

    kind: str  # like, comment, repost, bookmark
    post_id: int
    author_id: int
    at: datetime
    language: str = ""

    def weight(self, now: datetime) -> float:
        """What it says of a taste or a bond: by the effort it took, halved every month."""
        days = max((now - self.at).total_seconds() / 86400, 0.0)
        return ACT_WEIGHTS[self.kind] * float(0.5 ** (days / ACT_HALF_LIFE_DAYS))


@dataclass(frozen=True)
class Said:
    """One feedback in force: see `feed.models.Feedback`."""

    kind: str
    post_id: int | None
    author_id: int | None
    topic_id: int | None
    at: datetime
    post_author: int | None = None  # who wrote the post, while it stands and is somebody else's


@dataclass(frozen=True)
class Sliders:
    """How the viewer steers their page (`ml.models.Steering`): each from -1 to 1, 0 changes nothing."""

    people: float = 0.0
    fresh: float = 0.0
    broad: float = 0.0
    talk: float = 0.0
    languages: tuple[str, ...] = ()  # empty: those of the profile


@dataclass(frozen=True)
class Shown:
    """How a post was shown to the viewer in the last days."""

    author_id: int
    times: int
    last_at: datetime
    topics: tuple[int, ...] = ()  # that it carries; looked up only where it was shown within a day


@dataclass
class Query:
    """Who asks, and everything the query hydrators learn of them. Each default is what an unknown person gets."""

    viewer_id: int
    now: datetime
    limit: int = 200
    exclude: frozenset[int] = frozenset()
    seed: int = 0
    learns: bool = False  # whether the viewer lets the site learn from what they do
    languages: frozenset[str] = frozenset()  # primary subtags; empty: no preference is known
    followed: frozenset[int] = frozenset()
    topics: dict[int, dict[str, str]] = field(default_factory=dict)  # followed: id -> {"tag", "en", "zh"}
    groups: dict[int, str] = field(default_factory=dict)  # joined: id -> name
    blocked: frozenset[int] = frozenset()  # either way
    muted_people: frozenset[int] = frozenset()
    muted_topics: frozenset[int] = frozenset()
    muted_phrases: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()
    topic_vectors: Floats = field(default_factory=lambda: NO_VECTORS)  # centres of the k curated topics, (k, d)
    topic_shares: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))  # of the site's posts, (k,)
    topic_places: dict[int, int] = field(default_factory=dict)  # topic or alias -> row of the two above
    acts: tuple[Act, ...] = ()  # since the last reset
    acts_before_reset: tuple[Act, ...] = ()  # nothing is learned from them; they are still done
    reset_at: datetime | None = None
    sliders: Sliders = field(default_factory=Sliders)
    shown: dict[int, Shown] = field(default_factory=dict)
    model: str = ""  # whose vectors are compared
    interests: Interests = field(default_factory=Interests)
    acted_vectors: Floats = field(default_factory=lambda: NO_VECTORS)  # of the posts acted on last, as `acted_ids`
    acted_ids: tuple[int, ...] = ()
    vector_of: dict[int, Floats] = field(default_factory=dict)  # of the posts acted on and refused, by post
    scored_by: str = ""  # the version of the model that scored, once it has
    bucket: str = ""  # the arm of the running experiment
    shadow: str = ""  # the version that scored beside it
    centres: dict[str, Floats] = field(default_factory=dict)  # language -> the middle of the site's posts
    shown_vectors: Floats = field(default_factory=lambda: NO_VECTORS)  # of the posts shown last
    window_hours: float = 720.0  # how far back the home page looks
    loud: dict[int, int] = field(default_factory=dict)  # who floods the site now -> from which post on they still count
    typical_acts: float = 3.0  # acts a grown post of this site has on average
    usual_response: float = 0.05  # share of impressions on this site that are answered

    @cached_property
    def act_on(self) -> dict[int, Act]:
        """The newest act on each post, newest first."""
        newest: dict[int, Act] = {}
        for act in self.acts:
            newest.setdefault(act.post_id, act)
        return newest

    @property
    def cold(self) -> bool:
        """Whether nothing is known yet of what they are drawn to."""
        return not len(self.interests.vectors)

    @property
    def oldest_id(self) -> int:
        """The snowflake before which a post is too old."""
        return int((self.now.timestamp() - self.window_hours * 3600) * 1000) << 16


@dataclass(frozen=True)
class Candidates:
    """Posts under consideration: `ids` (n,) without repeats, who found them, and named columns of n rows each."""

    ids: Ints
    found_by: Mapping[str, Bools] = field(default_factory=dict)
    via: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, column: str) -> Column:
        return self.columns[column]

    def found(self, *sources: str) -> Bools:
        """Which of them any of `sources` found, shape (n,)."""
        answer = np.zeros(len(self), dtype=np.bool_)
        for source in sources:
            if source in self.found_by:
                answer |= self.found_by[source]
        return answer

    def take(self, rows: Bools | Ints) -> Candidates:
        """Those rows, in that order: a mask (n,) or indices."""
        return Candidates(
            self.ids[rows],
            {name: mask[rows] for name, mask in self.found_by.items()},
            self.via,
            {name: column[rows] for name, column in self.columns.items()},
        )

    def having(self, columns: Mapping[str, Column]) -> Candidates:
        """The same posts with more columns. Raises ValueError when one has not a row for each post."""
        for name, column in columns.items():
            if len(column) != len(self):
                raise ValueError(f"column {name} has {len(column)} rows for {len(self)} posts")
        return Candidates(self.ids, self.found_by, self.via, {**self.columns, **columns})


def merged(found: Sequence[Found], exclude: frozenset[int] = frozenset()) -> Candidates:
    """One row a post, in the order of first finding, however many sources found it."""
    ids = np.array([i for one in found for i in one.ids], dtype=np.int64)
    _, first = np.unique(ids, return_index=True)
    ids = ids[np.sort(first)]
    if exclude:
        ids = ids[~np.isin(ids, np.fromiter(exclude, dtype=np.int64))]
    found_by: dict[str, Bools] = {}
    via: dict[str, dict[int, int]] = {}
    for one in found:
        mask = np.isin(ids, np.array(one.ids, dtype=np.int64))
        found_by[one.source] = found_by.get(one.source, np.zeros(len(ids), dtype=np.bool_)) | mask
        led = via.setdefault(one.source, {})
        for post_id, how in zip(one.ids, one.via, strict=False):
            led.setdefault(post_id, how)
    return Candidates(ids, found_by, via)
