"""A trained ranker scoring candidates with ONNX Runtime. Knows artifacts and arrays; no torch, no page.

What cannot serve is never fatal: `load` raises `Unfit` with a reason, which the caller counts, and scores by hand.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, Final

import numpy as np
import onnxruntime
import structlog
from prometheus_client import Counter

from ml.ranking import weights
from ml.ranking.candidate import Bools, Candidates, Floats, Query
from ml.ranking.features import NAMES
from ml.ranking.heads import HEADS
from ml.ranking.history import History, history_of
from ml.ranking.scorers import Unfit, taken_away
from ml.registry import RankerBroken, card_of, ranker_folder, serving_encoder, serving_ranker

KEPT: Final = 4  # sessions a process keeps: the serving version, the one before, a shadow, an arm
TRIED_AGAIN_AFTER: Final = 30.0  # seconds until an artifact that could not be loaded is looked at again
THREADS: Final = 1  # measured: two are slower on a busy machine, and requests run side by side
LARGEST: Final = 1e9  # of a number in a row; what is beyond is taken for that
LEAST_RATE: Final = 1e-4  # of an act that a card has no rate of
UNKNOWN: Final = Counter("courtyard_ranker_not_finite_total", "Posts whose chances a ranker could not say")
log = structlog.get_logger(__name__)


class Learned:
    """One version of the trained ranker: a graph, and the card that says what it was trained on. Thread-safe."""

    def __init__(self, name: str) -> None:
        """Raises `Unfit`: missing, corrupt, other features, other heads."""
        self.version = name
        self.card = _card(name)
        for told, ours, what in (("features", NAMES, "numbers"), ("heads", HEADS, "acts")):
            if tuple(self.card.get(told, ())) != ours:
                raise Unfit(told, f"{name} was trained on other {what} than this site has now.")
        self.encoder, self.dimensions = str(self.card.get("encoder", "")), int(self.card.get("dimensions", 0))
        self.scale = float(self.card.get("scale", 1.0))
        base = self.card.get("base_rates") or {}
        self._base = np.array([float(base.get(head, 0.0)) for head in HEADS], dtype=np.float32)
        self._session = _session(_graph(name, str(self.card.get("onnx_sha256", ""))), name)

    def terms(self, query: Query, candidates: Candidates, rows: Floats) -> Mapping[str, Floats]:
        """Terms “head:…” = scale · weight · chance, then what is taken away. Raises `Unfit` for vectors of another
        encoder. A row's terms depend on that row alone."""
        table = weights.current()
        chances = self.chances(history_of(query), *self.inputs(query, candidates), rows)
        scale = self.scale_by(table)
        terms = {
            f"head:{head}": scale * table[head] * chances[:, place] for place, head in enumerate(HEADS) if table[head]
        }
        for_it = sum((np.maximum(term, 0) for term in terms.values()), np.zeros(len(rows), dtype=np.float32))
        # What showings take from a chance the graph has learned: their number is in the row.
        taken = taken_away(np.asarray(for_it, dtype=np.float32), rows, shown_factor=1.0)
        return {**terms, **taken}

    def scale_by(self, table: Mapping[str, float]) -> float:
        """What weight · chance is multiplied by under a table of weights.

        The card's scale spreads the scores of a page as the stages behind expect it, under the table of that night. A
        table twice as heavy has half of it: what counts is how the weights stand to each other.
        """
        return scale_by(self.card, table)

    def inputs(self, query: Query, candidates: Candidates) -> tuple[Floats, Any]:
        """Vectors (n, d), zeros where there is none, and author buckets (n,). Raises `Unfit`."""
        if query.model and query.model != self.encoder:
            raise Unfit("encoder", f"{self.version} was trained on vectors of {self.encoder}, not of {query.model}.")
        vectors = candidates["vector"]
        if vectors.shape[1] != self.dimensions:
            if candidates["has_vector"].any():
                raise Unfit("encoder", f"{self.version} reads vectors of {self.dimensions} numbers.")
            vectors = np.zeros((len(candidates), self.dimensions), dtype=np.float32)
        return vectors, bucket_of_each(candidates["author"])

    def chances(self, history: History, vectors: Floats, authors: Any, rows: Floats) -> Floats:
        """The calibrated chance of every act, (n, heads). What is not finite becomes the head's base rate, counted."""
        found: Floats = self.ask(np.ones((1, len(history)), dtype=np.bool_), history, vectors, authors, rows)[0]
        return found

    def ask(self, masks: Any, history: History, vectors: Floats, authors: Any, rows: Floats) -> Floats:
        """Chances (b, n, heads) under b masks (b, h) of the same history: which acts the graph may look at.

        rows (n, F), or (b, n, F) where they differ with the mask.
        """
        many, acts = len(masks), max(len(history), 1)
        if not len(vectors):
            return np.zeros((many, 0, len(HEADS)), dtype=np.float32)
        numbers = np.clip(rows, -LARGEST, LARGEST).astype(np.float32)  # NaN stays: it is "missing"
        mask = np.zeros((many, acts), dtype=np.bool_)
        mask[:, : len(history)] = masks
        feed = {
            "history": _repeated(many, _padded(history.vectors, (acts, self.dimensions), np.float32)),
            "history_kind": _repeated(many, _padded(history.kinds, (acts,), np.int64)),
            "history_age": _repeated(many, _padded(history.age_hours, (acts,), np.float32)),
            "history_author": _repeated(many, _padded(history.authors, (acts,), np.int64)),
            "history_mask": mask,
            "post": _repeated(many, np.asarray(vectors, dtype=np.float32)),
            "author": _repeated(many, np.asarray(authors, dtype=np.int64)),
            "row": numbers if numbers.ndim == 3 else _repeated(many, numbers),
        }
        chances: Floats = self._session.run(["probability"], feed)[0]
        if chances.shape != (many, len(vectors), len(HEADS)):
            raise Unfit("graph", f"The graph of {self.version} answered in the shape {chances.shape}.")
        known: Bools = np.asarray(np.isfinite(chances).all(axis=2))
        if not known.all():
            UNKNOWN.inc(int((~known).sum()))
            chances = np.where(known[:, :, None], chances, self._base)
        return chances


def scale_by(card: Mapping[str, Any], table: Mapping[str, float]) -> float:
    """`Learned.scale_by` from the card alone, such as that of a version whose graph is gone."""
    base, then = card.get("base_rates") or {}, card.get("weights") or weights.DEFAULT
    rates = {head: float(base.get(head, 0.0)) or LEAST_RATE for head in HEADS}
    heavy, heavy_then = (sum(abs(one.get(h, 0.0)) * rates[h] for h in HEADS) for one in (table, then))
    return float(card.get("scale", 1.0)) * (heavy_then / heavy if heavy > 0 and heavy_then > 0 else 1.0)


def bucket_of_each(authors: Any) -> Any:
    """`history.bucket` of author ids (n,), at once."""
    found = np.asarray(authors, dtype=np.int64)
    # The product may leave 64 bits: only its lowest 32 count, and those survive the overflow.
    with np.errstate(over="ignore"):
        return ((found.astype(np.uint64) * np.uint64(2_654_435_761)) & np.uint64(2**32 - 1)).astype(np.int64) >> 22


def _padded(values: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """As it is, or zeros of that shape for an empty history: the graph wants at least one place, masked."""
    return np.asarray(values, dtype=kind) if len(values) else np.zeros(shape, dtype=kind)


def _repeated(many: int, values: Any) -> Any:
    return values[None] if many == 1 else np.repeat(values[None], many, axis=0)


def _card(name: str) -> dict[str, Any]:
    try:
        return card_of(name)
    except RankerBroken as error:
        raise Unfit("missing", str(error)) from error


def _graph(name: str, digest: str) -> bytes:
    """The bytes of the graph, whose sum is the one of the card. Raises `Unfit`."""
    path: Path = ranker_folder(name) / "model.onnx"
    try:
        found = path.read_bytes()
    except OSError as error:
        raise Unfit("missing", f"The graph of {name} cannot be read: {error}.") from error
    if sha256(found).hexdigest() != digest:
        raise Unfit("corrupt", f"The graph of {name} is damaged: its sum is not the one of the card.")
    return found


def _session(graph: bytes, name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has exceptions of many kinds for a graph it does not like
        raise Unfit("corrupt", f"The graph of {name} cannot be read: {error}.") from error


# --- One session a version and process ------------------------------------------------------------------------------

_loaded: OrderedDict[str, Learned] = OrderedDict()
_failed: dict[str, tuple[Unfit, float]] = {}
_lock = Lock()


def load(name: str) -> Learned:
    """The ranker called `name`, read and verified once a process. Raises `Unfit`, at once for half a minute after it
    failed. A request that holds one keeps it, whatever is promoted meanwhile."""
    with _lock:
        if name in _loaded:
            _loaded.move_to_end(name)
            return _loaded[name]
        error, until = _failed.get(name, (None, 0.0))
        if error is not None and monotonic() < until:
            raise error
        try:
            made = Learned(name)
        except Unfit as unfit:
            _failed[name] = (unfit, monotonic() + TRIED_AGAIN_AFTER)
            log.error("ranker_unfit", version=name, reason=unfit.reason, why=str(unfit))
            raise
        except Exception as other:  # a card whose fields have other types than cards have
            broken = Unfit("corrupt", f"The card of {name} makes no sense: {other!r}.")
            _failed[name] = (broken, monotonic() + TRIED_AGAIN_AFTER)
            log.exception("ranker_unfit", version=name, reason=broken.reason)
            raise broken from other
        _failed.pop(name, None)
        _loaded[name] = made
        while len(_loaded) > KEPT:
            _loaded.popitem(last=False)
        return made


def standing() -> str:
    """How the serving ranker stands, in words for the operator: "ok", "hand-set recipe", or why it cannot score."""
    name, encoder = serving_ranker(), serving_encoder()
    if not name:
        return "hand-set recipe"
    try:
        found = load(name)
    except Unfit as error:
        return f"scored by hand: {error}"
    if encoder and encoder != found.encoder:
        return f"scored by hand: {name} was trained on vectors of {found.encoder}, not of {encoder}."
    return "ok"


def forget() -> None:
    """Read every artifact anew."""
    with _lock:
        _loaded.clear()
        _failed.clear()
