"""Impressions and what came of them, written as a dataset piece by piece, exactly as served. Knows no net."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from ml.embedding.nearest import vectors_of
from ml.models import PostVector
from ml.nets.ranker.data import Writer, padded
from ml.ranking.features import NAMES
from ml.ranking.heads import HEAD_OF, HEADS, UNKNOWN, long_read
from ml.ranking.history import LENGTH, bucket
from ml.ranking.sql import rows
from ml.registry import serving_encoder
from ml.training import told
from ml.training.acts import Acts
from ml.training.people import TOLERANCE, WITH_NUMBERS, Learned, Span, bots, consenting, counted_out, flooding
from ml.training.visits import Twins, twins

REQUESTS_AT_ONCE: Final = 500
VECTORS_AT_ONCE: Final = 2_000
ROWS_WHOLE: Final = 300_000  # up to so many impressions, all are kept
LEAST_CHANCE: Final = 0.1  # of a request that nobody acted in to be kept, however many there are
Progress = Callable[[str, int, int], None]
Array = NDArray[Any]


class NothingToLearn(Exception):
    """There is too little to learn from; `reasons` are codes and facts, worded by `told`."""

    def __init__(self, *reasons: Mapping[str, Any]) -> None:
        self.reasons = list(reasons)
        super().__init__(told.because(self.reasons))


@dataclass(frozen=True)
class Request:
    """What one person was shown of one slate: its rows were scored at one moment, so one history stands for all of
    them. A slate that ran out is followed by another under the same id."""

    id: UUID
    person: int
    at: float  # when it was scored, unix seconds; its later pages were shown later
    acted: bool
    chance: float  # to have been kept

    @property
    def key(self) -> tuple[UUID, float]:
        return self.id, self.at


_SCORED: Final = "extract(epoch FROM least(i.scored_at, i.shown_at))::float8"
_REQUESTS = f"""
SELECT i.request_id, i.person_id, {_SCORED} AS at, count(*),
       bool_or(EXISTS (SELECT 1 FROM feed_outcome o WHERE o.impression_id = i.id))
FROM feed_impression i WHERE i.surface = %(surface)s AND i.shown_at >= %(since)s AND i.shown_at < %(until)s
  AND i.person_id = ANY(%(people)s::bigint[]) AND {WITH_NUMBERS}
GROUP BY i.request_id, i.person_id, at ORDER BY at, i.request_id
"""  # noqa: S608 - put together from constants
_SIZES = f"SELECT coalesce(sum(count) FILTER (WHERE bool_or), 0), coalesce(sum(count), 0) FROM ({_REQUESTS}) AS r"  # noqa: S608

_ROWS = f"""
SELECT i.request_id, i.id, i.post_id, p.author_id, i.position, i.source, i.features::text, i.read_ms,
       char_length(p.text), extract(epoch FROM i.shown_at)::float8, p.deleted_at IS NOT NULL,
       ARRAY(SELECT o.kind FROM feed_outcome o WHERE o.impression_id = i.id),
       (SELECT extract(epoch FROM min(o.at))::float8 FROM feed_outcome o WHERE o.impression_id = i.id),
       coalesce(i.features @@ '$.acted_days_ago < 999', false), {_SCORED}
FROM feed_impression i JOIN feed_post p ON p.id = i.post_id
WHERE i.request_id = ANY(%(requests)s::uuid[]) AND i.surface = %(surface)s AND i.shown_at >= %(since)s
  AND i.shown_at < %(until)s AND {WITH_NUMBERS}
ORDER BY i.position, i.id
"""  # noqa: S608 - put together from constants


@dataclass
class Collector:
    """Writes one night's dataset; `left_out` counts every row that is not in it, by reason."""

    folder: Path
    span: Span
    progress: Progress = lambda step, done, of: None
    encoder: str = ""
    people: dict[int, Learned] = field(default_factory=dict)
    twins: Twins = field(default_factory=Twins)
    left_out: Counter[str] = field(default_factory=Counter)
    sources: list[str] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)  # post -> place among the vectors, -1 without one

    def run(self) -> dict[str, Any]:
        """Returns meta.json. Raises `NothingToLearn`."""
        self.encoder = serving_encoder()
        self.people = consenting()
        robots = bots(self.span)
        counts = counted_out(self.span, robots)
        shown = counts.pop("impressions")
        self.left_out.update(counts)
        for person in robots:
            self.people.pop(person, None)
        self.weights = flooding(self.span, sorted(self.people))
        self.twins = twins(self.span, sorted(self.people))
        acted, total = self._sizes()
        self.chance = chance_of_passed(acted, total)
        with Writer(self.folder, NAMES, self._dimensions()) as writer:
            self._write(writer, Acts(self.people), total)
            consent = self.left_out.pop("by_consent")
            writer.close(
                encoder=self.encoder,
                left_out_by_consent=consent,
                left_out=dict(self.left_out),
                impressions=shown,
                bots=len(robots),
                flooding_authors=len(self.weights),
                chance_of_passed=self.chance,
                sources=self.sources,
            )
        from ml.nets.ranker.data import Dataset

        return Dataset(self.folder).meta

    def _facts(self) -> dict[str, Any]:
        return {**self.span.facts, "people": sorted(self.people)}

    def _sizes(self) -> tuple[int, int]:
        acted, total = rows(_SIZES, self._facts())[0] if self.people else (0, 0)
        if not total:
            raise NothingToLearn(told.reason("nobody"))
        return int(acted), int(total)

    def _dimensions(self) -> int:
        any_post = PostVector.objects.filter(model=self.encoder).values_list("post_id", flat=True).first()
        if any_post is None:
            raise NothingToLearn(told.reason("no_vectors"))
        return int(vectors_of([any_post], self.encoder)[1].shape[1])

    def _write(self, writer: Writer, acts: Acts, total: int) -> None:
        done = 0
        for requests, seen in self._requests():
            self._write_piece(writer, acts, requests)
            done += seen
            self.progress("collect", done, total)

    def _requests(self) -> Iterator[tuple[list[Request], int]]:
        """Pieces of requests in the order of time, and how many impressions each piece stands for."""
        with connection.chunked_cursor() as cursor:
            cursor.execute(_REQUESTS, self._facts())
            while found := cursor.fetchmany(REQUESTS_AT_ONCE):
                kept = [self._request(*row) for row in found]
                yield [request for request in kept if request], sum(row[3] for row in found)

    def _request(self, key: UUID, person: int, at: float, size: int, acted: bool) -> Request | None:
        learned = self.people[person]
        if at < learned.rows_from:
            self.left_out["by_consent"] += size
            return None
        if at < learned.reset_at:
            self.left_out["before_reset"] += size
            return None
        chance = 1.0 if acted else self.chance
        # The id is random already: the same night run twice keeps the same requests.
        if (key.int & 0xFFFF_FFFF) / 2**32 >= chance:
            self.left_out["passed_by_chance"] += size
            return None
        return Request(key, person, at, acted, chance)

    def _write_piece(self, writer: Writer, acts: Acts, requests: Sequence[Request]) -> None:
        shown = self._rows(requests)
        requests = [request for request in requests if shown.get(request.key)]
        if not requests:
            return
        own = [{row[2] for row in shown[request.key]} for request in requests]
        histories = [acts.before(one.person, one.at, posts) for one, posts in zip(requests, own, strict=True)]
        wanted: set[int] = set().union(*own)
        wanted.update(int(post) for before in histories for post in acts.post[before.places[: 2 * LENGTH]])
        self._place(writer, wanted)
        flat = [(request, row) for request in requests for row in shown[request.key]]
        writer.add(
            [len(shown[request.key]) for request in requests],
            person=[request.person for request in requests],
            shown_at=[request.at for request in requests],
            **self._histories(acts, histories),
            **self._columns(flat),
        )

    def _rows(self, requests: Sequence[Request]) -> dict[tuple[UUID, float], list[Any]]:
        """Rows of each request, in their order on the page, less what cannot be learned from."""
        shown: dict[tuple[UUID, float], list[Any]] = {request.key: [] for request in requests}
        facts = {"requests": [request.id for request in requests], **self.span.facts}
        for row in rows(_ROWS, facts) if requests else []:
            key = (row[0], row[14])
            if key not in shown:  # of another slate of this id, which comes in another piece
                continue
            if why := self._why_not(row):
                self.left_out[why] += 1
            else:
                shown[key].append(row)
        return shown

    def _why_not(self, row: Any) -> str:
        """Why a row cannot be learned from; "" where it can."""
        deleted, first_outcome, acted_before, scored = row[10], row[12], row[13], row[14]
        if deleted:
            return "deleted_posts"
        if first_outcome is not None and first_outcome < scored - TOLERANCE.total_seconds():
            return "outcome_before_impression"
        if acted_before:  # nobody likes twice what they liked, and such posts stand behind all others anyway
            return "acted_before"
        return "shown_again" if row[1] in self.twins.dropped else ""

    def _place(self, writer: Writer, posts: set[int]) -> None:
        """Append the vectors that are not in the dataset yet."""
        new = sorted(posts - self.places.keys())
        for start in range(0, len(new), VECTORS_AT_ONCE):
            piece = new[start : start + VECTORS_AT_ONCE]
            self.places.update(dict.fromkeys(piece, -1))
            ids, vectors = vectors_of(piece, self.encoder)
            if ids:
                first = writer.add_posts(vectors)
                self.places.update({post: first + place for place, post in enumerate(ids)})

    def _histories(self, acts: Acts, histories: Sequence[Any]) -> dict[str, Array]:
        columns: dict[str, list[Array]] = {name: [] for name in ("hist_post", "hist_kind", "hist_age", "hist_author")}
        for before in histories:
            posts = np.array([self.places.get(int(post), -1) for post in acts.post[before.places]], dtype=np.int64)
            known = posts >= 0
            places = before.places[known]
            columns["hist_post"].append(padded(posts[known], -1))  # type: ignore[arg-type]
            columns["hist_kind"].append(padded(acts.kind[places]))  # type: ignore[arg-type]
            columns["hist_age"].append(padded(before.age_hours[known]))  # type: ignore[arg-type]
            columns["hist_author"].append(padded(acts.author[places]))  # type: ignore[arg-type]
        return {name: np.stack(column) for name, column in columns.items()}

    def _columns(self, flat: Sequence[tuple[Request, Any]]) -> dict[str, Any]:
        return {
            "features": np.array([features_of(loads(row[6])) for _request, row in flat], dtype=np.float32),
            "row_post": [self.places[row[2]] for _request, row in flat],
            "row_author": [bucket(row[3]) for _request, row in flat],
            "position": [min(row[4], 32_767) for _request, row in flat],
            "labels": [self._labels(request, row) for request, row in flat],
            "weight": [self.weights.get(row[3], 1.0) / request.chance for request, row in flat],
            "source": [self._source(row[5]) for _request, row in flat],
            "impression": [row[1] for _request, row in flat],
        }

    def _labels(self, request: Request, row: Any) -> list[int]:
        learned, characters, key = self.people[request.person], row[8], row[1]
        read_ms, kinds = self.twins.read_ms.get(key, row[7]), self.twins.kinds.get(key, row[11])
        labels = dict.fromkeys(HEADS, 0)
        labels.update({HEAD_OF[kind]: 1 for kind in kinds if kind in HEAD_OF})
        if row[9] < learned.opens_from and not labels["open"]:
            labels["open"] = UNKNOWN
        measured = read_ms is not None and row[9] >= learned.reading_from
        labels["dwell"] = int(long_read(read_ms, characters)) if measured else UNKNOWN
        return [labels[head] for head in HEADS]

    def _source(self, name: str) -> int:
        if name not in self.sources:
            if len(self.sources) == 255:
                return 255
            self.sources.append(name)
        return self.sources.index(name)


def features_of(logged: Mapping[str, Any]) -> list[float]:
    """A logged row in the order of NAMES; NaN for what was not logged, or is no number."""
    values = [logged.get(name) for name in NAMES]
    return [float(value) if isinstance(value, int | float) else np.nan for value in values]


def chance_of_passed(acted: int, total: int) -> float:
    """The chance by which requests that nobody acted in are kept, so that about ROWS_WHOLE impressions are."""
    passed = total - acted
    if total <= ROWS_WHOLE or not passed:
        return 1.0
    return float(min(max((ROWS_WHOLE - acted) / passed, LEAST_CHANCE), 1.0))


def collect(folder: Path, span: Span, progress: Progress | None = None) -> dict[str, Any]:
    """Write the dataset of a span into `folder`; returns its meta.json. Raises `NothingToLearn`."""
    collector = Collector(folder, span)
    if progress is not None:
        collector.progress = progress
    return collector.run()
