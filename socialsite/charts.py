"""Bar charts as SVG, drawn here with attributes only: no script, no inline style. Knows numbers, not what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format

WIDTH, HEIGHT = 560, 150
TOP, BOTTOM, LEFT = 16, 20, 34


@dataclass(frozen=True)
class Bar:
    """One bar, in the units of the drawing, with the words of its tooltip and its row of the table."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: int


@dataclass(frozen=True)
class Chart:
    """Everything a template needs to draw one chart and the table behind it."""

    name: str
    title: str
    unit: str
    bars: list[Bar]
    top: int  # the value at the upper line
    first: str
    last: str
    average: float
    width: int = WIDTH
    height: int = HEIGHT
    base: int = HEIGHT - BOTTOM
    ceiling: int = TOP
    left: int = LEFT


def by_day(name: str, title: str, unit: str, days: Sequence[date], values: Sequence[int]) -> Chart:
    """A bar a day. `days` and `values` are equally long and not empty."""
    top = _round_up(max(values))
    step = (WIDTH - LEFT) / len(values)
    bars = []
    for number, (day, value) in enumerate(zip(days, values, strict=True)):
        height = round((HEIGHT - TOP - BOTTOM) * value / top, 1)
        x = round(LEFT + number * step + step * 0.14, 1)
        y = round(HEIGHT - BOTTOM - height, 1)
        bars.append(Bar(x, y, round(step * 0.72, 1), height, date_format(day, "SHORT_DATE_FORMAT"), value))
    first, last = (date_format(day, "SHORT_DATE_FORMAT") for day in (days[0], days[-1]))
    return Chart(name, title, unit, bars, top, first, last, sum(values) / len(values))


def _round_up(value: int) -> int:
    """The next of 5, 10, 20, 50, 100, … so that the upper line bears a round number."""
    step = 5
    while step < value:
        step = step * 2 if str(step)[0] in "15" else step * 5 // 2
    return step
