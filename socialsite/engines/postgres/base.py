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
                if time.monotonic() > deadline or not any(words in str(error) for words in PASSING):
                    raise
                time.sleep(0.05)
