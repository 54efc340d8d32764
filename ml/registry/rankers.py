"""Which ranker serves: candidates are registered, promoted, refused, rolled back. Knows folders and cards, no net."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from ml.models import Experiment, ModelVersion, Promotion

CACHED_SECONDS = 2.0
NAME: Final = re.compile(r"ranker-\d{8}-\d{6}-[0-9a-f]{8}")
FILES: Final = ("model.onnx", "model.safetensors")
KEPT: Final = 5  # artifacts of refused and retired versions that stay, of each
State = ModelVersion.State
log = structlog.get_logger(__name__)
_names: tuple[str, str, float] = ("", "", float("-inf"))  # serving, shadow, until


class RankerBroken(ValueError):
    """A version that must not serve; the message says why."""


def serving_ranker() -> str:
    """The version that scores home pages now; empty for the hand-set recipe. Remembered for two seconds a process."""
    return _remembered()[0]


def shadow_ranker() -> str:
    """The candidate that scores beside the serving version and changes no page; empty for none."""
    return _remembered()[1]


def _remembered() -> tuple[str, str, float]:
    global _names
    if monotonic() > _names[2]:
        rows = list(_rankers().filter(Q(state=State.SERVING) | Q(shadow=True)).values_list("name", "state", "shadow"))
        serving = next((name for name, state, _shadow in rows if state == State.SERVING), "")
        shadow = next((name for name, _state, shadows in rows if shadows), "")
        _names = (serving, shadow, monotonic() + CACHED_SECONDS)
    return _names


def forget() -> None:
    """Ask the database again at the next question."""
    global _names
    _names = ("", "", float("-inf"))


def _forget_soon() -> None:
    """Now for this thread, and once others can see the change for those that asked meanwhile."""
    forget()
    transaction.on_commit(forget)


def _rankers() -> Any:
    return ModelVersion.objects.filter(kind=ModelVersion.Kind.RANKER)


# --- Artifacts -----------------------------------------------------------------------------------------------------


def name_ranker(digest: str, at: datetime | None = None) -> str:
    """ranker-YYYYMMDD-HHMMSS-<8 hex>, of a moment (UTC) and of a digest of the weights."""
    return f"ranker-{at or timezone.now():%Y%m%d-%H%M%S}-{digest[:8]}"


def ranker_folder(name: str) -> Path:
    """Where the artifacts of a version lie. Raises `RankerBroken` for what is no name of a ranker."""
    if not NAME.fullmatch(name):
        raise RankerBroken(f"“{name}” is no name of a ranker.")
    return Path(settings.MODELS_DIR) / "ranker" / name


def card_of(name: str) -> dict[str, Any]:
    """The card beside the artifacts. Raises `RankerBroken` when it is missing or unreadable."""
    try:
        card = json.loads((ranker_folder(name) / "card.json").read_text())
    except (OSError, ValueError) as error:
        raise RankerBroken(f"The card of {name} cannot be read: {error}.") from error
    if not isinstance(card, dict):
        raise RankerBroken(f"The card of {name} is no card.")
    return card


def check_ranker(name: str) -> dict[str, Any]:
    """The card of a version whose files are all there and have the sums of the card. Raises `RankerBroken`."""
    card, folder = card_of(name), ranker_folder(name)
    for file in FILES:
        wanted = card.get(f"{file.rpartition('.')[2]}_sha256")
        try:
            found = sha256((folder / file).read_bytes()).hexdigest()
        except OSError as error:
            raise RankerBroken(f"{file} of {name} is missing.") from error
        if found != wanted:
            raise RankerBroken(f"{file} of {name} is damaged: its sum is not the one of the card.")
    return card


def purge_rankers(keep: int = KEPT) -> list[str]:
    """Delete the files of refused and of retired versions but for the newest `keep` of each, and never those that an
    experiment or the shadow uses. Their cards stay in the database. Answers with the names."""
    arms = Experiment.objects.filter(ended_at=None).values_list("arms", flat=True)
    used = {arm.get("serves") for experiment in arms for arm in experiment}
    gone = []
    for state in (State.REFUSED, State.RETIRED):
        rows = _rankers().filter(state=state).order_by(F("served_from").desc(nulls_last=True), "-created_at", "-pk")
        old = [row.name for row in rows[keep:] if not row.shadow and row.name not in used and NAME.fullmatch(row.name)]
        gone += [name for name in old if ranker_folder(name).exists()]
    for name in gone:
        shutil.rmtree(ranker_folder(name), ignore_errors=True)
    return gone


# --- Versions ------------------------------------------------------------------------------------------------------


def register_ranker(name: str, card: dict[str, Any]) -> ModelVersion:
    """Note a trained version; it waits as a candidate."""
    ranker_folder(name)
    return ModelVersion.objects.create(name=name, kind=ModelVersion.Kind.RANKER, card=card, state=State.CANDIDATE)


def refuse_ranker(name: str, why: str) -> None:
    """A candidate that may not serve, and the reason, which its card keeps."""
    row = _rankers().get(name=name, state=State.CANDIDATE)
    row.state, row.card = State.REFUSED, {**row.card, "refused": why}
    row.save(update_fields=["state", "card"])
    log.info("ranker_refused", name=name, why=why)


@transaction.atomic
def set_shadow(name: str) -> None:
    """Let a version score beside the serving one; empty ends it. Raises `RankerBroken`, `ModelVersion.DoesNotExist`."""
    if name:
        _rankers().get(name=name)
        check_ranker(name)
    _rankers().filter(shadow=True).exclude(name=name).update(shadow=False)
    _rankers().filter(name=name).update(shadow=True)
    _forget_soon()


# --- Serving -------------------------------------------------------------------------------------------------------


@transaction.atomic
def promote_ranker(name: str, *, by: Any = None, why: str = "") -> Promotion | None:
    """Let a version serve from the next request on; an empty name lets the hand-set recipe. None when it does already.

    Raises `ModelVersion.DoesNotExist`, and `RankerBroken` for a version whose files are missing or damaged.
    """
    standing = _locked()
    if (standing.name if standing else "") == name:
        return None
    row = None
    if name:
        row = _rankers().get(name=name)
        check_ranker(name)
    return _serve(row, standing, Promotion.How.PROMOTE, by, why)


@transaction.atomic
def rollback_ranker(*, by: Any = None, why: str = "") -> Promotion | None:
    """Take the last promotion back: what served before it serves again, or the hand-set recipe where nothing did.

    Each further call goes one promotion further back. Versions whose files are gone or damaged are passed over. None
    when the hand-set recipe serves and nothing is left to take back.
    """
    standing = _locked()
    before = _history()
    if standing is None and not before:
        return None
    while before and (before[-1] == standing or not _sound(before[-1])):
        before.pop()
    return _serve(before[-1] if before else None, standing, Promotion.How.ROLLBACK, by, why)


def _history() -> list[ModelVersion | None]:
    """What served, oldest first, less what was rolled back: the last is what serves now. None is the recipe."""
    served: list[ModelVersion | None] = []
    for step in Promotion.objects.select_related("version").order_by("at", "pk"):
        if step.how == Promotion.How.PROMOTE:
            served.append(step.version)
            continue
        del served[-1:]
        while served and served[-1] != step.version:  # it names where it went, however many it passed over
            served.pop()
    return served


def _sound(row: ModelVersion | None) -> bool:
    if row is None:
        return True  # the hand-set recipe
    try:
        check_ranker(row.name)
    except RankerBroken as error:
        log.warning("rollback_passed_over", name=row.name, why=str(error))
        return False
    return True


def _locked() -> ModelVersion | None:
    """The serving version; promotions at the same time wait for each other here."""
    list(_rankers().select_for_update().order_by("pk").values_list("pk", flat=True))
    return _rankers().filter(state=State.SERVING).first()


def _serve(row: ModelVersion | None, standing: ModelVersion | None, how: str, by: Any, why: str) -> Promotion:
    _rankers().filter(state=State.SERVING).update(state=State.RETIRED)
    if row is not None:
        row.state, row.served_from = State.SERVING, timezone.now()
        row.save(update_fields=["state", "served_from"])
    _forget_soon()
    log.info("ranker_serves", name=row.name if row else "", how=how)
    return Promotion.objects.create(version=row, replaced=standing, how=how, by=by, why=why)
