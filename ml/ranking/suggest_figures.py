"""How suggestions did, by kind and reason: how many were shown, their share, how many were taken. Keeps no person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Case, CharField, Count, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from feed.models import SuggestionImpression
from feed.timelines.suggestions import COLUMNS
from ml.ranking.rates import Rate

Answer = SuggestionImpression.Answer
_KIND: Final = Case(
    *(When(**{f"{column}__isnull": False}, then=Value(kind)) for kind, column in COLUMNS.items()),
    output_field=CharField(),
)


@dataclass(frozen=True)
class SuggestionFigure:
    """One line of a table, in words: `impressions` is how many were shown, `rate` the part followed or joined,
    `interval` its 95 % interval, `share` the part of what was shown of that kind, `refused` how many were refused."""

    name: str
    impressions: int
    rate: str
    interval: str
    share: str
    refused: int


@dataclass(frozen=True)
class Sums:
    shown: int
    accepted: int
    dismissed: int


def suggestion_figures(days: int = 7) -> list[SuggestionFigure]:
    """A line for each kind, then one for each of its reasons, those shown most first; one query.

    Only of people whose answers are stored: of the others nobody knows what they did.
    """
    found = sums(days)
    lines = []
    for kind in COLUMNS:
        rows = [(row, reason) for (of, reason), row in found.items() if of == kind]
        rows.sort(key=lambda one: (-one[0].shown, one[1]))
        whole = Sums(*(sum(getattr(row, name) for row, _reason in rows) for name in ("shown", "accepted", "dismissed")))
        if whole.shown:
            lines.append(_line(_kinds()[kind], whole, whole))
            lines += [_line(f"{_kinds()[kind]}: {_reasons().get(reason, reason)}", row, whole) for row, reason in rows]
    return lines


def sums(days: int) -> dict[tuple[str, str], Sums]:
    """By (kind, reason)."""
    shown = SuggestionImpression.objects.filter(
        shown_at__gt=timezone.now() - timedelta(days=days), person__consent__behaviour=True
    )
    found: dict[tuple[str, str], Sums] = {}
    for row in (
        shown.annotate(kind=_KIND)
        .values("kind", "reason")
        .annotate(
            shown=Count("pk"),
            accepted=Count("pk", filter=Q(answer=Answer.ACCEPTED)),
            dismissed=Count("pk", filter=Q(answer=Answer.DISMISSED)),
        )
    ):
        found[row["kind"], row["reason"]] = Sums(row["shown"], row["accepted"], row["dismissed"])
    return found


def _line(name: str, row: Sums, whole: Sums) -> SuggestionFigure:
    rate = Rate(row.shown, row.accepted)
    low, high = rate.interval
    return SuggestionFigure(
        name,
        row.shown,
        f"{100 * (rate.value or 0):.1f} %",
        f"{100 * low:.1f} – {100 * high:.1f} %",
        f"{100 * row.shown / whole.shown:.1f} %",
        row.dismissed,
    )


def _kinds() -> dict[str, str]:
    return {"people": _("People"), "topics": _("Topics"), "groups": _("Groups")}


def _reasons() -> dict[str, str]:
    return {
        "follows-you": _("follow them already"),
        "friends": _("followed by people they follow"),
        "their-posts": _("whose posts they liked"),
        "alike": _("like the same posts"),
        "interest": _("write near an interest"),
        "writes": _("write about a topic of theirs"),
        "group": _("in a group of theirs"),
        "popular": _("popular"),
        "liked": _("liked"),
        "friends-write": _("people they follow write about it"),
        "your-group": _("a group of theirs is about it"),
        "members": _("people they follow are in it"),
        "liked-posts": _("posts from it were liked"),
        "topic-followed": _("about a followed topic"),
        "topic-liked": _("about a liked topic"),
    }
