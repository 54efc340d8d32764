"""PostgreSQL and Redis on demand under var/: started by the first to connect, stopped after the last; no Django here.

Every process that uses an engine holds a shared file lock (`hold`), which the kernel drops however the process ends, so
there are no lists of process ids to go stale. One small keeper process for each engine, started by the first user and
detached from it, starts the server, starts it again when it dies, and stops it when nobody holds the lock any more.
A killed keeper leaves the server running; the next user starts another keeper, which takes the server over.

This file is also the keeper's program (`python socialsite/embedded.py keep postgres VAR`), so that a keeper imports
nothing but the standard library and psutil; `engines/` knows what is special about each server.
"""

import argparse
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

if __package__:
    from socialsite.engines.accounts import EngineError
    from socialsite.engines.kinds import Postgres, Redis
    from socialsite.engines.server import Engine
else:  # run by path, as a keeper: importing the package socialsite would load Celery and the settings
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from engines.accounts import EngineError  # type: ignore[import-not-found,no-redef]
    from engines.kinds import Postgres, Redis  # type: ignore[import-not-found,no-redef]
    from engines.server import Engine  # type: ignore[import-not-found,no-redef]

KINDS: dict[str, type[Engine]] = {"postgres": Postgres, "redis": Redis}
START_SECONDS = 60.0
LINGER_SECONDS = 1.0  # one command after another should not restart the servers in between
GIVE_UP_AFTER = 3  # starts in a row that failed
_held: dict[Path, int] = {}
_keepers: list[subprocess.Popen[bytes]] = []
_starting = threading.RLock()
_vars_by_socket: dict[str, Path] = {}


# --- What settings.py asks; none of these starts anything ---------------------------------------------------------
def postgres_database(var: Path) -> dict[str, Any]:
    """A `DATABASES["default"]` entry whose backend starts the server at the first connection."""
    engine = Postgres(var)
    return {
        "ENGINE": "socialsite.engines.postgres",
        "NAME": engine.database,
        "USER": engine.database,
        "PASSWORD": "",
        "HOST": str(engine.sockets),
        "PORT": "",
        "VAR": str(engine.var),
    }


def redis_url(var: Path) -> str:
    """A `unix://` URL that stays the same; whoever connects with `engines.redis` starts the server behind it."""
    engine = Redis(var)
    _vars_by_socket[str(engine.socket)] = engine.var
    return f"unix://{engine.socket}"


def redis_database(url: str, number: int) -> str:
    """The address of another database of the same Redis: emptying the cache must not empty the queue."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={number}"
    return parts._replace(path=f"/{number}").geturl()


def parse_database_url(url: str) -> dict[str, Any]:
    """`postgres://user:password@host:port/name?option=value` as a `DATABASES` entry; ValueError when it is none."""
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise ValueError("a database address looks like postgres://user:password@host:5432/name")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


# --- What a process that uses an engine asks ----------------------------------------------------------------------
def ensure_postgres(var: Path, wait: float = START_SECONDS) -> None:
    ensure(Postgres(var), wait)


def ensure_redis(var: Path, wait: float = START_SECONDS) -> None:
    ensure(Redis(var), wait)


def ensure_redis_at(socket_path: str, wait: float = START_SECONDS) -> None:
    """The same, for a client that only knows the path of its socket; silent about sockets that are not ours."""
    if var := _vars_by_socket.get(socket_path):
        ensure_redis(var, wait)


def ensure(engine: Engine, wait: float = START_SECONDS) -> None:
    """Return when the engine serves clients; cheap (two system calls) when it already runs.

    Raises EngineError with the server's own words when it does not start within `wait` seconds.
    """
    with _starting:
        hold(engine)
        if _is_kept(engine) and engine.socket.exists():
            return
        deadline = time.monotonic() + wait
        keeper: subprocess.Popen[bytes] | None = None
        while True:
            if not _is_kept(engine):
                if keeper and keeper.poll():
                    raise EngineError(f"{engine.name} did not start: {engine.last_words()}")
                if keeper is None or keeper.poll() is not None:
                    keeper = _start_keeper(engine)
            if engine.ready() and _is_kept(engine):
                return
            if time.monotonic() > deadline:
                raise EngineError(f"{engine.name} is not ready after {wait:.0f} s: {engine.last_words()}")
            time.sleep(0.02)


def hold(engine: Engine) -> None:
    """Count this process (and its forks) as a user of the engine until it ends or calls `release`."""
    path = engine.users_lock
    if path not in _held or not _same_file(path, _held[path]):
        fd = _open_lock(engine, path)
        fcntl.flock(fd, fcntl.LOCK_SH)  # waits while a keeper is just stopping
        _held[path] = fd


def release(engine: Engine) -> None:
    if (fd := _held.pop(engine.users_lock, None)) is not None:
        os.close(fd)


def stop_when_unused(var: Path, wait: float = 30.0) -> list[str]:
    """Let go of both engines and wait until they have stopped; the names of those that others still use."""
    engines = [kind(var) for kind in KINDS.values() if kind(var).users_lock.exists()]
    for engine in engines:
        release(engine)
        if not _is_kept(engine) and engine.processes():
            _start_keeper(engine)  # takes over what a killed keeper left behind, and stops it
    deadline = time.monotonic() + wait
    return [engine.name for engine in engines if not _stopped(engine, deadline)]


def _stopped(engine: Engine, deadline: float) -> bool:
    used_since = None
    while time.monotonic() < deadline:
        if not _is_kept(engine) and not engine.running():
            return True
        used_since = (used_since or time.monotonic()) if _in_use(engine) else None
        if used_since and time.monotonic() - used_since > LINGER_SECONDS:
            return False
        time.sleep(0.05)
    return False


# --- Locks --------------------------------------------------------------------------------------------------------
def _open_lock(engine: Engine, path: Path) -> int:
    engine.make_run_folder()
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as error:
        raise EngineError(f"{path} belongs to another user; run as that user, or remove {engine.var}") from error
    engine.give_to_owner(path)
    return fd


def _same_file(path: Path, fd: int) -> bool:
    """False after someone removed var/ under a running process."""
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except OSError:
        return False


@contextlib.contextmanager
def _tried(engine: Engine, path: Path, operation: int) -> Iterator[bool]:
    """Whether a lock could be had at once; dropped at the end of the block."""
    fd = _open_lock(engine, path)
    try:
        fcntl.flock(fd, operation | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)


def _is_kept(engine: Engine) -> bool:
    with _tried(engine, engine.keeper_lock, fcntl.LOCK_SH) as free:
        return not free


def _in_use(engine: Engine) -> bool:
    """Whether a process uses the engine; a keeper that is just stopping it holds the lock alone and does not count."""
    with _tried(engine, engine.users_lock, fcntl.LOCK_SH) as shared:
        if not shared:
            return False
    with _tried(engine, engine.users_lock, fcntl.LOCK_EX) as alone:
        return not alone


# --- The keeper ---------------------------------------------------------------------------------------------------
def _start_keeper(engine: Engine) -> subprocess.Popen[bytes]:
    engine.make_run_folder()
    command = [sys.executable, "-P", __file__, "keep", engine.name, str(engine.var)]
    with engine.keeper_log.open("ab") as log:
        engine.give_to_owner(engine.keeper_log)
        keeper = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    _keepers[:] = [old for old in _keepers if old.poll() is None] + [keeper]
    return keeper


def keep(engine: Engine) -> None:
    """The life of a keeper. Returns when nobody uses the engine; EngineError when it cannot be started."""
    lock = _become_the_keeper(engine)
    if lock is None:
        return
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: stopping.append(got))
    users = _open_lock(engine, engine.users_lock)
    if not _in_use(engine) and not engine.processes():
        return  # whoever called is gone again
    failures, idle_since = 0, None
    engine.start()
    started = time.monotonic()
    while not stopping and _same_file(engine.keeper_lock, lock) and _same_file(engine.users_lock, users):
        time.sleep(0.1)
        if engine.died():
            failures = failures + 1 if time.monotonic() - started < 10 else 1
            if failures > GIVE_UP_AFTER:
                raise EngineError(engine.last_words())
            print(f"{engine.name} died; starting it again", flush=True)
            time.sleep(min(failures - 1, 3))
            engine.start()
            started = time.monotonic()
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            idle_since = None
            continue
        idle_since = idle_since or time.monotonic()
        if time.monotonic() - idle_since > LINGER_SECONDS:
            break  # keeping the exclusive lock: newcomers wait until the server is down, then start a keeper
        fcntl.flock(users, fcntl.LOCK_UN)
    engine.stop()


def _become_the_keeper(engine: Engine) -> int | None:
    """The keeper's lock, or None when another keeper has it. Tries for a second: others peep at this lock."""
    lock = _open_lock(engine, engine.keeper_lock)
    for _ in range(50):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            time.sleep(0.02)
    return None


def serve(var: Path, names: list[str]) -> None:
    """Hold engines in the foreground until SIGTERM or ctrl-C, reviving keepers that were killed."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _got, _frame: stopping.set())
    engines = [KINDS[name](var) for name in names]
    for engine in engines:
        ensure(engine)
        print(f"{engine.name} is ready: {engine.address()}", flush=True)
    while not stopping.wait(0.5):
        for engine in engines:
            try:
                ensure(engine)
            except EngineError as error:
                print(error, flush=True)
    for engine in engines:
        release(engine)


def main(arguments: list[str]) -> int:
    """`keep` is what keepers run; `serve` holds engines for others; `stop` waits until unused ones are down."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("verb", choices=["keep", "serve", "stop"])
    parser.add_argument("engine", choices=[*KINDS, "all"])
    parser.add_argument("var", type=Path)
    options = parser.parse_args(arguments)
    names = list(KINDS) if options.engine == "all" else [options.engine]
    try:
        if options.verb == "keep":
            keep(KINDS[options.engine](options.var))
        elif options.verb == "serve":
            serve(options.var, names)
        elif still_used := stop_when_unused(options.var):
            print(f"Still used by another process: {', '.join(still_used)}", file=sys.stderr)
            return 1
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
