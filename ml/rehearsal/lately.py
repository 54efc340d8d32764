"""The demo's last days, lived: so that its people have histories, and the site has figures, from the first minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from feed.demo.load import notices
from feed.demo.town import Town
from ml.models import Promotion
from ml.rehearsal import starter
from ml.rehearsal.days import CLOSES, OPENS, Rehearsal
from ml.watching import drift
from ml.watching.online import sum_up

# How many days ago people visited. Those who are shown first to visitors of the demo (the featured) come on the early
# evenings only: what they were shown is forgotten by now, so whoever looks over their shoulder finds a full page.
EVENINGS: Final = (10, 9, 2, 1)
ALL_CAME: Final = 8  # so many days ago, or earlier
TURNOUT: Final = 0.7
Report = Callable[[str, int, int], None]


def settle(report: Report) -> Town:
    """Fill an empty site with the town, and let its people visit on some evenings: the first one ranked by the hand-set
    recipe, the others by the shipped ranker. Raises `ValueError` when townspeople are there already."""
    now = timezone.now()
    town = Rehearsal(Town(now), learns=False, turnout=TURNOUT, report=report)
    for place, days in enumerate(EVENINGS):
        if place == 1:
            _promoted_at(starter.install(), now - timedelta(days=days + 0.5))
        _live(town, now - timedelta(days=days))
    town.arrive(now)
    notices(now)
    for days in EVENINGS:
        for day in {(now - timedelta(days=days, hours=hours)).date() for hours in (0, CLOSES - OPENS)}:
            sum_up(day)
            drift.watch(day)
    return town.town


def _live(town: Rehearsal, closes: datetime) -> None:
    evening = closes - timedelta(hours=CLOSES - OPENS)
    early = closes < town.town.now - timedelta(days=ALL_CAME)
    town.live_evening(evening, who=[one.name for one in town.town.people if early or not one.featured])


def _promoted_at(name: str, at: datetime) -> None:
    if name:
        Promotion.objects.filter(version__name=name).update(at=at)
