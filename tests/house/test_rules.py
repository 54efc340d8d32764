"""Every module says what it is."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)


@pytest.mark.parametrize("floor", ["socialsite", "accounts", "feed", "ml"])
def test_every_module_says_what_it_is(floor: str) -> None:
    listed = subprocess.run(["git", "ls-files", floor], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    modules = [ROOT / name for name in listed.splitlines() if name.endswith(".py") and "/migrations/" not in name]
    silent = [
        str(path.relative_to(ROOT))
        for path in modules
        if path.exists() and (source := path.read_text(encoding="utf-8")).strip()
        if not ast.get_docstring(ast.parse(source))
    ]
    assert modules
    assert silent == []
