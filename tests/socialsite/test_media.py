"""Uploaded pictures are served without DEBUG too, and nothing outside their folder ever is."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client


def test_a_picture_is_served_and_may_be_kept(client: Client, settings: Any) -> None:
    (settings.MEDIA_ROOT / "avatars").mkdir(parents=True)
    (settings.MEDIA_ROOT / "avatars" / "one.webp").write_bytes(b"RIFF")
    answer = client.get("/media/avatars/one.webp")
    assert answer.status_code == 200
    assert answer.content == b"RIFF"
    assert answer["Content-Type"] == "image/webp"
    assert "immutable" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "avatars",
        "avatars/",
        "none.webp",
        "a%00b",
        "x" * 5000,
        "/etc/passwd",
    ],
)
def test_nothing_else_is(path: str, client: Client, settings: Any, db: None) -> None:
    (settings.MEDIA_ROOT / "avatars").mkdir(parents=True)
    (settings.MEDIA_ROOT.parent / "secret").write_text("hidden")
    assert client.get(f"/media/{path}").status_code == 404
