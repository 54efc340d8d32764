"""Benchmarks fill, forget and delete: none of them may do so in a database that is not its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import User
from benchmarks import own_site

BENCHMARKS = Path(own_site.__file__).parent
WRITERS = ("explanation", "home", "seeded", "town", "training")


def mark() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('accounts_user'::regclass, 'pg_class')")
        return str(cursor.fetchone()[0])


def test_every_benchmark_that_opens_a_database_asks_first() -> None:
    opening = {file.stem for file in BENCHMARKS.glob("*.py") if "from django.core.management" in file.read_text()}
    assert opening - {"own_site"} == set(WRITERS)
    for name in WRITERS:
        words = (BENCHMARKS / f"{name}.py").read_text()
        assert words.index(f'own_site.choose("{name}")') < words.index("django.setup()")
        assert f'own_site.claim("{name}")' in words


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("given", ["DATABASE_URL", "REDIS_URL"])
def test_with_an_engine_of_somebody_else_nothing_starts(name: str, given: str, tmp_path: Path) -> None:
    environment = {**os.environ, "VAR_DIR": str(tmp_path), given: "anything://a.real/site"}
    command = [sys.executable, str(BENCHMARKS / f"{name}.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Nothing measured: {given} is set")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_given_folder_is_not_the_benchmarks_own_but_one_in_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in own_site.ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    own_site.choose("home")
    assert os.environ["VAR_DIR"] == str(tmp_path / "bench-home")
    own_site.choose("home")  # a process that it starts
    assert os.environ["VAR_DIR"] == str(tmp_path / "bench-home")
    monkeypatch.setenv("VAR_DIR", "")
    own_site.choose("town")
    assert os.environ["VAR_DIR"] == str(own_site.ROOT / "var" / "bench-town")


def test_people_of_another_site_are_left_alone(person: Callable[..., User]) -> None:
    person("alice")
    with pytest.raises(SystemExit) as left:
        own_site.claim("home")
    assert str(left.value).startswith(f"Nothing measured: the database of {settings.VAR_DIR} has people in it")
    assert User.objects.filter(username="alice").exists()
    assert mark() != own_site._mark("home")


def test_an_empty_database_is_marked_and_then_its_own(db: None, person: Callable[..., User]) -> None:
    own_site.refuse_a_strange_one("home")
    own_site.claim("home")
    assert mark() == "made up by benchmarks/home.py"
    person("alice")
    own_site.claim("home")
    with pytest.raises(SystemExit):
        own_site.claim("town")
