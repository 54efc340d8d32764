"""The rules of the house itself: sizes of files, docstrings of modules, settings in the README, both languages whole."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import polib
import pytest
from django.conf import settings

from socialsite import env

ROOT = Path(settings.BASE_DIR)
FLOORS = ("socialsite", "accounts", "feed", "ml")
MOST_LINES = 400


def tracked(*endings: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [ROOT / name for name in listed if name.endswith(endings) and (ROOT / name).exists()]


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked(".py", ".html", ".css", ".js")
        if "migrations" not in path.parts and "vendor" not in path.parts
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


@pytest.mark.parametrize("floor", FLOORS)
def test_every_module_says_what_it_is(floor: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked(".py")
        if path.relative_to(ROOT).parts[0] == floor and "migrations" not in path.parts
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in env.DOCUMENTED if f"`{name}`" not in readme]
    assert missing == []


def test_every_setting_in_the_example_exists() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?\s?([A-Z][A-Z_]+)=", example, re.MULTILINE))
    assert named - set(env.DOCUMENTED) == set()


@pytest.mark.parametrize("catalogue", ["django.po", "djangojs.po"])
def test_chinese_is_complete(catalogue: str) -> None:
    path = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / catalogue
    entries = [entry for entry in polib.pofile(str(path)) if not entry.obsolete]
    assert entries, "no strings at all"
    open_ = [entry.msgid for entry in entries if not entry.translated() or entry.fuzzy]
    assert open_ == []


def test_placeholders_survive_translation() -> None:
    path = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    shape = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")
    wrong = []
    for entry in polib.pofile(str(path)):
        for source, target in [
            (entry.msgid, entry.msgstr),
            *((entry.msgid_plural, t) for t in entry.msgstr_plural.values()),
        ]:
            if target and {m.group() for m in shape.finditer(target)} - {m.group() for m in shape.finditer(source)}:
                wrong.append(source)
    assert wrong == []


def test_no_trace_of_a_machine_or_a_registry() -> None:
    """Paths of a developer's machine and hosts of package registries do not belong into the project."""
    words = [
        "/ro" + "ot/",
        "/wo" + "rk/",
        "py" + "pi.org",
        "pythonhos" + "ted",
        "registry.npm" + "js",
        "/opt/" + "wheels",
    ]
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked(
            ".py", ".txt", ".in", ".md", ".toml", ".html", ".js", ".css", ".yml", ".yaml", "Makefile", "run"
        )
        for word in words
        if word in path.read_text(encoding="utf-8")
    ]
    assert found == []
