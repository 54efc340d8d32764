"""Versions and baselines compared on the newest days, without training anything. Changes nothing that serves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from ml.nets.ranker.data import Dataset, View
from ml.ranking import weights
from ml.training import recipe
from ml.training.dataset import Progress, collect
from ml.training.diary import alone
from ml.training.evaluate import Difference, paired_bootstrap
from ml.training.people import Span
from ml.training.rivals import Judged, baselines, judge_named

SHARE: Final = (0.8, 0.1, 0.1)


@contextmanager
def newest_days(days: int, show: Progress) -> Iterator[View]:
    """The last tenth of the requests of so many days, as a night holds them out; the dataset is deleted afterwards.
    Raises `AlreadyRunning`, `NothingToLearn`."""
    with alone():
        folder = recipe.workshop() / "contest"
        try:
            collect(folder, Span.of_days(days, timezone.now()), show)
            yield Dataset(folder).split(SHARE)[2]
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Contest:
    """Everyone's figures, and how much better the first is than each other."""

    judged: Mapping[str, Judged]
    differences: Mapping[str, Difference | None]


def contest(view: View, names: Sequence[str]) -> Contest:
    """Versions by name, then the baselines. Raises `RankerBroken`."""
    table = weights.current()
    judged = {name: judge_named(name, view, table) for name in names} | baselines(view, table)
    first, *others = judged
    return Contest(judged, {other: paired_bootstrap(judged[first].each, judged[other].each) for other in others})
