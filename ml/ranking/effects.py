"""What "see fewer" does on a given day, in figures: for the page that tells people. Knows no page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings

from ml.ranking import arms
from ml.ranking.hydrators import FEWER_DAYS_AWAY, FEWER_DAYS_FADING, fewer_factor


def unranked(person: Any) -> Literal["", "site", "person", "comparison"]:
    """Who decided that this person's home is not ranked: the site, they themselves, or the running experiment, in whose
    holdout they are; "" where it is. What only steers the ranking has no effect there."""
    if not settings.RECOMMENDER:
        return "site"
    if not person.consent.personalised:
        return "person"
    arm = arms.arm_of(person.pk)
    return "comparison" if arm is not None and arm.serves == arms.FOLLOWING else ""


@dataclass(frozen=True)
class Fewer:
    """`factor` is what remains of a post's score now, 0 to 1: nothing until `back_at`, all of it from `full_at` on."""

    phase: Literal["away", "fading", "over"]
    factor: float
    back_at: datetime
    full_at: datetime
    days: float

    @property
    def percent(self) -> int:
        return round(100 * self.factor)


def fewer_now(at: datetime, now: datetime) -> Fewer:
    """The effect at `now` of "see fewer" said `at`, by the same `fewer_factor` that the ranker uses."""
    days = max((now - at).total_seconds() / 86400, 0.0)
    factor = fewer_factor(days)
    phase: Literal["away", "fading", "over"] = "away" if factor == 0 else "over" if factor >= 1 else "fading"
    back_at = at + timedelta(days=FEWER_DAYS_AWAY)
    return Fewer(phase, factor, back_at, back_at + timedelta(days=FEWER_DAYS_FADING), days)


WIDTH, HEIGHT, EDGE = 160, 36, 4


def recovery_curve() -> str:
    """The points of a polyline in a drawing of WIDTH × HEIGHT: what remains of a score, from the day it was said on."""
    steps = [0.0, FEWER_DAYS_AWAY - 1e-6, FEWER_DAYS_AWAY, FEWER_DAYS_AWAY + FEWER_DAYS_FADING]
    return " ".join(f"{x},{y}" for x, y in map(recovery_point, steps))


def recovery_point(days: float) -> tuple[float, float]:
    """Where a day stands in that drawing; later days stand at its end."""
    whole = FEWER_DAYS_AWAY + FEWER_DAYS_FADING
    x = EDGE + (WIDTH - 2 * EDGE) * min(days, whole) / whole
    return round(x, 1), round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * fewer_factor(days), 1)
