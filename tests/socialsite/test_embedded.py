"""The embedded engines under real processes: shared, revived, stopped with the last, not fooled by leftovers."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from socialsite import embedded
from socialsite.engines.accounts import EngineError
from socialsite.engines.kinds import Postgres, Redis
from socialsite.engines.server import Engine

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
# A user of the engines as light as can be: neither Django nor Celery.
CLIENT = """
import pathlib, sys, time
sys.path.insert(0, {room!r})
import embedded
var = pathlib.Path(sys.argv[1])
embedded.ensure_postgres(var)
embedded.ensure_redis(var)
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def var() -> Iterator[Path]:
    """A short path of our own, because the socket beside the data is part of what is tested."""
    folder = Path(tempfile.mkdtemp(prefix="cy-"))
    folder.chmod(0o755)
    yield folder / "var"
    embedded.stop_when_unused(folder / "var", 15)
    shutil.rmtree(folder)


class Clients:
    def __init__(self, var: Path) -> None:
        self.var = var
        self.running: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        code = CLIENT.format(room=str(ROOT / "socialsite"))
        client = subprocess.Popen(
            [sys.executable, "-P", "-c", code, str(self.var)], stdout=subprocess.PIPE, text=True, cwd="/"
        )
        self.running.append(client)
        return client

    def start_ready(self, number: int = 1) -> list[subprocess.Popen[str]]:
        clients = [self.start() for _ in range(number)]
        assert [client.stdout.readline() for client in clients if client.stdout] == ["up\n"] * number
        return clients


@pytest.fixture
def clients(var: Path) -> Iterator[Clients]:
    started = Clients(var)
    yield started
    for client in started.running:
        client.kill()
        client.wait()


def until(true: Callable[[], bool], seconds: float = 40) -> float:
    """Seconds until something holds; fails when it never does."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds, "it never came true"
        time.sleep(0.02)
    return time.monotonic() - started


def query(var: Path, sql: str) -> list[tuple[object, ...]]:
    address = {"host": str(Postgres(var).sockets), "user": "courtyard", "dbname": "postgres"}
    with psycopg.connect(**address, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def queue(var: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(Redis(var).socket))


def kept(engine: Engine) -> int:
    """The process id of the engine's keeper."""
    found = subprocess.run(
        ["pgrep", "-f", f"embedded.py keep {engine.name} {engine.var}$"], capture_output=True, text=True, check=False
    )
    return int(found.stdout.split()[0])


def nothing_runs(var: Path) -> bool:
    return not Postgres(var).processes() and not Redis(var).processes()


def test_asking_for_addresses_starts_nothing(var: Path) -> None:
    entry, url = embedded.postgres_database(var), embedded.redis_url(var)
    assert entry["HOST"] == str(Postgres(var).sockets)
    assert url == embedded.redis_url(var) == f"unix://{Redis(var).socket}"
    assert not var.exists()


def test_processes_share_one_server_which_stops_with_the_last(var: Path, clients: Clients) -> None:
    first, second, third = clients.start_ready(3)
    assert len([p for p in Postgres(var).processes() if "-D" in p.cmdline()]) == 1
    assert len(Redis(var).processes()) == 1
    first.terminate()
    second.kill()
    time.sleep(1.5)
    assert query(var, "select 1") == [(1,)]
    assert queue(var).ping()
    third.kill()
    until(lambda: nothing_runs(var))
    assert not Postgres(var).socket.exists()


def test_killed_servers_come_back_with_every_committed_row(var: Path, clients: Clients) -> None:
    clients.start_ready()
    query(var, "create table kept (number int)")
    for number in range(3):
        query(var, "insert into kept select count(*) from kept")
        queue(var).rpush("waiting", number)
        for engine in (Postgres(var), Redis(var)):
            victim = engine.running()
            assert victim
            victim.kill()
        until(lambda: Postgres(var).ready() and Redis(var).ready())
        assert query(var, "select count(*) from kept") == [(number + 1,)]
        assert queue(var).llen("waiting") == number + 1


def test_a_killed_keeper_is_followed_by_one_that_takes_the_servers_over(var: Path, clients: Clients) -> None:
    (user,) = clients.start_ready()
    before = [engine.running().pid for engine in (Postgres(var), Redis(var))]  # type: ignore[union-attr]
    for engine in (Postgres(var), Redis(var)):
        os.kill(kept(engine), signal.SIGKILL)
    (second,) = clients.start_ready()
    assert [engine.running().pid for engine in (Postgres(var), Redis(var))] == before  # type: ignore[union-attr]
    user.kill()
    second.kill()
    until(lambda: nothing_runs(var))


def test_servers_whose_users_and_keepers_were_all_killed_are_stopped_by_the_next(var: Path, clients: Clients) -> None:
    (user,) = clients.start_ready()
    for engine in (Postgres(var), Redis(var)):
        os.kill(kept(engine), signal.SIGKILL)
    user.kill()
    user.wait()
    assert not nothing_runs(var)
    assert embedded.stop_when_unused(var) == []
    assert nothing_runs(var)


def test_what_a_reboot_left_is_no_obstacle_even_when_its_process_ids_are_taken(var: Path, clients: Clients) -> None:
    (user,) = clients.start_ready()
    query(var, "create table kept (number int)")
    user.kill()
    until(lambda: nothing_runs(var))
    embedded.stop_when_unused(var)
    postgres, queue_server = Postgres(var), Redis(var)
    stale = f"{os.getpid()}\n{postgres.data}\n1\n5432\n{postgres.sockets}\n\n 1 1\nready\n"
    (postgres.data / "postmaster.pid").write_text(stale)
    (postgres.sockets / ".s.PGSQL.5432.lock").write_text(stale)
    (queue_server.data / "redis.pid").write_text(f"{os.getpid()}\n")
    for engine in (postgres, queue_server):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(engine.socket))
    clients.start_ready()
    assert query(var, "select count(*) from kept") == [(0,)]
    assert queue(var).ping()


def test_a_long_path_gets_short_private_sockets(var: Path, clients: Clients) -> None:
    clients.var = var / ("a-folder-with-a-long-name-" * 4) / "var"
    clients.start_ready()
    for engine in (Postgres(clients.var), Redis(clients.var)):
        assert len(str(engine.socket)) < 100
        assert engine.sockets.stat().st_mode & 0o077 == 0
    assert query(clients.var, "select 1") == [(1,)]
    clients.running[0].kill()
    until(lambda: nothing_runs(clients.var))
    for engine in (Postgres(clients.var), Redis(clients.var)):
        shutil.rmtree(engine.sockets)


def test_a_damaged_queue_is_set_aside_and_does_not_keep_the_site_down(var: Path, clients: Clients) -> None:
    (user,) = clients.start_ready()
    queue(var).rpush("waiting", *range(50))
    user.kill()
    until(lambda: nothing_runs(var))
    (Redis(var).data / "appendonly.aof").write_bytes(b"*3\r\n$3\r\nSET\r\nnonsense" * 100)
    clients.start_ready()
    assert queue(var).llen("waiting") == 0
    assert list(var.glob("redis.damaged-*"))


def test_a_server_that_cannot_start_says_why(var: Path) -> None:
    (var / "postgres").mkdir(parents=True)
    (var / "postgres" / "holiday.jpg").write_bytes(b"not a cluster")
    with pytest.raises(EngineError, match="not a PostgreSQL cluster"):
        embedded.ensure_postgres(var, 10)
    assert (var / "postgres" / "holiday.jpg").exists()


def test_over_tcp_it_asks_for_the_password(var: Path) -> None:
    var.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (var / "postgres.port").write_text(str(port))
    embedded.ensure_postgres(var)
    with psycopg.connect(Postgres(var).address().removesuffix("courtyard") + "postgres") as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=port, user="courtyard", dbname="postgres", password="wrong")


@pytest.mark.parametrize("url", ["postgres://host/", "mysql://host/name", "postgres://host"])
def test_an_address_that_names_no_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="looks like"):
        embedded.parse_database_url(url)


def test_an_address_is_taken_apart() -> None:
    entry = embedded.parse_database_url("postgres://us%40er:p%2Fw@db.example:5433/site?sslmode=require")
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"], entry["PORT"]) == ("us@er", "p/w", "db.example", "5433")
    assert (entry["NAME"], entry["OPTIONS"]) == ("site", {"sslmode": "require"})
