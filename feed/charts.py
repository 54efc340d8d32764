"""Line charts as numbers for SVG: attributes only, no script, no inline style. Knows values, not what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH, HEIGHT = 560, 190
TOP, BOTTOM, LEFT, RIGHT = 14, 22, 44, 8
MARKS = 6  # kinds of line the style sheets know


@dataclass(frozen=True)
class Point:
    """One value in the units of the drawing, with the words of its tooltip."""

    x: float
    y: float
    label: str
    value: str


@dataclass(frozen=True)
class Line:
    """One series: `paths` are its unbroken stretches, as points of an SVG polyline; `cells` its row of the table."""

    name: str
    mark: int  # 0 … MARKS - 1: colour, dashes and shape, so that colour alone tells nothing
    paths: list[str]
    points: list[Point]
    cells: list[str]


@dataclass(frozen=True)
class Lines:
    """A chart of lines over common places of the x axis, and the table behind it (`templates/feed/_lines.html`)."""

    name: str
    title: str
    note: str
    places: list[str]
    lines: list[Line]
    ticks: list[tuple[float, str]]  # (y, words)
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM

    @property
    def empty(self) -> bool:
        return not any(line.points for line in self.lines)


def lines(
    name: str,
    title: str,
    places: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    *,
    note: str = "",
    digits: int = 2,
    from_zero: bool = True,
) -> Lines:
    """A chart of named series, each as long as `places`; None leaves a gap. Raises ValueError on another length."""
    for label, values in series.items():
        if len(values) != len(places):
            raise ValueError(f"{label} has {len(values)} values for {len(places)} places")
    known = [value for values in series.values() for value in values if value is not None]
    low, high, step = _span(known, from_zero)
    across = (WIDTH - RIGHT - LEFT) / max(len(places) - 1, 1)

    def x(place: int) -> float:
        return round(LEFT + across * place if len(places) > 1 else (LEFT + WIDTH - RIGHT) / 2, 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low), 1)

    def line(number: int, label: str, values: Sequence[float | None]) -> Line:
        points = [
            Point(x(place), y(value), f"{label}, {places[place]}", f"{value:.{digits}f}")
            for place, value in enumerate(values)
            if value is not None
        ]
        cells = ["–" if value is None else f"{value:.{digits}f}" for value in values]
        return Line(label, number % MARKS, _stretches(values, x, y), points, cells)

    count = round((high - low) / step)
    ticks = [(y(low + step * n), f"{low + step * n:.{_decimals(step)}f}") for n in range(count + 1)]
    drawn = [line(number, label, values) for number, (label, values) in enumerate(series.items())]
    return Lines(name, title, note, list(places), drawn, ticks)


def _stretches(values: Sequence[float | None], x: Callable[[int], float], y: Callable[[float], float]) -> list[str]:
    paths: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            paths.append([])
        else:
            paths[-1].append(f"{x(place)},{y(value)}")
    return [" ".join(path) for path in paths if len(path) > 1]


def _span(values: Sequence[float], from_zero: bool) -> tuple[float, float, float]:
    """(lowest, highest, step) of an axis with round numbers and three to six lines."""
    if not values:
        return 0.0, 1.0, 0.5
    low, high = (min(0.0, *values) if from_zero else min(values)), max(values)
    if high - low < 1e-9:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / 4
    size = 10 ** floor(log10(rough))
    step = next(size * many for many in (1, 2, 5, 10) if size * many >= rough)
    bottom = floor(low / step) * step
    top = bottom + step * max(1, ceil((high - bottom) / step - 1e-9))
    return bottom, top, step


def _decimals(step: float) -> int:
    return max(0, -floor(log10(step)))
