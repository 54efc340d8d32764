"""Daily sums of what was shown and how it was answered, by version, arm, source and position. Keeps no person.

Only of people whose answers are stored, since they are, and of no bot: `ml.ranking.counted`.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from ml.models import OnlineFigure
from ml.ranking.counted import PEOPLE, robots_until
from ml.ranking.heads import LEAST_READ_MS, MOST_READ_MS, MS_A_CHARACTER
from ml.ranking.rates import POSITIVE, Rate

__all__ = ["BANDS", "NEGATIVE", "POSITIVE", "Rate", "rates", "sum_up"]

NEGATIVE: Final = ("not_interested", "fewer", "hide", "mute", "block", "report")
BANDS: Final = ((5, "1-5"), (20, "6-20"), (60, "21-60"), (10**6, "61+"))  # positions, counted from 1

_BAND = "CASE " + " ".join(f"WHEN i.position < {most} THEN '{name}'" for most, name in BANDS) + " END"

_SHOWN = f"""
WITH people AS ({PEOPLE})
SELECT i.model_version, i.bucket, i.source, {_BAND} AS band, o.kind, grouping(o.kind) = 1,
  count(DISTINCT i.id), count(DISTINCT i.id) FILTER (WHERE o.kind = ANY(%(positive)s)),
  count(DISTINCT i.id) FILTER (WHERE o.kind = ANY(%(negative)s)),
  count(DISTINCT i.id) FILTER (WHERE i.read_ms >= least(greatest({LEAST_READ_MS},
     {MS_A_CHARACTER} * char_length(p.text)), {MOST_READ_MS}))
FROM feed_impression i JOIN people w ON w.person_id = i.person_id AND i.shown_at >= w.since
  JOIN feed_post p ON p.id = i.post_id LEFT JOIN feed_outcome o ON o.impression_id = i.id
WHERE i.shown_at >= %(start)s AND i.shown_at < %(end)s AND i.surface = ANY(%(surfaces)s)
GROUP BY i.model_version, i.bucket, i.source, band, GROUPING SETS ((), (o.kind))
"""  # noqa: S608 - put together from constants of this file

SURFACES: Final = ["for-you"]


def sum_up(day: date) -> int:
    """Write the figures of a day anew (it may run twice); how many rows it has."""
    start = datetime.combine(day, time.min, tzinfo=UTC)
    asked: dict[str, Any] = {
        "start": start,
        "end": start + timedelta(days=1),
        "positive": list(POSITIVE),
        "negative": list(NEGATIVE),
        "surfaces": SURFACES,
        "robots": robots_until(start + timedelta(days=1)),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, asked)
        found = cursor.fetchall()
    with transaction.atomic():
        OnlineFigure.objects.filter(day=day).delete()
        made = OnlineFigure.objects.bulk_create(_figures(day, found))
    return len(made)


def _figures(day: date, found: list[tuple[Any, ...]]) -> list[OnlineFigure]:
    """One figure a group, from its row of totals and its rows by kind of outcome."""
    counts: dict[tuple[str, str, str, str], dict[str, int]] = defaultdict(dict)
    shown: dict[tuple[str, str, str, str], int] = {}
    for version, bucket, source, band, kind, total, impressions, positive, negative, read in found:
        group = (version, bucket, source, band)
        if total:
            shown[group] = impressions
            counts[group] |= {"positive": positive, "negative": negative, "read": read}
        elif kind is not None:
            counts[group][kind] = impressions
    return [
        OnlineFigure(
            day=day,
            version=version,
            bucket=bucket,
            source=source,
            band=band,
            impressions=number,
            counts={kind: count for kind, count in counts[(version, bucket, source, band)].items() if count},
        )
        for (version, bucket, source, band), number in shown.items()
    ]


def rates(figures: QuerySet[OnlineFigure], *by: str, answer: str = "positive") -> dict[tuple[Any, ...], Rate]:
    """Rates of one answer, by the named columns, in the order of those columns."""
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in figures.values(*by, "impressions", "counts"):
        total = sums[tuple(row[name] for name in by)]
        total[0] += row["impressions"]
        total[1] += row["counts"].get(answer, 0)
    return {group: Rate(*total) for group, total in sorted(sums.items())}
