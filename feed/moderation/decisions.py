"""Decisions of moderators, one or many at once, each through the verbs, each logged, and each able to be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction

from accounts.audit import log
from accounts.models import User
from feed import actions
from feed.models import Label, Post, Report

HIDE_TOO = "uphold_hide"
DECISIONS = {
    "uphold": Report.State.UPHELD,
    HIDE_TOO: Report.State.UPHELD,
    "dismiss": Report.State.DISMISSED,
    "reopen": Report.State.OPEN,
}
TREATMENTS = {"hide": Label.HIDDEN, "cover": Label.COVERED}


@dataclass
class Undo:
    """What a decision touched, as ids, so that it fits in a session and one click takes it back."""

    reports: dict[str, str] = field(default_factory=dict)  # report id -> the state it had
    placed: list[int] = field(default_factory=list)  # labels to lift again
    lifted: list[int] = field(default_factory=list)  # labels to place again

    def __bool__(self) -> bool:
        return bool(self.reports or self.placed or self.lifted)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@transaction.atomic
def decide(moderator: User, reports: Iterable[Report], decision: str, reason: str = "") -> Undo:
    """Decide reports; `decision` is a key of `DECISIONS`, another raises `KeyError`.

    Those already so, and those withdrawn, are left alone.
    """
    state = DECISIONS[decision]
    undo = Undo()
    ids = [report.pk for report in reports]
    rows = Report.objects.select_for_update(of=("self",)).select_related("post").filter(pk__in=ids)
    for report in rows.exclude(state=Report.State.WITHDRAWN).order_by("pk"):
        if decision == HIDE_TOO and report.post is not None:
            undo.placed += _place(moderator, [report.post], Label.HIDDEN, reason or report.get_reason_display())
        if report.state == state:
            continue
        undo.reports[str(report.pk)] = report.state
        actions.handle_report(moderator, report, state)
        log(moderator, [report], f"{decision}: {reason}" if reason else decision)
    return undo


@transaction.atomic
def place(moderator: User, posts: Iterable[Post], treatment: str, reason: str) -> Undo:
    """Hide or cover posts, for a reason that people can be told."""
    return Undo(placed=_place(moderator, posts, TREATMENTS[treatment], reason))


def _place(moderator: User, posts: Iterable[Post], name: str, reason: str) -> list[int]:
    """Ids of the labels that are new: a post that bears the label already is left as it is."""
    placed = []
    for post in posts:
        if Label.objects.in_force().filter(post=post, name=name).exists():
            continue
        placed.append(actions.label(post, name, placed_by=moderator, reason=reason).pk)
        log(moderator, [post], f"{name}: {reason}" if reason else name)
    return placed


@transaction.atomic
def lift(moderator: User, labels: Iterable[Label]) -> Undo:
    """Lift labels that are in force, whoever or whatever placed them."""
    undo = Undo()
    for row in labels:
        if row.lifted_at is None:
            actions.lift_label(moderator, row)
            log(moderator, [row.post], f"lifted: {row.name}")
            undo.lifted.append(row.pk)
    return undo


@transaction.atomic
def take_back(moderator: User, what: dict[str, Any]) -> int:
    """Undo a decision. Returns how many things were put back; what somebody else changed since then is left alone."""
    undo = Undo(**what)
    changed = 0
    for report in Report.objects.filter(pk__in=undo.reports, handled_by=moderator):
        actions.handle_report(moderator, report, undo.reports[str(report.pk)])
        log(moderator, [report], "undone")
        changed += 1
    changed += len(lift(moderator, _labels(undo.placed)).lifted)
    for row in _labels(undo.lifted):
        if row.lifted_at is not None:
            changed += len(_place(moderator, [row.post], row.name, row.reason))
    return changed


def _labels(ids: Sequence[int]) -> list[Label]:
    return list(Label.objects.filter(pk__in=ids).select_related("post"))
