"""What the code imports is asked for by name and locked, so that a fresh clone has it; locks name no index."""

import ast
import re
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
OURS = {"accounts", "feed", "ml", "socialsite", "tests", "benchmarks", "manage", "engines", "embedded"}
FLOORS = ["accounts", "feed", "ml", "socialsite"]


def plain(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named(*files: str) -> set[str]:
    """The distributions named in requirement files, without versions, extras and comments."""
    lines = [line for file in files for line in (ROOT / "requirements" / file).read_text().splitlines()]
    found = (re.match(r"[A-Za-z0-9][\w.-]*", line) for line in lines)
    return {plain(match.group()) for match in found if match}


def imported(folders: Iterable[str]) -> set[str]:
    """The top-level modules that are imported anywhere in these folders, lazily or not."""
    found = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


def missing(modules: set[str], asked: set[str]) -> dict[str, list[str]]:
    known = packages_distributions()
    providers = {module: [plain(name) for name in known.get(module, [])] for module in modules}
    return {module: names for module, names in providers.items() if not asked & set(names)}


def test_the_site_imports_only_what_it_asks_for() -> None:
    assert missing(imported(FLOORS), named("base.in", "models.txt")) == {}


def test_tests_and_benchmarks_import_only_what_is_asked_for() -> None:
    assert missing(imported(["tests", "benchmarks"]), named("base.in", "models.txt", "dev.in")) == {}


@pytest.mark.parametrize("name", ["base", "dev"])
def test_the_lock_pins_all_that_is_asked_for_and_names_no_index(name: str) -> None:
    assert named(f"{name}.in") <= named("base.txt", f"{name}.txt")
    lines = [line for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines() if line[:1] != "#"]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[\w.!]+", line)] == []
    assert [line for line in lines if line.startswith(("nvidia-", "cuda-", "triton"))] == []
