"""Whether what a model sees has moved away from what it was trained on. Pure but for reading one day's impressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feed.models import Impression
from ml.models import DriftFigure, ModelVersion

BINS: Final = 10
SAMPLE: Final = 5_000  # impressions of a day that are looked at
LEAST: Final = 50  # fewer say nothing
MOVED: Final = 0.25  # an index above this is commonly read as a real shift, above 0.1 as a slight one
SCORE: Final = "score"


def deciles(values: NDArray[Any]) -> list[float]:
    """The nine values that part `values` into ten equal shares; the reference that a model card keeps."""
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    return [float(one) for one in np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])]


def reference(rows: NDArray[Any], names: Sequence[str], scores: NDArray[Any]) -> dict[str, Any]:
    """What `watch` compares with: for each number its deciles and the shares of the training rows between them.

    Many numbers are mostly 0, so that deciles coincide; the shares say how many rows each bin really held.
    """
    found = {}
    for name, values in [*zip(names, np.asarray(rows).T, strict=True), (SCORE, np.asarray(scores))]:
        edges = sorted(set(deciles(values)))
        found[name] = {"edges": edges, "shares": [round(share, 5) for share in shares(values, edges).tolist()]}
    return found


def shares(values: NDArray[Any], edges: Sequence[float]) -> NDArray[Any]:
    """Share of the finite values in each of the len(edges) + 1 bins; values equal to an edge fall below it."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.zeros(len(edges) + 1)
    counts = np.bincount(np.searchsorted(np.asarray(edges), known, side="left"), minlength=len(edges) + 1)
    return counts / len(known)


def stability_index(expected: Sequence[float], actual: Sequence[float]) -> float:
    """PSI = Σ (a − e) · ln(a / e) over the bins (Siddiqi 2006), empty bins taken as 0.0005. 0 is no change."""
    e, a = np.maximum(np.asarray(expected), 5e-4), np.maximum(np.asarray(actual), 5e-4)
    return float(((a - e) * np.log(a / e)).sum())


def watch(day: date) -> int:
    """Write the drift of the day's ranker versions (it may run twice); how many figures."""
    start = datetime.combine(day, time.min, tzinfo=UTC)
    shown = Impression.objects.filter(shown_at__gte=start, shown_at__lt=start + timedelta(days=1), surface="for-you")
    DriftFigure.objects.filter(day=day).delete()
    made = 0
    for version in ModelVersion.objects.filter(kind=ModelVersion.Kind.RANKER):
        made += _watch(day, version, shown.filter(model_version=version.name))
    return made


def _watch(day: date, version: ModelVersion, shown: Any) -> int:
    known = version.card.get("reference") or {}
    # A page that nothing was scored for has no numbers and a score of 0: it says nothing of what the model sees.
    rows = list(shown.exclude(features={}).order_by("-shown_at").values_list("features", "score")[:SAMPLE])
    if not known or len(rows) < LEAST:
        return 0
    figures = []
    for name, against in known.items():
        values = np.array(
            [score if name == SCORE else _number(features, name) for features, score in rows], dtype=float
        )
        finite = values[np.isfinite(values)]
        if not len(finite):
            continue
        index = stability_index(against["shares"], shares(values, against["edges"]).tolist())
        figures.append(
            DriftFigure(
                day=day,
                version=version.name,
                number=name[:40],
                mean=float(finite.mean()),
                spread=float(finite.std()),
                psi=round(index, 4),
            )
        )
    return len(DriftFigure.objects.bulk_create(figures))


def _number(features: Mapping[str, Any], name: str) -> float:
    value = features.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")
