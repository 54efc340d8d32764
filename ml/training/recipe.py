"""One night on one page: collect, train, judge, decide, register, promote. Whatever fails leaves the serving model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from time import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import structlog
from django.conf import settings
from django.utils import timezone

from accounts.models import ConsentChange
from ml import registry
from ml.models import ModelVersion, TrainingRun
from ml.nets.ranker.data import META, Dataset, View
from ml.ranking import weights
from ml.training import card, gate, price, rivals, told
from ml.training.dataset import NothingToLearn, Progress, collect
from ml.training.diary import AlreadyRunning, Diary, Stopped, alone, bury_dead
from ml.training.evaluate import paired_bootstrap
from ml.training.people import Span, consenting

if TYPE_CHECKING:
    from ml.nets.ranker.fit import Config

DAYS: Final = 30
SMALL_SITE: Final = 20_000  # requests
RESUMED_WITHIN: Final = timedelta(hours=12)
ASKED_DAYS: Final = "days"  # a file beside the dataset: a night that is asked for others collects anew
State = TrainingRun.State
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Plan:
    """What one night is asked for."""

    days: int = DAYS
    config: Config | None = None  # in place of what the size of the site asks for
    changes: Mapping[str, Any] = field(default_factory=dict)  # to that, by name
    limits: gate.Limits = field(default_factory=gate.Limits)
    by: Any = None
    now: datetime = field(default_factory=timezone.now)
    prepare: Callable[[Path], None] = lambda folder: None  # what is done to the dataset before it is learned from


def night(plan: Plan | None = None, show: Progress | None = None) -> TrainingRun:
    """One night, from the rows to the decision; the run says how it ended. Raises `AlreadyRunning`, and `Stopped` or
    KeyboardInterrupt after noting it: what was collected and trained then waits twelve hours to be gone on with."""
    plan = plan or Plan()
    with alone():
        bury_dead()
        diary = Diary.begin(plan.by, show)
        try:
            run = _steps(plan, diary)
        except NothingToLearn as error:
            run = diary.end(State.TOO_LITTLE, told.TOO_LITTLE, {"reasons": error.reasons})
        except (Stopped, KeyboardInterrupt, SystemExit):
            diary.end(State.FAILED, told.STOPPED, {})
            raise
        except Exception as error:
            log.exception("night_failed", run=diary.run.pk)
            run = diary.end(State.FAILED, told.FAILED, {"error": f"{type(error).__name__}: {error}"})
        clear()
        return run


def _steps(plan: Plan, diary: Diary) -> TrainingRun:
    data, out = _collected(plan, diary)
    ready = gate.enough(len(data), acted_rows(data), plan.limits)
    if not ready.promote:
        raise NothingToLearn(*(told.reason(one.name, **one.figures) for one in ready.checks if not one.holds))
    config = plan.config or replace(config_for(data), **plan.changes)
    if config.private is not None:
        price.train_without(data.folder, config, diary.training)
    _train(data, out, config, diary)
    diary("judge", 0, 1)
    table = weights.current()
    parts = data.split(*_cut(plan.config))
    new, others = judged(out, parts[2], table)
    decision = gate.decide(evidence(new, others), plan.limits)
    scale, reference = rivals.scale_of(out, list(card.read(out)["features"]), parts[1], table)
    complete = card.complete(out, data.meta, new, others, decision, scale, reference, table)
    return _settle(_published(out, complete), decision, plan, diary)


def _collected(plan: Plan, diary: Diary) -> tuple[Dataset, Path]:
    """The dataset and the folder to train in: those of a night that was stopped a short while ago, or new ones."""
    found = unfinished(plan.days)
    if found is not None:
        return found
    clear()
    folder = workshop() / "dataset"
    collect(folder, Span.of_days(plan.days, plan.now), diary)
    plan.prepare(folder)
    (workshop() / ASKED_DAYS).write_text(str(plan.days))
    return Dataset(folder), workshop() / registry.name_ranker(token_hex(4), plan.now)


def config_for(data: Dataset) -> Config:
    """Begun from the hand-set recipe; where there is little to learn from, a smaller net that learns more slowly: the
    full one is past its best on the demo town after fifty steps (docs/experiments.md)."""
    from ml.nets.ranker.fit import Config

    begun = Config(warm=True, prior=rivals.prior())
    if len(data) >= SMALL_SITE:
        return begun
    smaller = replace(begun, width=32, layers=1, attention_heads=2, dropout=0.3, lr=1e-4, weight_decay=0.3)
    return replace(smaller, least_steps=400, least_positives=10, threads=1)


def _train(data: Dataset, out: Path, config: Config, diary: Diary) -> None:
    from ml.nets.ranker import fit  # torch: only here, and never in the web

    diary("train", 0, 1)
    out.mkdir(parents=True, exist_ok=True)
    fit.train(data.folder, out, config, diary.training)


def _cut(config: Config | None) -> tuple[Any, ...]:
    """The cuts between training, validation and test: the same that the training made."""
    from ml.nets.ranker.fit import Config

    config = config or Config()
    return config.fractions, config.moments


def judged(out: Path, view: View, table: Mapping[str, float]) -> tuple[rivals.Judged, dict[str, rivals.Judged]]:
    """The new version, and its rivals by name: the baselines, and "serving" where a version serves that still can."""
    new = rivals.judge_version(out, card.read(out), view, table)
    others = rivals.baselines(view, table)
    registry.forget()
    if serving := registry.serving_ranker():
        try:
            others["serving"] = rivals.judge_named(serving, view, table)
        except registry.RankerBroken as error:
            log.warning("serving_ranker_cannot_be_judged", name=serving, why=str(error))
    return new, others


def evidence(new: rivals.Judged, others: Mapping[str, rivals.Judged]) -> gate.Evidence:
    """What the gate decides by."""
    serving = others.get("serving")
    against = {name: others[name] for name in ("recipe", "serving") if name in others}
    return gate.Evidence(
        judged=int(np.isfinite(new.each).sum()),
        finite=new.finite,
        ece=new.ece,
        serving_ece=serving.ece if serving else None,
        against={name: paired_bootstrap(new.each, other.each) for name, other in against.items()},
    )


def _published(out: Path, complete: dict[str, Any]) -> ModelVersion:
    """The artifacts where versions lie, and the version as a candidate."""
    folder = registry.ranker_folder(out.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(out, folder)
    return registry.register_ranker(out.name, complete)


def _settle(version: ModelVersion, decision: gate.Decision, plan: Plan, diary: Diary) -> TrainingRun:
    if decision.promote:
        registry.promote_ranker(version.name, by=plan.by, why=decision.why)
    else:
        registry.refuse_ranker(version.name, decision.why)
    registry.purge_rankers()
    version.refresh_from_db()
    state = State.PROMOTED if decision.promote else State.REFUSED
    return diary.end(state, told.DECIDED, version.card["gate"], version)


# --- The workshop: datasets are about people, and stay no longer than they must ------------------------------------


def workshop() -> Path:
    folder = Path(settings.VAR_DIR) / "training"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def clear() -> None:
    """Delete every dataset and everything half trained."""
    for path in workshop().iterdir():
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def expire() -> bool:
    """Delete what a stopped night left once no night may go on with it: somebody in it left or withdrew, or it is too
    old. Whether anything was deleted; while a night goes on, nothing is."""
    try:
        with alone():
            if resumable() is not None or not any(workshop().iterdir()):
                return False
            clear()
            return True
    except AlreadyRunning:
        return False


def unfinished(days: int) -> tuple[Dataset, Path] | None:
    """What may be gone on with, if it was collected for so many days."""
    asked = workshop() / ASKED_DAYS
    return resumable() if asked.exists() and asked.read_text() == str(days) else None


def resumable() -> tuple[Dataset, Path] | None:
    """A whole dataset with a begun training, not older than twelve hours, in which nobody is who has withdrawn their
    consent or reset what was learned since."""
    meta = workshop() / "dataset" / META
    begun = sorted(path for path in workshop().glob("ranker-*") if registry.rankers.NAME.fullmatch(path.name))
    if not begun or not meta.exists() or time() - meta.stat().st_mtime > RESUMED_WITHIN.total_seconds():
        return None
    try:
        data = Dataset(meta.parent)
    except (OSError, ValueError):
        return None
    allowed = consenting()
    people = set(np.unique(data.person).tolist())
    reset = any(allowed[person].reset_at > meta.stat().st_mtime for person in people & allowed.keys())
    # Whatever switch somebody turned since: what stood on it may be in the files, and is not in the database any more.
    made_at = datetime.fromtimestamp(meta.stat().st_mtime, UTC)
    turned = ConsentChange.objects.filter(person__in=people, at__gte=made_at).exists()
    same = data.meta["encoder"] == registry.serving_encoder() and people <= allowed.keys()
    return (data, begun[-1]) if same and not reset and not turned else None


def acted_rows(data: Dataset) -> int:
    """Rows that somebody acted on in any way, counted in pieces."""
    pieces = range(0, len(data.labels), 200_000)
    return sum(int((data.labels[first : first + 200_000] == 1).any(axis=1).sum()) for first in pieces)
