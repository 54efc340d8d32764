"""How a shadow model would have ordered what was shown, against the model that served. It changes no page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from feed.models import Impression
from ml.watching.online import POSITIVE

LEAST: Final = 5  # posts of a request; fewer have no order worth comparing
SAMPLE: Final = 20_000
OF_SLIDERS: Final = "slider:"


@dataclass(frozen=True)
class Comparison:
    """`agreement` is the mean rank correlation within requests (Spearman), -1 to 1. The wins count pairs of an answered
    and a passed post of one page: the share that each model put in the right order (so 0.5 is chance). What was shown
    was chosen by the serving model, which favours it."""

    version: str
    requests: int
    agreement: float | None
    pairs: int
    serving_wins: float | None
    shadow_wins: float | None


def compare(since: datetime) -> list[Comparison]:
    """One comparison for each shadow version that scored anything since then."""
    rows = (
        Impression.objects.filter(shown_at__gte=since, shadow_score__isnull=False)
        .order_by("-shown_at")
        .values_list("shadow_version", "request_id", "pk", "score", "terms", "shadow_score")[:SAMPLE]
    )
    requests: dict[str, dict[object, list[tuple[int, float, float]]]] = defaultdict(lambda: defaultdict(list))
    for version, request, pk, score, terms, shadow in rows:
        requests[version][request].append((pk, unsteered(score, terms), float(shadow or 0)))
    shown = [pk for pages in requests.values() for page in pages.values() for pk, *_scores in page]
    answered = set(Impression.objects.filter(pk__in=shown, outcomes__kind__in=POSITIVE).values_list("pk", flat=True))
    return [_compared(version, list(pages.values()), answered) for version, pages in requests.items()]


def unsteered(score: float, terms: Mapping[str, float]) -> float:
    """What the model said, without what the person's own sliders added: no shadow knows those."""
    return score - sum(term for name, term in terms.items() if name.startswith(OF_SLIDERS))


def _compared(version: str, pages: list[list[tuple[int, float, float]]], answered: set[int]) -> Comparison:
    agreements: list[float] = []
    wins, total = np.zeros(2), 0
    for page in pages:
        scores = np.array([row[1:] for row in page], dtype=float)  # (n, 2): serving, shadow
        if len(page) >= LEAST and (scores.std(axis=0) > 0).all():
            ranks = scores.argsort(axis=0).argsort(axis=0)
            agreements.append(float(np.corrcoef(ranks[:, 0], ranks[:, 1]).item(1)))
        liked = np.array([pk in answered for pk, *_scores in page])
        if liked.any() and not liked.all():
            ahead = scores[liked][:, None, :] - scores[~liked][None, :, :]
            wins += (ahead > 0).sum(axis=(0, 1)) + 0.5 * (ahead == 0).sum(axis=(0, 1))
            total += ahead.shape[0] * ahead.shape[1]
    return Comparison(
        version,
        len(pages),
        float(np.mean(agreements)) if agreements else None,
        total,
        float(wins[0] / total) if total else None,
        float(wins[1] / total) if total else None,
    )
