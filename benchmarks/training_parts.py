"""The parts of a night measured one by one: seconds, processor seconds, peak memory, and the database beside them."""

from __future__ import annotations

import os
import resource
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import numpy as np
import psutil
from django.conf import settings
from django.utils import timezone

from benchmarks.training_site import span_of
from feed.models import Impression
from ml import registry
from ml.models import ModelVersion, TrainingRun
from ml.nets.ranker.data import Dataset
from ml.ranking.features import NAMES
from ml.ranking.heads import HEADS
from ml.training import dataset, recipe
from ml.training.evaluate import auc
from ml.training.people import TOLERANCE, Span

ALL: Final = 10**9  # rows kept whole: the cap lifted
SAMPLED_EVERY: Final = 0.5  # seconds
NOT_COUNTED: Final = "figures of the dataset"
LAST_OF_TRAINING: Final = ("calibrating", "exporting")
STATUS: Final = Path("/proc/self/status")
Progress = Callable[[str, int, int], None]


def peak_mb() -> float:
    """The most memory this process had since `forget_peak`, mapped files counted."""
    if not STATUS.exists():  # no Linux: the peak since the process began, in bytes there
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 1)
    return round(int(STATUS.read_text().partition("VmHWM:")[2].split()[0]) / 1024, 1)


def forget_peak() -> None:
    """Let the kernel count the peak anew (proc(5), clear_refs 5)."""
    if STATUS.exists():
        STATUS.with_name("clear_refs").write_text("5")


class Database(threading.Thread):
    """Looks at the embedded server's processes twice a second: their memory together, and what they worked."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mb, self.seconds, self.ended = 0.0, {}, threading.Event()  # type: ignore[var-annotated]

    def run(self) -> None:
        while not self.ended.wait(SAMPLED_EVERY):
            self.look()

    def look(self) -> None:
        try:
            pid = int((Path(settings.VAR_DIR) / "postgres" / "postmaster.pid").read_text().split()[0])
            server = psutil.Process(pid)
            found = [server, *server.children()]
        except (OSError, ValueError, psutil.Error):
            return
        total = 0
        for one in found:
            try:
                total += one.memory_full_info().pss
                self.seconds[one.pid] = sum(one.cpu_times()[:2])
            except psutil.Error:
                continue
        self.peak_mb = max(self.peak_mb, total / 2**20)

    def so_far(self) -> tuple[float, float]:
        """Peak since the last question, seconds since the start."""
        self.look()
        peak, self.peak_mb = self.peak_mb, 0.0
        return peak, sum(self.seconds.values())


class Stages:
    """Cuts what happens into stages by their names; each gets its seconds and peaks when the next one begins."""

    def __init__(self, first: str, show: Progress) -> None:
        self.found: dict[str, dict[str, float]] = {}
        self.show, self.database = show, Database()
        self.database.look()
        self.database.start()
        self._begin(first)

    def _begin(self, name: str) -> None:
        forget_peak()
        self.name, self.wall, self.processor = name, perf_counter(), process_time()
        self.begun_mb, (_, self.asked) = peak_mb(), self.database.so_far()

    def __call__(self, step: str, done: int, of: int) -> None:
        name, _, message = step.partition(": ")
        name = "export" if message in LAST_OF_TRAINING else name
        if name != self.name:
            self.end()
            self._begin(name)
        self.show(step, done, of)

    def end(self) -> None:
        peak, worked = self.database.so_far()
        self.found[self.name] = {
            "seconds": round(perf_counter() - self.wall, 1),
            "processor_seconds": round(process_time() - self.processor, 1),
            "begun_mb": self.begun_mb,
            "peak_mb": peak_mb(),
            "database_processor_seconds": round(worked - self.asked, 1),
            "database_peak_mb": round(peak, 1),
            "load": round(os.getloadavg()[0], 2),
        }

    def close(self) -> dict[str, dict[str, float]]:
        self.end()
        self.database.ended.set()
        return self.found


def collected(impressions: int, folder: Path, show: Progress) -> dict[str, Any]:
    """Collect the first so many impressions of the site, all of them kept, and forget them again."""
    dataset.ROWS_WHOLE = ALL  # type: ignore[misc]
    stages = Stages("collect", show)
    try:
        meta = dataset.collect(folder, Span(*span_of(impressions)), stages)
        return {"impressions": impressions, **about(folder, meta), **stages.close()["collect"]}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def about(folder: Path, meta: dict[str, Any]) -> dict[str, Any]:
    """How large a dataset is, and how many of its requests have a full history."""
    data = Dataset(folder)
    return {
        "rows": meta["rows"],
        "requests": meta["requests"],
        "chance_of_pages_nobody_acted_in": round(meta["chance_of_passed"], 4),
        "left_out": meta["left_out"],
        "full_histories": round(float((data.hist_post[:, -1] >= 0).mean()), 4),
        "dataset_mb": round(sum(file.stat().st_size for file in folder.iterdir()) / 2**20, 1),
        "rates": {head: round(rate(data, place), 5) for place, head in enumerate(HEADS)},
    }


def rate(data: Dataset, head: int) -> float:
    known = data.labels[:, head] >= 0
    return float(np.average(data.labels[known, head] == 1, weights=data.weight[known])) if known.any() else 0.0


def interest_auc(folder: Path) -> float | None:
    """How well the number `interest` alone tells likes, on the days the night judges by."""
    rows = Dataset(folder).split()[2].rows
    data = Dataset(folder)
    found = data.features[rows, NAMES.index("interest")]
    return auc(data.labels[rows, HEADS.index("like")], found, data.weight[rows].astype(np.float64))


def night(cap: int, show: Progress) -> dict[str, Any]:
    """A whole night as `ranker train` has it, from an unlearned site: nothing serves, nothing lies half done."""
    dataset.ROWS_WHOLE = cap  # type: ignore[misc]
    recipe.clear()
    registry.promote_ranker("", why="benchmark")
    registry.forget()
    found: dict[str, Any] = {}

    def look(folder: Path) -> None:  # no part of a night, so not in its figures
        stages(NOT_COUNTED, 0, 1)
        found.update(about(folder, Dataset(folder).meta), interest_auc=interest_auc(folder))
        stages("count", 0, 1)

    stages = Stages("collect", show)
    now = Impression.objects.latest("shown_at").shown_at + TOLERANCE
    run = recipe.night(recipe.Plan(now=now, prepare=look), stages)
    parts = stages.close()
    del parts[NOT_COUNTED]
    if run.version is None:
        raise SystemExit(f"The night made no version: {run.message}")
    return {**found, **told(run, run.version), **summed(parts), "stages": parts}


def told(run: TrainingRun, version: ModelVersion) -> dict[str, Any]:
    test, card = version.card["metrics"]["test"], version.card
    return {
        "state": run.state,
        "rows_trained_on": card["trained_on"]["rows"],
        "test_requests": test["requests"],
        "like_auc": test["auc"]["like"],
        "like_ece": test["ece"]["like"],
        "auc": test["auc"],
        "ndcg10": test["ndcg10"],
        "ndcg10_of_recipe": card["rivals"]["recipe"]["ndcg10"],
    }


def summed(parts: dict[str, dict[str, float]]) -> dict[str, Any]:
    """The whole of the night: its seconds, and the largest peak of a stage with that of the database beside it."""
    return {
        "measured_at": timezone.now().isoformat(timespec="seconds"),
        "seconds": round(sum(part["seconds"] for part in parts.values()), 1),
        "processor_seconds": round(sum(part["processor_seconds"] for part in parts.values()), 1),
        "database_processor_seconds": round(sum(part["database_processor_seconds"] for part in parts.values()), 1),
        "peak_mb": max(part["peak_mb"] for part in parts.values()),
        "peak_with_database_mb": round(max(part["peak_mb"] + part["database_peak_mb"] for part in parts.values()), 1),
    }
