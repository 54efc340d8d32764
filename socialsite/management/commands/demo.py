"""`manage.py demo`: from an installed folder to a served page in one go, and back to nothing on ctrl-C."""

import contextlib
import fcntl
import hashlib
import http.client
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from socialsite import embedded
from socialsite.engines.accounts import EngineError
from socialsite.management.commands.compilemessages import compile_stale
from socialsite.processes import Programs

READY_SECONDS = 120


class Command(BaseCommand):
    help = "Prepare everything that is missing, start everything in the Procfile, say where the site is."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        self.url = f"http://localhost:{port}/"
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        try:
            with only_one(settings.VAR_DIR, self.url):
                refuse_busy_port(host, port)
                self.prepare()
                self.run_programs(host, port)
        except EngineError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.say("Stopped.")
        finally:
            connections.close_all()
            for name in embedded.stop_when_unused(settings.VAR_DIR):
                self.say(f"{name} goes on: another process uses it.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        started = time.monotonic()
        self.say(f"{text} …")
        yield
        self.say(f"  done in {time.monotonic() - started:.1f} s")

    def prepare(self) -> None:
        with self.step("Starting PostgreSQL and Redis"):
            if not settings.DATABASE_URL:
                embedded.ensure_postgres(settings.VAR_DIR)
            if not settings.REDIS_URL:
                embedded.ensure_redis(settings.VAR_DIR)
        with self.step("Bringing the database up to date"):
            migrate()
        with self.step("Preparing the models (unpacked and checked once)"):
            self.manage("prepare_models")
        self.seed()
        with self.step("Preparing translations and static files"):
            compile_stale(settings.LOCALE_PATHS)
            collect_static()

    def seed(self) -> None:
        """Fill an empty site; one whose filling was interrupted is filled anew."""
        unfinished = settings.VAR_DIR / "run" / "seeding"
        if unfinished.exists() or not apps.get_model("feed", "Post")._base_manager.exists():
            again = ["--again"] if unfinished.exists() else []
            unfinished.touch()
            with self.step("Filling the site with its demo people and their posts"):
                self.manage("seed_demo", *again)
            unfinished.unlink()

    def manage(self, *words: str) -> None:
        """Another command in a process of its own, so that what it loads is not kept for the whole evening."""
        if subprocess.run([sys.executable, "manage.py", *words], cwd=settings.BASE_DIR, check=False).returncode:
            raise CommandError(f"`manage.py {words[0]}` failed; its own words are above.")

    def run_programs(self, host: str, port: int) -> None:
        given = {"HOST": host, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
        programs = Programs.from_procfile(settings.BASE_DIR / "Procfile", {**os.environ, **given})
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: programs.stopping.set())
        connections.close_all()
        threading.Thread(target=self.announce, args=(host, port, programs.stopping), daemon=True).start()
        self.say("Starting web, worker and clock …")
        programs.run()
        self.say("Stopped.")

    def announce(self, host: str, port: int, stopping: threading.Event) -> None:
        started = time.monotonic()
        while not stopping.is_set() and time.monotonic() - started < READY_SECONDS:
            if is_ready(host, port):
                self.say(f"\n  {settings.SITE_NAME} is open: {self.url}\n  ctrl-C closes it.\n")
                return
            stopping.wait(0.2)
        if not stopping.is_set():
            self.say(f"The site is still not ready after {READY_SECONDS} s; see {self.url}readyz and the lines above.")


@contextlib.contextmanager
def only_one(var: Path, url: str) -> Iterator[None]:
    """Refuse a second demo on the same folder, naming the first."""
    run = var / "run"
    run.mkdir(parents=True, exist_ok=True)
    with (run / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CommandError(f"The demo already runs from this folder: {lock.read().strip()}") from None
        lock.truncate(0)
        lock.write(f"{url} (process {os.getpid()})")
        lock.flush()
        yield


def refuse_busy_port(host: str, port: int) -> None:
    """CommandError that says who has the port and what to do."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            advice = f"Stop it, or choose another port: make demo PORT={port + 1}"
            raise CommandError(
                f"Port {port} of {host} is not free ({error.strerror}){_holder(port)}. {advice}"
            ) from None


def _holder(port: int) -> str:
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port and c.pid]
        return f": {psutil.Process(listening[0].pid).name()}, process {listening[0].pid}" if listening else ""
    except psutil.Error:
        return ""


def is_ready(host: str, port: int) -> bool:
    reachable = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(reachable, port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def migrate() -> None:
    executor = MigrationExecutor(connections["default"])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def collect_static() -> None:
    """Collect only when a file was added, changed or removed since the last time."""
    found = [
        f"{path} {storage.get_modified_time(path)}" for finder in get_finders() for path, storage in finder.list([])
    ]
    digest = hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if not stamp.exists() or stamp.read_text() != digest:
        call_command("collectstatic", interactive=False, verbosity=0, stdout=io.StringIO())
        stamp.write_text(digest)
