"""A version's card as staff read it: its figures beside those of its rivals, each act, privacy; then all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.admin.base import table, when
from ml.models import ModelVersion
from ml.watching.names import act

ORDER: Final = ("ndcg10", "mrr", "coverage", "diversity", "novelty")
MOMENTS: Final = ("from", "to")  # seconds since 1970, wherever they stand on a card


def figures(card: Mapping[str, Any]) -> SafeString | str:
    """The order of held-out requests by this version and by its rivals."""
    test = (card.get("metrics") or {}).get("test") or {}
    if not any(name in test for name in ORDER):
        return _("Not measured.")
    heads = ["", "nDCG@10", "MRR", _("Coverage"), _("Diversity"), _("Novelty")]
    names = {
        "serving": _("The version serving then"),
        "recipe": _("The hand-set recipe"),
        "newest": _("Newest first"),
        "popular": _("Most popular"),
        "as_shown": _("As shown"),
    }
    rivals = card.get("rivals") or {}
    rows = [(_("This version"), test), *((names.get(name, name), told) for name, told in rivals.items() if told)]
    return _table(heads, ([name, *(_number(told.get(figure)) for figure in ORDER)] for name, told in rows))


def acts(card: Mapping[str, Any]) -> SafeString | str:
    """What is foretold of each act, on held-out days."""
    heads = ((card.get("metrics") or {}).get("test") or {}).get("heads") or {}
    if not heads:
        return _("Not measured.")
    columns = ("positives", "auc", "calibration_error")
    names = [_("Act"), _("Times done"), "AUC", _("Calibration error")]
    return _table(
        names, ([act(head), *(_number(told.get(column)) for column in columns)] for head, told in heads.items())
    )


def privacy(card: Mapping[str, Any]) -> SafeString | str:
    """What was promised, and what it cost in AUC."""
    told = card.get("privacy")
    if not told:
        return _("Trained without differential privacy.")
    promised = _("Trained with differential privacy for each person: epsilon %(epsilon)s, delta %(delta)s.") % {
        "epsilon": f"{told['epsilon']:.2f}",
        "delta": f"{told['delta']:.12f}".rstrip("0"),
    }
    cost = told.get("cost")
    if not cost:
        unknown = _("What it cost was not measured: the night went on from one that was stopped.")
        return format_html("<p>{}</p><p>{}</p>", promised, unknown)
    rows = (
        [act(head), _number(cost["auc_without"][head]), _number(cost["auc"][head]), f"{-lost:+.3f}"]
        for head, lost in cost["auc_lost"].items()
    )
    named = _("What it cost: AUC on held-out days, beside the same net trained on the same rows without noise")
    compared = _table([_("Act"), _("Without noise"), _("Private"), _("Difference")], rows)
    return format_html("<p>{}</p><p>{}</p>{}", promised, named, compared)


def whole(version: ModelVersion) -> SafeString:
    """Everything on the card, folded: it is long."""
    return format_html(
        '<details><summary>{}</summary><div class="wide" tabindex="0" role="region" aria-label="{}">{}</div></details>',
        _("Everything on the card"),
        _("Everything on the card"),
        table(_dated(version.card)),
    )


def _dated(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {inner: _dated(told, inner) for inner, told in value.items()}
    if name in MOMENTS and isinstance(value, int | float) and not isinstance(value, bool):
        return when(datetime.fromtimestamp(value, UTC))
    return value


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> SafeString:
    first = format_html_join("", '<th scope="col">{}</th>', ((head,) for head in heads))
    body = format_html_join(
        "",
        '<tr><th scope="row">{}</th>{}</tr>',
        ((name, format_html_join("", "<td>{}</td>", ((cell,) for cell in cells))) for name, *cells in rows),
    )
    return format_html(
        '<div class="wide"><table class="facts"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>', first, body
    )
