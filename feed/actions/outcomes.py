"""What people did about what they were shown, each act joined to the impression that led to it. It knows no model.

Nothing is written without the person's consent: `behaviour` for everything, `opens` besides for what was opened,
`reading_time` for how long was read. The consent is checked, and held still, by the statement that writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Consent, User
from feed.models import Impression, Outcome, SuggestionImpression

AFTER_POST: Final = timedelta(hours=24)  # an act on a post follows from its latest impression within this time
AFTER_AUTHOR: Final = timedelta(minutes=30)  # an act on a person, from the latest impression of a post of theirs
SKEW: Final = timedelta(minutes=5)  # clocks of several machines differ
OPENED: Final = (Outcome.Kind.OPEN, Outcome.Kind.LINK)  # kept only of people who let the site learn from what they open
LONGEST_READ_MS: Final = 10 * 60 * 1000  # a page left open is not read for longer
MANY: Final = 100  # impressions told of at once

_named: ContextVar[int] = ContextVar("impression_named", default=0)


@contextmanager
def coming_from(impression_id: int) -> Iterator[None]:
    """Acts within follow from this impression, where it is one of the same person and post; 0 names none."""
    token = _named.set(impression_id)
    try:
        yield
    finally:
        _named.reset(token)


def named() -> int:
    """The impression that the request in hand came from, as it claims; 0 for none."""
    return _named.get()


# The locks keep a withdrawal of consent, and the night's deletions, from passing between the check and the insert.
_NOTE = """
INSERT INTO feed_outcome (impression_id, kind, at)
SELECT shown.id, %(kind)s, %(at)s FROM (
  SELECT i.id FROM feed_impression i
  JOIN feed_post p ON p.id = i.post_id JOIN accounts_consent c ON c.person_id = i.person_id
  WHERE i.person_id = %(person)s AND c.behaviour AND (c.opens OR NOT %(opened)s) AND {about}
    AND (i.id = %(named)s OR (i.shown_at > %(since)s AND i.shown_at < %(until)s))
  ORDER BY i.id = %(named)s DESC, i.shown_at DESC, i.id DESC LIMIT 1
  FOR SHARE OF c FOR KEY SHARE OF i
) AS shown ON CONFLICT (impression_id, kind) DO NOTHING
"""
_NOTE_POST = _NOTE.format(about="i.post_id = %(about)s")
# Muting again to change the end, from another card, is not a second mute.
_NOTE_AUTHOR = _NOTE.format(
    about="""p.author_id = %(about)s AND NOT EXISTS (
      SELECT FROM feed_outcome o JOIN feed_impression oi ON oi.id = o.impression_id
      JOIN feed_post op ON op.id = oi.post_id
      WHERE oi.person_id = %(person)s AND op.author_id = %(about)s AND o.kind = %(kind)s AND o.at > %(since)s)"""
)
_NOTE_LINKS = """
INSERT INTO feed_outcome (impression_id, kind, at)
SELECT shown.id, 'link', %(at)s FROM (
  SELECT i.id FROM feed_impression i JOIN accounts_consent c ON c.person_id = i.person_id
  WHERE i.person_id = %(person)s AND i.id = ANY(%(ids)s) AND c.behaviour AND c.opens
  ORDER BY i.id FOR SHARE OF c FOR KEY SHARE OF i
) AS shown ON CONFLICT (impression_id, kind) DO NOTHING
"""


def note(person_id: int, post_id: int, kind: str, *, at: datetime | None = None) -> bool:
    """Store that the person did this about the post, one statement; whether anything new was stored.

    It belongs to the impression named by `coming_from`, if it is theirs and of this post, else to their latest one of
    the post in the 24 hours before `at` (now). Nothing is stored without an impression, or without consent.
    """
    return _note(_NOTE_POST, person_id, post_id, kind, AFTER_POST, at)


def note_author(person_id: int, author_id: int, kind: str) -> bool:
    """The same for an act on an author: the impression named, or the latest of a post of theirs within 30 minutes."""
    return _note(_NOTE_AUTHOR, person_id, author_id, kind, AFTER_AUTHOR, None)


def _note(sql: str, person_id: int, about: int, kind: str, reach: timedelta, at: datetime | None) -> bool:
    at = at or timezone.now()
    facts = {"person": person_id, "about": about, "kind": str(kind), "named": named(), "opened": kind in OPENED}
    return _write(sql, {**facts, "at": at, "since": at - reach, "until": at + SKEW}) > 0


def note_links(person: User, impression_ids: Collection[int]) -> int:
    """Links in the texts of these posts were opened; ids that are not of the person's own impressions are left out."""
    ids = [pk for pk in impression_ids if 0 < pk < 2**63][:MANY]
    return _write(_NOTE_LINKS, {"person": person.pk, "ids": ids, "at": timezone.now()}) if ids else 0


def _write(sql: str, facts: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, facts)
        return int(cursor.rowcount)


def forget(person_id: int, post_id: int, kind: str) -> int:
    """The act was undone: delete its outcome."""
    return Outcome.objects.filter(impression__person=person_id, impression__post=post_id, kind=kind).delete()[0]


def forget_author(person_id: int, author_id: int, kind: str) -> int:
    theirs = Outcome.objects.filter(impression__person=person_id, impression__post__author=author_id)
    return theirs.filter(kind=kind).delete()[0]


@transaction.atomic
def note_reading(person: User, times: dict[int, int]) -> int:
    """Add milliseconds to the person's own impressions (id to time). Nothing is kept without their consent."""
    wanted = sorted(pk for pk in times if 0 < pk < 2**63)[:MANY]
    allowed = Consent.objects.select_for_update(no_key=True).filter(person=person, behaviour=True, reading_time=True)
    if not wanted or allowed.first() is None:
        return 0
    rows = list(Impression.objects.select_for_update(no_key=True).filter(person=person, pk__in=wanted).order_by("pk"))
    for row in rows:
        row.read_ms = min((row.read_ms or 0) + max(times[row.pk], 0), LONGEST_READ_MS)
    Impression.objects.bulk_update(rows, ["read_ms"])
    return len(rows)


def withdraw_consent(person_id: int, switch: str) -> None:
    """Delete what was stored by a consent that is withdrawn: `behaviour` all of it, the others their part."""
    outcomes = Outcome.objects.filter(impression__person=person_id)
    if switch == "behaviour":
        outcomes.delete()
        SuggestionImpression.objects.filter(person=person_id).exclude(answer="").update(answer="")
    elif switch == "opens":
        outcomes.filter(kind__in=OPENED).delete()
    if switch in ("behaviour", "reading_time"):
        Impression.objects.filter(person=person_id, read_ms__isnull=False).update(read_ms=None)


def sweep() -> int:
    """Delete whatever stands without consent, whoever put it there: the night's second look. Returns how many rows."""
    everything = Q(impression__person__consent__behaviour=False)
    opened = Q(impression__person__consent__opens=False, kind__in=OPENED)
    refused = Q(person__consent__behaviour=False) | Q(person__consent__reading_time=False)
    gone = Outcome.objects.filter(everything | opened).delete()[0]
    answers = SuggestionImpression.objects.filter(person__consent__behaviour=False).exclude(answer="")
    gone += answers.update(answer="")
    return gone + Impression.objects.filter(refused, read_ms__isnull=False).update(read_ms=None)
