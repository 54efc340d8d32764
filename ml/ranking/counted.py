"""Whose views count in a rate: people whose answers are stored, since they are, and no bots. Knows no page.

Of others no answer is ever stored: their views would count as passed over, and every rate would be too low.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from time import monotonic
from typing import Final

from django.core.cache import cache

from ml.ranking.sql import rows

SURFACE: Final = "for-you"
BOT_SHOWN: Final = 50  # from so many impressions on …
BOT_SHARE: Final = 0.9  # … nobody likes more than this share of what they are shown
ACTS_A_MINUTE: Final = 30  # nor acts more often than this
LOOKED_BACK: Final = timedelta(days=14)  # for bots, before the end of what is counted
KEPT_SECONDS: Final = 24 * 60 * 60  # by all processes; looked for anew every hour
READ_EVERY_SECONDS: Final = 60  # by each process

# (person_id, since), for statements that go through many impressions. A consent without a recorded change always stood.
PEOPLE: Final = """SELECT c.person_id, coalesce((SELECT max(h.at) FROM accounts_consentchange h
    WHERE h.person_id = c.person_id AND h.switch = 'behaviour' AND h.given), '-infinity') AS since
  FROM accounts_consent c WHERE c.behaviour AND c.person_id <> ALL(%(robots)s::bigint[])"""

# The same of an impression `i`, for statements that look at few. No consent changed after its `decided_at`: nearly all
# are spared the look at its changes.
COUNTS: Final = """i.person_id <> ALL(%(robots)s::bigint[]) AND EXISTS (SELECT FROM accounts_consent c
  WHERE c.person_id = i.person_id AND c.behaviour AND (c.decided_at <= i.shown_at OR NOT EXISTS (
    SELECT FROM accounts_consentchange h WHERE h.person_id = i.person_id AND h.at > i.shown_at
      AND h.switch = 'behaviour' AND h.given)))"""

_ROBOTS: Final = """
SELECT i.person_id FROM feed_impression i
  LEFT JOIN feed_outcome o ON o.impression_id = i.id AND o.kind = 'like'
  WHERE i.surface = %(surface)s AND i.shown_at >= %(since)s AND i.shown_at < %(until)s
  GROUP BY i.person_id HAVING count(*) >= %(shown)s AND count(o.id) > %(share)s * count(*)
UNION
SELECT i.person_id FROM feed_outcome o JOIN feed_impression i ON i.id = o.impression_id
  WHERE i.surface = %(surface)s AND i.shown_at >= %(since)s AND i.shown_at < %(until)s
    AND o.kind NOT IN ('open', 'link')
  GROUP BY i.person_id, date_trunc('minute', o.at) HAVING count(*) > %(acts)s
"""


def robots(since: datetime, until: datetime) -> set[int]:
    """Who likes nearly everything they are shown, or acts faster than anyone reads."""
    facts = {"since": since, "until": until, "surface": SURFACE}
    limits = {"shown": BOT_SHOWN, "share": BOT_SHARE, "acts": ACTS_A_MINUTE}
    return {person for (person,) in rows(_ROBOTS, {**facts, **limits})}


def robots_until(until: datetime) -> list[int]:
    """Those of the two weeks before `until`."""
    return sorted(robots(until - LOOKED_BACK, until))


def note_robots(now: datetime) -> None:
    """Look for bots, and keep them for statements that have no time to look."""
    cache.set("robots", robots_until(now + timedelta(minutes=1)), KEPT_SECONDS)


def known_robots() -> list[int]:
    """As noted last; none where nothing is noted. Costs nothing but once a minute."""
    return _known(int(monotonic() // READ_EVERY_SECONDS))


@lru_cache(maxsize=1)
def _known(_period: int) -> list[int]:
    found: list[int] = cache.get("robots") or []
    return found


def forget() -> None:
    _known.cache_clear()
