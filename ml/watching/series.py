"""What is watched, as charts and tables in words. Reads sums and cards; knows no person and draws nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from feed.charts import MARKS, Lines, lines
from ml.models import DriftFigure, ModelVersion, OnlineFigure
from ml.ranking.rates import exploration_cost
from ml.watching import names
from ml.watching.online import BANDS, Rate, rates

VERSIONS: Final = 12  # newest versions in a chart
DAYS: Final = 30


@dataclass(frozen=True)
class Row:
    """One line of a table of rates: its name, how many impressions, the rate and its 95 % interval, in words."""

    name: str
    impressions: int
    rate: str
    interval: str


def offline() -> list[Lines]:
    """The measures of the newest ranker versions on their held-out days, from their cards, oldest first; none where no
    card has any."""
    rows = ModelVersion.objects.filter(kind=ModelVersion.Kind.RANKER, card__metrics__test__isnull=False)
    versions = list(rows.order_by("-created_at")[:VERSIONS])[::-1]
    if not versions:
        return []
    places = [date_format(version.created_at, "SHORT_DATE_FORMAT") for version in versions]
    tests = [version.card["metrics"]["test"] for version in versions]

    def chart(name: str, title: str, series: Mapping[str, Callable[[Any], Any]], **how: Any) -> Lines:
        drawn = {label: [_number(_tried(read, test)) for test in tests] for label, read in series.items()}
        return lines(name, title, places, drawn, **how)

    heads = sorted({head for test in tests for head in test.get("auc", {})})
    main, rest = heads[:MARKS], heads[MARKS:]

    def each(measure: str, chosen: Sequence[str]) -> dict[str, Callable[[Any], Any]]:
        return {names.act(head): _of(measure, head) for head in chosen}

    return [
        chart("auc", _("AUC of each head, on later days"), each("auc", main), digits=3, from_zero=False),
        *([chart("auc-more", _("AUC, the other heads"), each("auc", rest), digits=3, from_zero=False)] if rest else []),
        chart("order", _("Order, on later days"), {"nDCG@10": _of("ndcg10"), "MRR": _of("mrr")}, digits=3),
        chart("ece", _("Calibration error (0 is best)"), each("ece", main), digits=4),
        chart(
            "spread",
            _("Coverage and diversity of the first ten"),
            {_("coverage"): _of("coverage"), _("diversity"): _of("diversity")},
            digits=3,
        ),
        chart("novelty", _("Novelty of the first ten, in bits"), {_("novelty"): _of("novelty")}),
    ]


def _of(*path: str) -> Callable[[Any], Any]:
    def read(test: Any) -> Any:
        for name in path:
            test = test[name]
        return test

    return read


def _tried(read: Callable[[Any], Any], test: Any) -> Any:
    try:
        return read(test)
    except (KeyError, TypeError):
        return None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value == value else None


def named(column: str, value: str) -> str:
    """A value of a column in words: sources and the recipe have names of their own; versions and arms are names."""
    if not value:
        return _("everybody else") if column == "bucket" else "–"
    return names.source(value) if column == "source" else value


def online(today: date) -> list[Lines]:
    """The share of impressions that were answered well, a day, by version, by source and by position."""
    days = [today - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]
    figures = OnlineFigure.objects.filter(day__gte=days[0])
    return [
        _by_day("online-version", _("Answered well, by version"), figures, days, "version"),
        _by_day("online-source", _("Answered well, by source"), figures, days, "source"),
        _by_day("online-band", _("Answered well, by position"), figures, days, "band"),
    ]


def _by_day(name: str, title: str, figures: Any, days: Sequence[date], column: str) -> Lines:
    """A line for each of the values shown most; days on which it was not shown are gaps."""
    found = rates(figures, column, "day")
    weight: dict[str, int] = {}
    for (value, _day), rate in found.items():
        weight[value] = weight.get(value, 0) + rate.impressions
    chosen = sorted(sorted(weight, key=lambda value: -weight[value])[:MARKS], key=_natural(column))
    nothing = Rate(0, 0)
    series = {named(column, value): [_percent(found.get((value, day), nothing)) for day in days] for value in chosen}
    places = [date_format(day, "SHORT_DATE_FORMAT") for day in days]
    return lines(name, title, places, series, note=_("percent of the impressions of a day"), digits=1)


def _natural(column: str) -> Callable[[str], Any]:
    order = [band for _most, band in BANDS]
    return (lambda value: order.index(value) if value in order else len(order)) if column == "band" else (lambda v: v)


def _percent(rate: Rate) -> float | None:
    return None if rate.value is None else 100 * rate.value


def table(today: date, column: str, days: int = 7, answer: str = "positive") -> list[Row]:
    """Rates of the last days by one column, the most shown first; positions in their order."""
    figures = OnlineFigure.objects.filter(day__gt=today - timedelta(days=days))
    found = sorted(rates(figures, column, answer=answer).items(), key=lambda item: -item[1].impressions)
    found.sort(key=lambda item: _natural(column)(item[0][0]) if column == "band" else 0)
    return [_row(named(column, value), rate) for (value,), rate in found if rate.impressions]


def _row(name: str, rate: Rate) -> Row:
    low, high = rate.interval
    return Row(name, rate.impressions, f"{100 * (rate.value or 0):.1f} %", f"{100 * low:.1f} – {100 * high:.1f} %")


def exploration(days: int = 7) -> list[Row]:
    """What places given to the unknown cost: their rates beside those of the ranked places next to them."""
    cost = exploration_cost(days)
    named = {
        _("Explored places"): cost.explored,
        _("Ranked places beside them"): cost.beside_explored,
        _("New voices"): cost.new_voices,
        _("Ranked places beside new voices"): cost.beside_new_voices,
    }
    return [_row(name, rate) for name, rate in named.items() if rate.impressions]


def drift(today: date, version: str) -> list[Lines]:
    """The stability index of the numbers that moved most, and the mean score, a day; nothing before the first day."""
    days = [today - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]
    rows = DriftFigure.objects.filter(day__gte=days[0], version=version).values_list("number", "day", "psi", "mean")
    if not rows:
        return []
    psi: dict[str, dict[date, float]] = {}
    score: dict[date, float] = {}
    for number, day, index, mean in rows:
        if index is not None:
            psi.setdefault(number, {})[day] = index
        if number == "score":
            score[day] = mean
    moved = sorted(psi, key=lambda number: -max(psi[number].values()))[:MARKS]
    places = [date_format(day, "SHORT_DATE_FORMAT") for day in days]
    return [
        lines(
            "drift",
            _("Numbers that moved most since training"),
            places,
            {number: [psi[number].get(day) for day in days] for number in moved},
            note=_("stability index; above 0.25 is a real shift"),
        ),
        lines("score", _("Mean score of what was shown"), places, {_("score"): [score.get(day) for day in days]}),
    ]
