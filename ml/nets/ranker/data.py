"""What a ranker learns from, on disk: memory-mapped arrays in a folder, written in pieces; knows no table, no torch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, NDArray

from ml.nets.ranker.batches import Batch, Sampling, gather
from ml.ranking.heads import HEADS
from ml.ranking.history import LENGTH

META: Final = "meta.json"
Array = NDArray[Any]

# Arrays with an entry a request, then those with an entry a row (a post shown in that request): dtype, and the width.
OF_REQUESTS: Final = {
    "person": (np.int64, ()),  # opaque
    "shown_at": (np.float64, ()),  # unix seconds; where what was shown was scored earlier, when it was scored
    "hist_post": (np.int32, (LENGTH,)),  # places in posts, newest first, -1 from where there are no more
    "hist_kind": (np.int8, (LENGTH,)),  # places in ml.ranking.history.KINDS
    "hist_age": (np.float32, (LENGTH,)),  # hours before shown_at
    "hist_author": (np.int16, (LENGTH,)),  # buckets
}
OF_ROWS: Final = {
    "row_post": (np.int32, ()),  # place in posts, -1 for a post without a vector
    "row_author": (np.int16, ()),  # bucket
    "position": (np.int16, ()),  # on the page, 0 at the top
    "labels": (np.int8, (len(HEADS),)),  # 1, 0, or -1 for unknown
    "weight": (np.float32, ()),  # inverse chance of the row to have been kept
    "source": (np.uint8, ()),
    "impression": (np.int64, ()),
}


class _Column:
    """A .npy file that grows: the header is written again at the end, which its padding leaves room for."""

    def __init__(self, path: Path, dtype: Any, width: tuple[int, ...]) -> None:
        self.dtype, self.width, self.length = np.dtype(dtype), width, 0
        self.file = path.open("wb", buffering=1 << 20)
        self._head()

    def _head(self) -> None:
        shape = (self.length, *self.width)
        about = {"descr": npy.dtype_to_descr(self.dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(self.file, about)

    def append(self, values: ArrayLike) -> None:
        found = np.ascontiguousarray(values, dtype=self.dtype)
        if found.shape[1:] != self.width:
            raise ValueError(f"{self.file.name}: entries of shape {found.shape[1:]} instead of {self.width}")
        self.file.write(found.tobytes())
        self.length += len(found)

    def close(self) -> None:
        self.file.seek(0)
        self._head()
        self.file.close()


class Writer:
    """Writes a dataset piece by piece; requests come in the order of `shown_at`. A folder left without `close`
    (a killed process, an exception) has no meta.json and is refused by Dataset."""

    def __init__(self, folder: Path, features: Sequence[str], dimensions: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / META).unlink(missing_ok=True)
        self.folder, self.features, self.dimensions = folder, tuple(features), dimensions
        shapes = {**OF_REQUESTS, **OF_ROWS, "features": (np.float32, (len(self.features),))}
        shapes |= {"posts": (np.float16, (dimensions,)), "start": (np.int64, ())}
        self._columns = {name: _Column(folder / f"{name}.npy", *shape) for name, shape in shapes.items()}
        self._columns["start"].append([0])
        self._latest = -np.inf

    def add_posts(self, vectors: ArrayLike) -> int:
        """Append vectors (p, d), unit length; answers with the place of the first. May come before or after use."""
        first = self._columns["posts"].length
        self._columns["posts"].append(vectors)
        return first

    def add(self, counts: ArrayLike, **arrays: ArrayLike) -> None:
        """Append requests: `counts` (r,) rows each, every array of OF_REQUESTS (r, …), and, flat in the same order,
        `features` (n, F) and every array of OF_ROWS (n, …); `weight` 1 and `source` 0 unless given."""
        rows = np.asarray(counts, dtype=np.int64)
        total = int(rows.sum())
        arrays = {"weight": np.ones(total), "source": np.zeros(total), **arrays}
        wanted = {*OF_REQUESTS, *OF_ROWS, "features"}
        if arrays.keys() != wanted:
            raise ValueError(f"missing or unknown arrays: {sorted(arrays.keys() ^ wanted)}")
        for name, values in arrays.items():
            if len(np.asarray(values)) != (len(rows) if name in OF_REQUESTS else total):
                raise ValueError(f"{name} does not fit {len(rows)} requests of {total} rows")
        self._check_order(np.asarray(arrays["shown_at"], dtype=np.float64))
        for name, values in arrays.items():
            self._columns[name].append(values)
        self._columns["start"].append(self._rows - total + np.cumsum(rows))

    @property
    def _rows(self) -> int:
        return self._columns["impression"].length

    def _check_order(self, moments: Array) -> None:
        if len(moments):
            if moments[0] < self._latest or (np.diff(moments) < 0).any():
                raise ValueError("requests must come in the order of shown_at")
            self._latest = float(moments[-1])

    def close(self, **meta: Any) -> None:
        """Finish the files; `meta` is kept as it is (encoder, left_out_by_consent, …), the counts are added."""
        for column in self._columns.values():
            column.close()
        person, moments = (np.load(self.folder / f"{name}.npy", mmap_mode="r") for name in ("person", "shown_at"))
        counted = {
            "features": list(self.features),
            "heads": list(HEADS),
            "dimensions": self.dimensions,
            "rows": self._rows,
            "requests": len(person),
            "people": len(np.unique(person)),
            "from": float(moments[0]) if len(moments) else None,
            "to": float(moments[-1]) if len(moments) else None,
        }
        unfinished = self.folder / f"{META}.new"
        unfinished.write_text(json.dumps({"encoder": "", "left_out_by_consent": 0, **meta, **counted}, indent=1))
        os.replace(unfinished, self.folder / META)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for column in self._columns.values():
            column.file.close()


def padded(values: Sequence[float], fill: float = 0) -> Array:
    """At most LENGTH values of a history, filled up: a row of hist_post (with fill -1), hist_kind and so on."""
    row = np.full(LENGTH, fill, dtype=np.float64)
    row[: len(values)] = values[:LENGTH]
    return row


class Dataset:
    """A dataset read through memory maps; `meta` is meta.json. Raises FileNotFoundError for an unfinished folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.meta: dict[str, Any] = json.loads((self.folder / META).read_text())
        if tuple(self.meta["heads"]) != HEADS:
            raise ValueError(f"{folder} holds labels of other heads: {self.meta['heads']}")
        self.feature_names = tuple(self.meta["features"])
        self.dimensions = int(self.meta["dimensions"])
        for name in (*OF_REQUESTS, *OF_ROWS, "features", "posts", "start"):
            setattr(self, name, self._open(name))

    posts: Array
    person: Array
    shown_at: Array
    hist_post: Array
    hist_kind: Array
    hist_age: Array
    hist_author: Array
    start: Array
    features: Array
    row_post: Array
    row_author: Array
    position: Array
    labels: Array
    weight: Array
    source: Array
    impression: Array

    def _open(self, name: str) -> Array:
        path = self.folder / f"{name}.npy"
        with path.open("rb") as file:
            npy.read_magic(file)
            empty = 0 in npy.read_array_header_1_0(file)[0]
        return np.load(path) if empty else np.load(path, mmap_mode="r").view(np.ndarray)

    def __len__(self) -> int:
        return len(self.person)

    def view(self, first: int = 0, last: int | None = None) -> View:
        return View(self, first, len(self) if last is None else last)

    def split(
        self, fractions: tuple[float, float, float] = (0.8, 0.1, 0.1), moments: tuple[float, float] | None = None
    ) -> tuple[View, View, View]:
        """Train, validation and test, each later than the one before: by shares of the requests, or cut at two
        moments (unix seconds; a request at a moment belongs to the later part). Equal moments are never parted."""
        if moments is None:
            cuts = (fractions[0] * len(self), (fractions[0] + fractions[1]) * len(self))
            later = np.append(self.shown_at, np.inf)
            moments = (float(later[round(cuts[0])]), float(later[min(round(cuts[1]), len(self))]))
        first, second = (int(place) for place in np.searchsorted(self.shown_at, moments))
        return self.view(0, first), self.view(first, second), self.view(second)

    def gather(
        self,
        requests: Array,
        history: int = LENGTH,
        sampling: Sampling | None = None,
        rng: np.random.Generator | None = None,
    ) -> Batch:
        """These requests, with the newest `history` acts each, and with all rows unless a sampling is given."""
        return gather(self, requests, history, sampling, rng)


@dataclass(frozen=True)
class View:
    """A stretch of a dataset's requests, first to last (not included)."""

    dataset: Dataset
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    @property
    def rows(self) -> slice:
        """Of the arrays of rows."""
        return slice(int(self.dataset.start[self.first]), int(self.dataset.start[self.last]))

    def batches(self, requests: int = 256, history: int = LENGTH) -> Iterator[Batch]:
        """All of it, in the order of time, with all rows."""
        for first in range(self.first, self.last, requests):
            yield self.dataset.gather(np.arange(first, min(first + requests, self.last)), history)

    def figures(self) -> Mapping[str, Any]:
        moments = self.dataset.shown_at[self.first : self.last]
        span = {"from": float(moments[0]), "to": float(moments[-1])} if len(moments) else {"from": None, "to": None}
        return {**span, "requests": len(self), "rows": self.rows.stop - self.rows.start}
