"""Every template compiles, and none asks for what the content security policy forbids."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines

ROOT = Path(settings.BASE_DIR)
FOLDERS = [ROOT / "templates", *ROOT.glob("*/templates")]
NAMES = sorted({str(p.relative_to(folder)) for folder in FOLDERS for p in folder.rglob("*") if p.is_file()})
FORBIDDEN = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=.application/json)[^>]*>", re.I),
    "an inline style": re.compile(r"<style\b|\sstyle=", re.I),
    "an inline event handler": re.compile(r"<[^>]+\son[a-z]+=", re.I),
    "a third-party host": re.compile(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=.https?://", re.I),
    "a script address": re.compile(r"javascript:", re.I),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles(name: str) -> None:
    assert engines["django"].get_template(name).template.nodelist is not None


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".html")])
def test_a_template_keeps_to_the_content_security_policy(name: str) -> None:
    source = next(folder / name for folder in FOLDERS if (folder / name).exists()).read_text()
    source = re.sub(r"{#.*?#}|{% comment.*?endcomment %}", "", source, flags=re.S)
    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(source)] == []
