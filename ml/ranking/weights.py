"""The one table that turns chances of acts into a score, with its history. Knows no model, no post and no person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from time import monotonic
from typing import Any, Final

import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ml.models import HeadWeights
from ml.ranking.heads import HEADS

# Begun from the weights X published in 2026 (like 0.5, answer 5, follow 4, click 0.4, not interested -43, block -31,
# mute -59), and moderated by trial on the demo town: a small site sees too few refusals to predict them well enough to
# multiply them by forty (docs/experiments.md).
DEFAULT: Final[dict[str, float]] = {
    "like": 1.0,
    "comment": 2.0,
    "repost": 1.0,
    "bookmark": 1.0,
    "follow": 2.0,
    "open": 1.0,
    "dwell": 1.0,
    "not_interested": -3.0,
    "reject": -6.0,
}
MOST: Final = 1000.0
CACHED_SECONDS: Final = 2.0
log = structlog.get_logger(__name__)
_table: tuple[dict[str, float], float] = ({}, float("-inf"))


def current() -> Mapping[str, float]:
    """The weight of every head that rules now. Remembered for two seconds a process."""
    global _table
    weights, until = _table
    if monotonic() > until:
        weights = at(None)
        _table = (weights, monotonic() + CACHED_SECONDS)
    return weights


def at(moment: datetime | None) -> dict[str, float]:
    """The weights that ruled at a moment, None for now. A row that makes no sense is passed over, and logged."""
    rows = HeadWeights.objects.order_by("-at", "-pk")
    for row in rows.filter(at__lte=moment)[:5] if moment else rows[:5]:
        try:
            return checked(row.weights)
        except ValidationError as error:
            log.error("head_weights_make_no_sense", row=row.pk, why=error.messages)
    return dict(DEFAULT)


def checked(given: Mapping[str, Any]) -> dict[str, float]:
    """A weight for every head, in their order. Raises `ValidationError` by head: unknown, missing, no finite number, or
    beyond 1000 either way."""
    wrong: dict[str, str] = {}
    weights: dict[str, float] = {}
    for head in HEADS:
        value = given.get(head) if isinstance(given, Mapping) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or abs(value) > MOST:
            wrong[head] = _("Give a number between -1000 and 1000.")
        else:
            weights[head] = float(value)
    unknown = sorted(set(given) - set(HEADS)) if isinstance(given, Mapping) else []
    if unknown:
        wrong["__all__"] = _("There is no such act: %(names)s.") % {"names": ", ".join(map(str, unknown))}
    if wrong:
        raise ValidationError(wrong)
    return weights


def change(by: Any, weights: Mapping[str, Any], note: str = "") -> HeadWeights:
    """Let a new table rule; the old ones stay as history. Raises `PermissionDenied`, `ValidationError`."""
    if by is not None and not by.has_perm("ml.add_headweights"):
        raise PermissionDenied(_("Only administrators can do this."))
    if len(note) > 300:
        raise ValidationError({"note": _("A note can have at most 300 characters.")})
    row = HeadWeights.objects.create(weights=checked(weights), note=note.strip(), by=by, at=timezone.now())
    forget()
    transaction.on_commit(forget)
    log.info("head_weights_changed", row=row.pk, weights=row.weights)
    return row


def put_back(by: Any, row: HeadWeights) -> HeadWeights:
    """Let an earlier table rule again, as a new row."""
    note = _("As of %(moment)s again.") % {"moment": timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M")}
    return change(by, row.weights, note)


def forget() -> None:
    """Ask the database again at the next question."""
    global _table
    _table = ({}, float("-inf"))


def words() -> dict[str, tuple[str, str]]:
    """For every head what it predicts, and what its weight means, in the active language."""
    return {
        "like": (_("Chance that you like it"), _("The everyday sign that a post was welcome.")),
        "comment": (_("Chance that you answer it"), _("An answer takes effort and starts a conversation.")),
        "repost": (_("Chance that you repost or quote it"), _("You think that others should see it.")),
        "bookmark": (_("Chance that you keep it"), _("You want to come back to it.")),
        "follow": (_("Chance that you follow its author"), _("You want to hear more from this person.")),
        "open": (_("Chance that you open it"), _("Learned only from people who allow it.")),
        "dwell": (_("Chance that you read it to the end"), _("Learned only from people who let reading be timed.")),
        "not_interested": (_("Chance that you say “not interested”"), _("Rare, so each unit of it counts for much.")),
        "reject": (
            _("Chance that you hide, mute, block or report"),
            _("The strongest no there is; even a small chance keeps a post away."),
        ),
    }
