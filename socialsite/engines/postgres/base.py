"""Django's PostgreSQL backend, connecting to the embedded server; it decides nothing about SQL."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
from django.db.backends.postgresql import base, client

from socialsite import embedded
from socialsite.engines.accounts import EngineError
from socialsite.engines.kinds import Postgres

# What a server says that is just starting, recovering from a crash, or restarting after it was killed.
PASSING = (
    "starting up",
    "shutting down",
    "recovery",
    "No such file",
    "Connection refused",
    "closed the connection",
)
PATIENCE_SECONDS = 30.0


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell` with the packaged psql, so that none needs to be installed."""

    def runshell(self, parameters: Iterable[str]) -> None:
        var = Path(self.connection.settings_dict["VAR"])
        embedded.ensure_postgres(var)
        self.executable_name = str(Postgres(var).binaries / "psql")
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                embedded.ensure_postgres(Path(self.settings_dict["VAR"]))
                return super().get_new_connection(conn_params)
            except EngineError as error:
                raise psycopg.OperationalError(str(error)) from error
            except psycopg.OperationalError as error:
                if _is_missing(error, self.settings_dict["NAME"]):
                    self._create_database(conn_params)
                elif time.monotonic() > deadline or not any(words in str(error) for words in PASSING):
                    raise
                time.sleep(0.05)

    def _create_database(self, conn_params: dict[str, Any]) -> None:
        """The first connection of a fresh cluster makes the site's database; a race with another process is fine."""
        maintenance = {key: conn_params[key] for key in ("host", "user", "port") if key in conn_params}
        with psycopg.connect(dbname="postgres", autocommit=True, **maintenance) as connection:
            try:
                connection.execute(f'CREATE DATABASE "{Postgres.database}"')
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                pass


def _is_missing(error: psycopg.OperationalError, name: str | None) -> bool:
    """Whether the site's own database is missing; a missing test database is the test runner's affair."""
    return name == Postgres.database and f'database "{name}" does not exist' in str(error)
