"""Which arm of the running experiment a person is in: a hash of their id decides, so that it never changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from time import monotonic
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ml import registry
from ml.models import Experiment, ModelVersion

SERVING, RECIPE, FOLLOWING = "serving", "recipe", "following"
CACHED_SECONDS: Final = 5.0
LONGEST_NAME: Final = 20  # of an arm: as `Impression.bucket`


@dataclass(frozen=True)
class Arm:
    """`serves` is "serving", "recipe", "following" (the order of Following, nothing ranked) or a version's name."""

    name: str
    share: float
    serves: str


_running: tuple[tuple[str, tuple[Arm, ...]], float] = (("", ()), float("-inf"))


def arm_of(person_id: int) -> Arm | None:
    """The arm of a person in the running experiment; None when none runs, or beyond the shares of its arms."""
    global _running
    (salt, arms), until = _running
    if monotonic() > until:
        salt, arms = _read()
        _running = ((salt, arms), monotonic() + CACHED_SECONDS)
    return arm_at(point(person_id, salt), arms) if arms else None


def point(person_id: int, salt: str) -> float:
    """Where a person falls, evenly between 0 and 1: the first 52 bits of SHA-256 of the salt and the id."""
    return int(sha256(f"{salt}:{person_id}".encode()).hexdigest()[:13], 16) / 16**13


def arm_at(place: float, arms: Sequence[Arm]) -> Arm | None:
    for arm in arms:
        if place < arm.share:
            return arm
        place -= arm.share
    return None


def _read() -> tuple[str, tuple[Arm, ...]]:
    running = Experiment.objects.filter(ended_at=None).first()
    if running is None:
        return "", ()
    return running.salt, tuple(Arm(arm["name"], float(arm["share"]), arm["serves"]) for arm in running.arms)


def forget() -> None:
    """Ask the database again at the next question."""
    global _running
    _running = (("", ()), float("-inf"))


def start(name: str, arms: Sequence[Arm], by: Any = None) -> Experiment:
    """Begin an experiment. Raises `ValidationError` when one runs, or the arms make no sense."""
    check(arms)
    rows = [{"name": arm.name, "share": arm.share, "serves": arm.serves} for arm in arms]
    try:
        with transaction.atomic():
            made = Experiment.objects.create(name=name, arms=rows, salt=token_hex(8), by=by)
    except IntegrityError:
        raise ValidationError(_("An experiment runs already. End it before you start another.")) from None
    forget()
    return made


def check(arms: Sequence[Arm]) -> None:
    """Raises `ValidationError` unless names differ, shares are positive and at most 1 together, and models serve."""
    names = [arm.name for arm in arms]
    if not arms or len(set(names)) < len(names) or not all(0 < len(name) <= LONGEST_NAME for name in names):
        raise ValidationError(_("Every arm needs a short name of its own."))
    if any(not arm.share > 0 for arm in arms) or sum(arm.share for arm in arms) > 1 + 1e-9:
        raise ValidationError(_("Shares are above 0 and make at most 100 % together."))
    versions = {arm.serves for arm in arms} - {SERVING, RECIPE, FOLLOWING}
    known = ModelVersion.objects.filter(name__in=versions, kind=ModelVersion.Kind.RANKER).count()
    if known < len(versions):
        raise ValidationError(_("There is no such model version."))
    for version in sorted(versions):
        try:
            registry.check_ranker(version)
        except registry.RankerBroken as error:  # its arm would silently be served by the recipe
            told = {"name": version, "error": error}
            raise ValidationError(_("%(name)s cannot be tried. %(error)s") % told) from error


def end(experiment: Experiment) -> None:
    """End it; everybody is served as usual within seconds. Ending it again changes nothing."""
    Experiment.objects.filter(pk=experiment.pk, ended_at=None).update(ended_at=timezone.now())
    forget()
