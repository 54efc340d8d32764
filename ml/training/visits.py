"""A post that somebody met several times within one visit is one row to learn from, not several. Knows no dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

from ml.ranking.viewer import VISIT
from ml.training.people import WITH_NUMBERS, Span

READ_AT_ONCE: Final = 20_000

# A page loaded again within half an hour shows the same posts under another request: the next visit begins where a post
# was not seen for longer.
_TWINS = f"""
WITH shown AS (
  SELECT i.id, i.person_id, i.post_id, i.shown_at, i.shown_at - lag(i.shown_at) OVER again <= %(visit)s AS same_visit
  FROM feed_impression i WHERE i.surface = %(surface)s AND i.shown_at >= %(since)s AND i.shown_at < %(until)s
    AND i.person_id = ANY(%(people)s::bigint[]) AND {WITH_NUMBERS}
  WINDOW again AS (PARTITION BY i.person_id, i.post_id ORDER BY i.shown_at, i.id)
), visits AS (
  SELECT *, count(*) FILTER (WHERE same_visit IS NOT TRUE)
              OVER (PARTITION BY person_id, post_id ORDER BY shown_at, id) AS visit FROM shown
), several AS (
  SELECT array_agg(id ORDER BY shown_at, id) AS ids FROM visits GROUP BY person_id, post_id, visit HAVING count(*) > 1
)
SELECT ids, ARRAY(SELECT DISTINCT o.impression_id FROM feed_outcome o WHERE o.impression_id = ANY(ids)),
       ARRAY(SELECT DISTINCT o.kind FROM feed_outcome o WHERE o.impression_id = ANY(ids)),
       (SELECT sum(i.read_ms)::bigint FROM feed_impression i WHERE i.id = ANY(ids))
FROM several
"""  # noqa: S608 - put together from constants


@dataclass(frozen=True)
class Twins:
    """Impressions that another one stands for, and what was done and read in all of those that it stands for."""

    dropped: frozenset[int] = frozenset()
    kinds: Mapping[int, list[str]] = field(default_factory=dict)
    read_ms: Mapping[int, int | None] = field(default_factory=dict)


def twins(span: Span, people: Sequence[int]) -> Twins:
    """Of each visit's impressions of one post, the first that was answered is kept, else the last: an act joins one
    of them only, and its twins would say that the post was passed."""
    dropped: set[int] = set()
    kinds: dict[int, list[str]] = {}
    read: dict[int, int | None] = {}
    with connection.chunked_cursor() as cursor:
        facts: dict[str, Any] = {**span.facts, "people": list(people), "visit": VISIT}
        cursor.execute(_TWINS, facts)
        while found := cursor.fetchmany(READ_AT_ONCE):
            for ids, answered, done, ms in found:
                kept = next((one for one in ids if one in answered), ids[-1])
                dropped.update(one for one in ids if one != kept)
                kinds[kept], read[kept] = done, ms
    return Twins(frozenset(dropped), kinds, read)
