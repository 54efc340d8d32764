"""A database of the benchmark's own, never a real site's: these benchmarks fill, forget and delete.

Each has a folder of its own under VAR_DIR (or var/), such as var/bench-home, with a PostgreSQL and a Redis started
there. The database is marked as the benchmark's before anything is written; one with people and no mark is left alone.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = ("DATABASE_URL", "REDIS_URL", "CACHE_URL", "CELERY_BROKER_URL")  # each may be a real site's


def choose(name: str) -> None:
    """Point Django to the benchmark's folder; call it before django.setup(). Leaves the program where it cannot."""
    from socialsite import env  # noqa: F401 - reads .env into the environment

    given = [one for one in ELSEWHERE if os.environ.get(one, "").strip()]
    if given:
        raise SystemExit(
            f"Nothing measured: {given[0]} is set, here or in .env, and this benchmark deletes what it finds;"
            " unset it, and a database of its own is started."
        )
    folder = Path(os.environ.get("VAR_DIR", "").strip() or ROOT / "var").expanduser().resolve()
    own = folder if folder.name == f"bench-{name}" else folder / f"bench-{name}"
    os.environ["VAR_DIR"] = str(own)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "socialsite.settings")
    os.environ.setdefault("LOG_LEVEL", "ERROR")


def claim(name: str) -> None:
    """Bring the database up to date and mark it as this benchmark's. Leaves the program when it is somebody else's."""
    from django.core.management import call_command
    from django.db import connection

    refuse_a_strange_one(name)
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON TABLE accounts_user IS '{_mark(name)}'")


def refuse_a_strange_one(name: str) -> None:
    from django.conf import settings
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description(to_regclass('accounts_user'), 'pg_class'), to_regclass('accounts_user')")
        mark, people = cursor.fetchone()
        if people is None or mark == _mark(name):
            return
        cursor.execute("SELECT EXISTS (SELECT 1 FROM accounts_user)")
        if cursor.fetchone()[0]:
            raise SystemExit(
                f"Nothing measured: the database of {settings.VAR_DIR} has people in it and is not this benchmark's"
                " own; it is left alone."
            )


def _mark(name: str) -> str:
    return f"made up by benchmarks/{name}.py"
