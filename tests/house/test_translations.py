"""The site is complete in Chinese: every text marked for translation has one, whoever forgot to run `make messages`."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
CATALOGUES = sorted((ROOT / "locale").glob("zh_Hans/LC_MESSAGES/*.po"))
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
CONTEXTUAL = {"pgettext", "pgettext_lazy"}


def tracked(*suffixes: str) -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        path = ROOT / name
        if path.suffix in suffixes and path.exists() and not name.startswith(("tests/", "docs/", "benchmarks/")):
            yield path


def marked(source: str) -> Iterator[str]:
    """The texts a piece of Python marks for translation, also when it is written over several lines."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        texts = node.args[1:2] if name in CONTEXTUAL else node.args[:1]
        if name in MARKS and texts and isinstance(texts[0], ast.Constant) and isinstance(texts[0].value, str):
            yield texts[0].value


def marked_in_template(path: Path) -> Iterator[str]:
    source = templatize(path.read_text(), origin=str(path))
    for start in re.finditer(r"\bn?p?gettext\(", source):
        yield from marked(shortest_call(source[start.start() :]))


def shortest_call(source: str) -> str:
    """The call a piece of source begins with: up to the first bracket that makes it readable."""
    for end in re.finditer(r"\)", source):
        call = source[: end.end()]
        try:
            ast.parse(call)
        except SyntaxError:
            continue
        return call
    raise AssertionError(f"no call in {source[:80]!r}")


def test_there_is_a_chinese_catalogue() -> None:
    assert CATALOGUES


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_the_catalogue_is_complete_and_nothing_in_it_is_doubtful(path: Path) -> None:
    catalogue = polib.pofile(str(path))
    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.name)
def test_translations_keep_the_placeholders(path: Path) -> None:
    names = re.compile(r"%\((\w+)\)[sd]|{(\w+)}")
    broken = [
        entry.msgid
        for entry in polib.pofile(str(path))
        for text in [entry.msgstr, *entry.msgstr_plural.values()]
        if text and set(names.findall(text)) != set(names.findall(entry.msgid_plural or entry.msgid))
    ]
    assert broken == []


def test_every_marked_text_is_in_the_catalogue() -> None:
    known = {entry.msgid for path in CATALOGUES for entry in polib.pofile(str(path))}
    used = {text for path in tracked(".py") for text in marked(path.read_text())}
    used |= {
        text for path in tracked(".html", ".txt") if "templates" in path.parts for text in marked_in_template(path)
    }
    assert len(used) > 100
    assert sorted(text for text in used if text and text not in known) == []
