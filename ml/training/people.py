"""Whose rows a night may learn from, from when on, and who is left out because no person acts so. Knows no post."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from feed.actions.outcomes import SKEW
from ml.ranking.counted import SURFACE, robots
from ml.ranking.sql import rows

TOLERANCE: Final = SKEW  # clocks of several machines may differ by so much, when acts are stored and when they teach
# What was shown without having been scored (the arm of an experiment in the order of Following, a stage that failed)
# has no numbers to learn from, and nothing that a hand-set order could be told by.
WITH_NUMBERS: Final = "i.features <> '{}'"
AUTHOR_SHARE: Final = 0.05  # of all rows may be about one author's posts before they weigh less …
AUTHOR_TIMES: Final = 3.0  # … but on a site of few authors, so many times an equal share
ALWAYS, NEVER = float("-inf"), float("inf")


@dataclass(frozen=True)
class Span:
    """Impressions shown from `since` until `until`; what is later is of a clock that runs ahead."""

    since: datetime
    until: datetime

    @classmethod
    def of_days(cls, days: int, now: datetime) -> Span:
        return cls(now - timedelta(days=days), now + TOLERANCE)

    @property
    def facts(self) -> dict[str, object]:
        return {"since": self.since, "until": self.until, "surface": SURFACE}


@dataclass(frozen=True)
class Learned:
    """What one consenting person allowed, as unix seconds from which on it may count; infinity for never.

    Before the consent `behaviour` no outcome was stored, so a row from then would say "passed" where nobody looked.
    """

    rows_from: float
    opens_from: float
    reading_from: float
    reset_at: float  # of what was learned: acts and rows before it count for nothing


_PEOPLE = """
SELECT c.person_id, c.opens, c.reading_time, extract(epoch FROM l.reset_at)::float8,
  (SELECT extract(epoch FROM max(at))::float8 FROM accounts_consentchange
     WHERE person_id = c.person_id AND switch = 'behaviour' AND given),
  (SELECT extract(epoch FROM max(at))::float8 FROM accounts_consentchange
     WHERE person_id = c.person_id AND switch = 'opens' AND given),
  (SELECT extract(epoch FROM max(at))::float8 FROM accounts_consentchange
     WHERE person_id = c.person_id AND switch = 'reading_time' AND given)
FROM accounts_consent c JOIN accounts_user u ON u.id = c.person_id AND u.is_active
LEFT JOIN ml_learner l ON l.person_id = c.person_id WHERE c.training AND c.behaviour
"""


def consenting() -> dict[int, Learned]:
    """Who lets the site train with their acts, by person. A consent without a recorded change has always stood."""
    return {
        person: Learned(
            rows_from=behaviour or ALWAYS,
            opens_from=(opened or ALWAYS) if opens else NEVER,
            reading_from=(read or ALWAYS) if reading else NEVER,
            reset_at=reset or ALWAYS,
        )
        for person, opens, reading, reset, behaviour, opened, read in rows(_PEOPLE, {})
    }


def bots(span: Span) -> set[int]:
    """Who likes nearly everything they are shown, or acts faster than anyone reads."""
    return robots(span.since, span.until)


_AUTHORS = f"""
SELECT p.author_id, count(*) FROM feed_impression i JOIN feed_post p ON p.id = i.post_id AND p.deleted_at IS NULL
  WHERE i.surface = %(surface)s AND i.shown_at >= %(since)s AND i.shown_at < %(until)s AND {WITH_NUMBERS}
    AND i.person_id = ANY(%(people)s::bigint[]) GROUP BY p.author_id
"""  # noqa: S608 - put together from constants


def flooding(span: Span, people: list[int]) -> dict[int, float]:
    """Authors who fill more than their share of the rows, and the weight each of their rows has instead of 1: together
    they weigh as much as the largest share one author may have."""
    shown = dict(rows(_AUTHORS, {**span.facts, "people": people})) if people else {}
    if not shown:
        return {}
    counts = np.array(list(shown.values()), dtype=np.float64)
    most = max(AUTHOR_SHARE, AUTHOR_TIMES / len(counts)) * counts.sum()
    return {author: float(most / count) for author, count in shown.items() if count > most}


_COUNTS = f"""
SELECT count(*) FILTER (WHERE i.shown_at < %(until)s
                              AND NOT coalesce(c.training AND c.behaviour AND u.is_active, false)),
       count(*) FILTER (WHERE i.shown_at >= %(until)s),
       count(*) FILTER (WHERE i.shown_at < %(until)s AND i.person_id = ANY(%(bots)s::bigint[])
                              AND c.training AND c.behaviour AND u.is_active),
       count(*) FILTER (WHERE i.shown_at < %(until)s AND i.person_id <> ALL(%(bots)s::bigint[])
                              AND c.training AND c.behaviour AND u.is_active AND NOT {WITH_NUMBERS}),
       count(*)
FROM feed_impression i JOIN accounts_user u ON u.id = i.person_id
LEFT JOIN accounts_consent c ON c.person_id = i.person_id
WHERE i.surface = %(surface)s AND i.shown_at >= %(since)s
"""  # noqa: S608 - put together from constants


def counted_out(span: Span, left_out: set[int]) -> dict[str, int]:
    """Impressions that are not looked at: without consent, from a clock that runs ahead, of bots, without numbers; and
    all there are."""
    found = rows(_COUNTS, {**span.facts, "bots": sorted(left_out)})[0]
    names = ("by_consent", "from_the_future", "of_bots", "without_numbers", "impressions")
    return dict(zip(names, found, strict=True))
