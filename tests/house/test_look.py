"""The look keeps its promises: tokens have contrast by day and night, and colours live in one file only."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from django.conf import settings

STYLE = Path(settings.BASE_DIR) / "feed" / "static" / "feed"
TOKENS = (STYLE / "tokens.css").read_text(encoding="utf-8")
COLOUR = re.compile(r"--([\w-]+):\s*light-dark\(oklch\(([^)]+)\),\s*oklch\(([^)]+)\)\)")
RAW_COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|oklch|oklab|lab|lch|hwb)\(", re.I)
THEMES = {"day": 0, "night": 1}

INKS = ("ink", "ink-quiet", "cinnabar", "moss", "amber", "plum")
PAPERS = ("paper", "paper-raised", "paper-sunk")
PAIRS = [
    *((ink, paper) for ink in INKS for paper in PAPERS),
    ("on-cinnabar", "cinnabar"),
    ("paper", "ink"),
    ("ink", "cinnabar-wash"),
    ("ink-quiet", "cinnabar-wash"),
    ("cinnabar", "cinnabar-wash"),
    ("moss", "moss-wash"),
    ("amber", "amber-wash"),
    ("plum", "plum-wash"),
    *((f"face-{n}-ink", f"face-{n}") for n in range(6)),
]
SHAPES = [("edge", "paper"), ("edge", "paper-raised"), ("cinnabar-bright", "paper"), ("cinnabar", "paper")]


def tokens(theme: int) -> dict[str, tuple[float, float, float]]:
    """Lightness 0 to 1, chroma and hue in degrees of every opaque colour token."""
    found = {}
    for name, *values in COLOUR.findall(TOKENS):
        lightness, chroma, hue = values[theme].split()[:3]
        found[name] = (float(lightness.rstrip("%")) / 100, float(chroma), float(hue))
    return found


def luminance(lightness: float, chroma: float, hue: float) -> float:
    """Relative luminance (WCAG 2.2) of an OKLCH colour, through OKLab and linear sRGB (Ottosson 2020), clipped."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, part)) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    dark, light = sorted((luminance(*one), luminance(*other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_sums_are_right() -> None:
    white, black, mid = (1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.5998, 0.0, 0.0)  # mid is #808080
    assert contrast(white, black) == pytest.approx(21, abs=0.01)
    assert contrast(white, mid) == pytest.approx(3.95, abs=0.02)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "paper"), PAIRS, ids=lambda name: name)
def test_text_can_be_read(ink: str, paper: str, theme: str) -> None:
    known = tokens(THEMES[theme])
    assert contrast(known[ink], known[paper]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "paper"), SHAPES, ids=lambda name: name)
def test_edges_of_controls_can_be_seen(shape: str, paper: str, theme: str) -> None:
    known = tokens(THEMES[theme])
    assert contrast(known[shape], known[paper]) >= 3


def test_colours_live_in_the_tokens_alone() -> None:
    strays = {
        path.name: RAW_COLOUR.findall(path.read_text(encoding="utf-8"))
        for path in STYLE.glob("*.css")
        if path.name != "tokens.css" and RAW_COLOUR.search(path.read_text(encoding="utf-8"))
    }
    assert strays == {}


def test_every_token_that_is_used_exists() -> None:
    sheets = [path.read_text(encoding="utf-8") for path in STYLE.glob("*.css")]
    named = {name for sheet in sheets for name in re.findall(r"--([\w-]+)\s*:", sheet)}
    used = {name for sheet in sheets for name in re.findall(r"var\(--([\w-]+)", sheet)}
    assert used - named == set()


def test_every_icon_that_is_asked_for_has_a_drawing() -> None:
    from feed.templatetags.icons import SHAPES as DRAWINGS

    templates = Path(settings.BASE_DIR) / "templates"
    asked = {
        name
        for path in templates.rglob("*.html")
        for name in re.findall(r'{% icon "([\w-]+)" %}', path.read_text(encoding="utf-8"))
    }
    assert len(asked) > 20
    assert asked - set(DRAWINGS) == set()
