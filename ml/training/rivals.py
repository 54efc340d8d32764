"""The orders that are compared on held-out requests: versions by their graphs, and the baselines. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from django.conf import settings
from numpy.typing import NDArray

from ml.nets.ranker.batches import Batch
from ml.nets.ranker.data import Dataset, View
from ml.nets.ranker.prior import Prior
from ml.ranking.features import NAMES
from ml.ranking.heads import HEADS
from ml.ranking.home import RECIPE
from ml.ranking.scorers import FRIENDS_SATURATE, HandSet, taken_away
from ml.registry import RankerBroken, check_ranker, ranker_folder
from ml.training.evaluate import HeldOut, by_head, order_figures
from ml.watching import drift

Array = NDArray[Any]
INPUTS: Final = (
    "history",
    "history_kind",
    "history_age",
    "history_author",
    "history_mask",
    "post",
    "author",
    "row",
)
NOT_LOGGED: Final = {"feedback": 1.0, "language_read": 1.0, "acted_days_ago": 999.0, "shown_hours_ago": 999.0}


@dataclass(frozen=True)
class Judged:
    """One order on the held-out requests: its figures, its nDCG@10 of each request, and what it predicted, if any."""

    name: str
    figures: dict[str, Any]
    each: Array  # (R,)
    probability: Array | None = None  # (n, heads)

    @property
    def finite(self) -> bool:
        return self.probability is None or bool(np.isfinite(self.probability).all())

    @property
    def ece(self) -> float | None:
        return self.figures.get("ece", {}).get("like")


def held_out(view: View) -> HeldOut:
    data, rows = view.dataset, view.rows
    start = data.start[view.first : view.last + 1] - rows.start
    return HeldOut(start, data.labels[rows], data.weight[rows], data.row_post[rows], data.posts)


def judge_version(folder: Path, card: Mapping[str, Any], view: View, weights: Mapping[str, float]) -> Judged:
    """A version by the graph that would serve. Raises `RankerBroken` when it was made for another encoder."""
    if card.get("encoder") != view.dataset.meta["encoder"]:
        raise RankerBroken(f"{card.get('version', folder.name)} was trained on the vectors of another encoder.")
    held, probability = held_out(view), predicted(folder, card["features"], view)
    finite = np.nan_to_num(probability, nan=0.0, posinf=1.0, neginf=0.0)
    figures, each = order_figures(held, scored(finite, logged(view.dataset, view), weights), weights)
    return Judged(str(card.get("version", folder.name)), {**figures, **by_head(held, finite)}, each, probability)


def judge_named(name: str, view: View, weights: Mapping[str, float]) -> Judged:
    """A registered version. Raises `RankerBroken`."""
    return judge_version(ranker_folder(name), check_ranker(name), view, weights)


def scored(probability: Array, rows: Array, weights: Mapping[str, float]) -> Array:
    """Scores (n,) as a page would have them, but for the scale: Σ weight · probability, less what "see fewer" takes
    away. `rows` are in the order of NAMES."""
    terms = probability * np.array([weights.get(head, 0.0) for head in HEADS])
    speaks_for_it = np.maximum(terms, 0).sum(axis=1)
    taken = taken_away(speaks_for_it, rows, shown_factor=1.0)  # as when serving
    return terms.sum(axis=1) + np.sum(list(taken.values()), axis=0)


def predicted(folder: Path, features: list[str], view: View) -> Array:
    """The probabilities of all rows of a view, (n, heads)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.ONNX_THREADS
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    columns = _columns(view.dataset, features)
    found = [session.run(None, _fed(batch, columns))[0][batch.mask] for batch in view.batches(64)]
    return np.concatenate(found) if found else np.zeros((0, len(HEADS)), dtype=np.float32)


def _columns(data: Dataset, features: list[str]) -> Array:
    """Where the graph's numbers stand in the dataset's rows; -1 for one that was not logged."""
    places = {name: place for place, name in enumerate(data.feature_names)}
    return np.array([places.get(name, -1) for name in features])


def _fed(batch: Batch, columns: Array) -> dict[str, Array]:
    fed = {name: getattr(batch, name) for name in INPUTS}
    fed["row"] = np.where(columns >= 0, batch.row[..., columns], np.float32(np.nan)).astype(np.float32)
    return fed


def baselines(view: View, weights: Mapping[str, float]) -> dict[str, Judged]:
    """What every model must be measured against: the hand-set recipe on the rows as logged, newest first, popularity at
    the time, and the order they were shown in (which the acts favour: what stands above is seen more)."""
    held, data = held_out(view), view.dataset
    rows = logged(data, view)
    number = dict(zip(NAMES, rows.T, strict=True))
    scores = {
        "recipe": recipe_scores(rows),
        "newest": -number["age_hours"],
        "popular": number["likes"] + 2 * number["answers"] + 2 * number["reposts"],
        "as_shown": -data.position[view.rows].astype(np.float64),
    }
    return {name: Judged(name, *order_figures(held, score, weights)) for name, score in scores.items()}


def logged(data: Dataset, view: View) -> Array:
    """The rows in the order of NAMES, what was not logged filled with what an unknown post has."""
    found = data.features[view.rows]
    places = {name: place for place, name in enumerate(data.feature_names)}
    columns = [found[:, places[name]] if name in places else np.full(len(found), np.nan) for name in NAMES]
    filled = [np.nan_to_num(column, nan=NOT_LOGGED.get(name, 0.0)) for name, column in zip(NAMES, columns, strict=True)]
    return np.stack(filled, axis=1).astype(np.float32)


def recipe_scores(rows: Array) -> Array:
    return np.sum(list(HandSet(RECIPE).of_rows(rows).values()), axis=0)


def prior() -> Prior:
    """The hand-set recipe as a net knows it: `recipe_scores` but for "see fewer", which is taken away after scoring."""
    names = {"language": "language_read"}
    bends = ("refusal_floor", "shown_factor")
    return Prior(
        weights={names.get(term, term): weight for term, weight in RECIPE.items() if term not in bends},
        above={"refusal": RECIPE["refusal_floor"]},
        saturates={"friends": FRIENDS_SATURATE},
        leaves={"shown_times": RECIPE["shown_factor"]},
    )


def scale_of(
    folder: Path, features: list[str], view: View, weights: Mapping[str, float]
) -> tuple[float, dict[str, Any]]:
    """What the value is multiplied by, so that scores of one page spread as the recipe's do: the stages after scoring
    compare scores with constants. 1 where nothing can be told. And how the numbers and scores are spread now, which
    drift is measured against (`ml.watching.drift`)."""
    if not len(view):
        return 1.0, {}
    held, rows = held_out(view), logged(view.dataset, view)
    scores = scored(np.nan_to_num(predicted(folder, features, view)), rows, weights)
    ours, recipes = _spread(held, scores), _spread(held, recipe_scores(rows))
    scale = recipes / ours if ours > 1e-9 and recipes > 1e-9 else 1.0
    return scale, drift.reference(rows, NAMES, scale * scores)


def _spread(held: HeldOut, scores: Array) -> float:
    """The standard deviation within requests, over all rows."""
    counts = np.maximum(np.diff(held.start), 1)
    mean = np.bincount(held.request, scores, minlength=len(counts)) / counts
    return float(np.sqrt(np.mean((scores - mean[held.request]) ** 2))) if len(scores) else 0.0
