"""The language of a text, or nothing: measured on the demo town, and on what has no language."""

import json
from pathlib import Path

import pytest

from ml.understanding.language import language_of

TOWN = Path(__file__).resolve().parents[2] / "feed" / "demo" / "town"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The slugs came back at midnight.", "en"),
        ("薄荷。三天。", "zh"),
        ("我今天用Python写了一个web server", "zh"),
        ("use 微信 to pay for it today", "en"),
        ("東京へ行きました", "ja"),
        ("안녕하세요", "ko"),
        ("Guten Morgen zusammen, wie geht es euch", "de"),
        ("je suis très content de vous voir", "fr"),
        ("Привет, как дела сегодня?", "ru"),
        ("الوقت متأخر جدا", "ar"),
    ],
)
def test_the_language_is_told(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", "😀😀", "https://example.org/en/page", "12345", "@bob", "...", "asdfgh", "é"])
def test_where_there_is_none_nothing_is_said(text: str) -> None:
    assert language_of(text) == ""


def test_the_demo_town_is_read_right() -> None:
    rows = [
        (row["text"], row.get("lang", folder))
        for folder in ("en", "zh")
        for name in ("posts", "comments")
        for row in map(json.loads, (TOWN / folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
    ]
    found = [language_of(text) for text, _language in rows]
    right = sum(one == language for one, (_text, language) in zip(found, rows, strict=True))
    wrong = sum(one not in ("", language) for one, (_text, language) in zip(found, rows, strict=True))
    assert right / len(rows) > 0.98
    assert wrong / len(rows) < 0.01
