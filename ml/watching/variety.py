"""How concentrated a feed is: entropy over topics and authors, week by week. Of others it tells a median, nobody's own.

An entropy H is told as the number of equal shares that have it, 2^H (Hill number of order 1; Hill 1973): "as if seven
topics shared the page equally".
"""

# ruff: noqa: S608 - statements are put together from constants of this file; what a person gave travels as parameters
from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal

from django.core.cache import cache
from django.utils import timezone

from ml.ranking.sql import rows

WEEKS: Final = 8
LEAST: Final = {"shown": 20, "liked": 5}  # posts a week below which a week has no figure
LEAST_PEOPLE: Final = 5  # whose figures make a median
SAMPLE: Final = 300  # people whose weeks are looked at for it
KEPT_SECONDS: Final = 60 * 60
Did = Literal["shown", "liked"]
Of = Literal["topic", "author"]
Series = list[float | None]  # one value a week, the oldest first

_WEEK = "floor(extract(epoch FROM %(now)s - {at}) / 604800)::int"
_POSTS: Final = {
    "shown": f"""SELECT DISTINCT person_id, {_WEEK.format(at="shown_at")} AS week, post_id FROM feed_impression
      WHERE person_id = ANY(%(people)s) AND surface = 'for-you' AND shown_at > %(since)s AND shown_at <= %(now)s""",
    "liked": f"""SELECT person_id, {_WEEK.format(at="created_at")} AS week, post_id FROM feed_like
      WHERE person_id = ANY(%(people)s) AND created_at > %(since)s AND created_at <= %(now)s""",
}
_COUNTED: Final = """
  SELECT s.person_id, s.week, 'author' AS of, p.author_id AS what, count(*)::float8 AS n
  FROM seen s JOIN feed_post p ON p.id = s.post_id GROUP BY 1, 2, 4
  UNION ALL
  SELECT s.person_id, s.week, 'topic', coalesce(t.alias_of_id, t.id), count(DISTINCT s.post_id)::float8
  FROM seen s JOIN feed_posttopic c ON c.post_id = s.post_id JOIN feed_topic t ON t.id = c.topic_id GROUP BY 1, 2, 4
"""
_EFFECTIVE: Final = """
WITH seen AS ({posts}), counted AS ({counted})
SELECT c.person_id, c.week, c.of, exp(ln(sum(n)) - sum(n * ln(n)) / sum(n)) FROM counted c
WHERE (SELECT count(*) FROM seen s WHERE s.person_id = c.person_id AND s.week = c.week) >= %(least)s
GROUP BY 1, 2, 3
"""
_LARGEST: Final = """
WITH seen AS ({posts}), counted AS ({counted})
SELECT of, what, sum(n) / (SELECT count(*) FROM seen) FROM counted GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT 60
"""
_PEOPLE: Final = """
SELECT u.id FROM accounts_user u JOIN accounts_consent c ON c.person_id = u.id AND c.behaviour WHERE u.is_active
  AND EXISTS (SELECT 1 FROM feed_impression i WHERE i.person_id = u.id AND i.shown_at > %(since)s)
ORDER BY hashint8extended(u.id, %(seed)s) LIMIT %(sample)s
"""


@dataclass(frozen=True)
class Share:
    """A topic or an author (`what` is its id) and its share of the posts, 0 to 1."""

    what: int
    share: float


def effective(counts: Sequence[float]) -> float:
    """2^H of the shares of `counts`: between 1 and how many there are; 0 for none."""
    from math import exp, log

    total = sum(counts)
    return exp(log(total) - sum(n * log(n) for n in counts if n > 0) / total) if total > 0 else 0.0


def of_person(person_id: int, did: Did, now: datetime | None = None) -> dict[Of, Series]:
    """Effective numbers of one person, week by week; None where too few posts were shown or liked. One query."""
    found = _figures([person_id], did, now or timezone.now())
    return {of: [found.get((person_id, week, of)) for week in reversed(range(WEEKS))] for of in ("topic", "author")}


def of_site(now: datetime | None = None) -> dict[Of, Series]:
    """The median of what was shown to people who let the site learn, kept for an hour; None below LEAST_PEOPLE."""
    kept: dict[Of, Series] | None = cache.get("variety:site")
    if kept is None:
        kept = _medians(now or timezone.now())
        cache.set("variety:site", kept, KEPT_SECONDS)
    return kept


def _medians(now: datetime) -> dict[Of, Series]:
    since = now - timedelta(weeks=WEEKS)
    asked = {"since": since, "seed": now.toordinal(), "sample": SAMPLE}
    people = [row[0] for row in rows(_PEOPLE, asked)]
    values: dict[tuple[int, Of], list[float]] = defaultdict(list)
    for (_person, week, of), value in _figures(people, "shown", now).items():
        values[week, of].append(value)

    def middle(week: int, of: Of) -> float | None:
        known = values[week, of]
        return round(median(known), 1) if len(known) >= LEAST_PEOPLE else None

    return {of: [middle(week, of) for week in reversed(range(WEEKS))] for of in ("topic", "author")}


def _figures(people: list[int], did: Did, now: datetime) -> dict[tuple[int, int, Of], float]:
    """(person, weeks ago, of what) -> effective number."""
    if not people:
        return {}
    statement = _EFFECTIVE.format(posts=_POSTS[did], counted=_COUNTED)
    found = rows(statement, {**_asked(people, now), "least": LEAST[did]})
    return {(person, week, of): float(value) for person, week, of, value in found}


def largest(person_id: int, did: Did = "shown", weeks: int = 4, now: datetime | None = None) -> dict[Of, list[Share]]:
    """The topics and authors with the largest shares of the last weeks, largest first, five each at most. One query."""
    statement = _LARGEST.format(posts=_POSTS[did], counted=_COUNTED)
    asked = _asked([person_id], now or timezone.now(), weeks)
    found: dict[Of, list[Share]] = {"topic": [], "author": []}
    for of, what, share in rows(statement, asked):
        if len(found[of]) < 5:
            found[of].append(Share(what, float(share)))
    return found


def _asked(people: list[int], now: datetime, weeks: int = WEEKS) -> dict[str, object]:
    return {"people": people, "now": now, "since": now - timedelta(weeks=weeks)}
