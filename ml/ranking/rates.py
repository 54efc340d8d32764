"""How often what was shown was answered, and what exploring costs: sums over all who count. Names nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Final

from django.utils import timezone

from ml.ranking.counted import PEOPLE, known_robots
from ml.ranking.sql import rows

POSITIVE: Final = ("like", "comment", "repost", "quote", "bookmark", "follow")
NEIGHBOURS = 2  # places on either side that an explored place is compared with


@dataclass(frozen=True)
class Rate:
    """How many of the impressions were answered, with the 95 % interval of Wilson (1927)."""

    impressions: int
    answered: int

    @property
    def value(self) -> float | None:
        return self.answered / self.impressions if self.impressions else None

    @property
    def interval(self) -> tuple[float, float]:
        if not self.impressions:
            return 0.0, 1.0
        n, p, z = self.impressions, self.answered / self.impressions, 1.96
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class ExplorationCost:
    """Places given to the unknown against the ranked places beside them on the same pages."""

    explored: Rate
    beside_explored: Rate
    new_voices: Rate
    beside_new_voices: Rate

    @property
    def lost_a_place(self) -> float | None:
        """How many answers an explored place costs against a ranked one; None while either is unknown."""
        if self.explored.value is None or self.beside_explored.value is None:
            return None
        return self.beside_explored.value - self.explored.value


# Each special place, and each ranked place near one of its kind on the same page, counted once a kind.
_COST = f"""
WITH people AS ({PEOPLE}), special AS (
  SELECT i.id, i.request_id, i.position, i.reason ->> 'kind' AS kind FROM feed_impression i
    JOIN people w ON w.person_id = i.person_id AND i.shown_at >= w.since
  WHERE i.surface = 'for-you' AND i.shown_at >= %(since)s AND i.shown_at < %(until)s
    AND i.reason ->> 'kind' IN ('explore', 'new-voice')
), compared AS (
  SELECT id, kind, false AS beside FROM special
  UNION SELECT n.id, s.kind, true FROM special s JOIN feed_impression n ON n.request_id = s.request_id
    AND n.position BETWEEN s.position - %(near)s AND s.position + %(near)s
    AND coalesce(n.reason ->> 'kind', '') NOT IN ('explore', 'new-voice')
)
SELECT c.kind, c.beside, count(*), count(*) FILTER (WHERE EXISTS (
  SELECT 1 FROM feed_outcome o WHERE o.impression_id = c.id AND o.kind = ANY(%(positive)s)))
FROM compared c GROUP BY c.kind, c.beside
"""  # noqa: S608 - put together from constants


def exploration_cost(days: int = 28, now: datetime | None = None) -> ExplorationCost:
    """Positive rates of the last `days` at explored places and new voices, and at the ranked places beside them."""
    now = now or timezone.now()
    span = {"since": now - timedelta(days=days), "until": now, "robots": known_robots()}
    asked = {**span, "near": NEIGHBOURS, "positive": list(POSITIVE)}
    found = {(kind, beside): Rate(shown, answered) for kind, beside, shown, answered in rows(_COST, asked)}
    nothing = Rate(0, 0)
    return ExplorationCost(
        found.get(("explore", False), nothing),
        found.get(("explore", True), nothing),
        found.get(("new-voice", False), nothing),
        found.get(("new-voice", True), nothing),
    )


UNKNOWN_RATE, UNKNOWN_WEIGHT = 0.05, 20  # what a site without figures is taken to answer, worth so many impressions
# (impressions, answered) of the last two weeks, from the daily figures: one value, to stand in another statement.
USUAL: Final = """(SELECT ARRAY[coalesce(sum(impressions), 0), coalesce(sum((counts ->> 'positive')::bigint), 0)]
  FROM ml_onlinefigure WHERE day > current_date - 14)"""


def usual_response(shown: float, answered: float) -> float:
    """The share of impressions that are answered on a site where `answered` of `shown` were, smoothed: 0 to 1."""
    return (answered + UNKNOWN_RATE * UNKNOWN_WEIGHT) / (shown + UNKNOWN_WEIGHT)
