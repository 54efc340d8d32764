"""A whole site in a folder of its own: the demo as people start it, with a few people in it and their sessions."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]


def own_folder() -> Path:
    """A var folder under the temporary folder that shares the models, which take a minute to prepare."""
    folder = Path(tempfile.mkdtemp(prefix="courtyard-site-"))
    folder.chmod(0o755)
    models = Path(os.environ.get("MODELS_FROM", ROOT / "var" / "models"))
    if models.exists():
        (folder / "models").symlink_to(models.resolve())
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(true: Callable[[], object], seconds: float, what: str) -> float:
    """Seconds until something holds; AssertionError naming it when it never does."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)
    return time.monotonic() - started


class Demo:
    """`manage.py demo` as a process, its words in a file."""

    def __init__(self, var: Path, port: int, **environment: str) -> None:
        self.var, self.port = var, port
        self.log = var / "demo.log"
        given = {"VAR_DIR": str(var), "DEMO": "1", "RATE_LIMITS": "false", **environment}
        self.environment = {name: text for name, text in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"} | given
        self.process: subprocess.Popen[bytes] | None = None

    def settle_one_person(self) -> None:
        """One person with one post, so that the demo finds itself inhabited and does not seed its own people."""
        code = (
            "from django.core.management import call_command; call_command('migrate', verbosity=0);"
            "from accounts.models import User; from feed import actions;"
            "actions.publish(User.objects.create_user('settler', 's@example.org', 'correct horse'), 'Here I live')"
        )
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", code]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=120)

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "manage.py", "demo", "--port", str(self.port)]
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def words(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_open(self, seconds: float = 180) -> float:
        def opened() -> bool:
            assert self.process
            assert self.process.poll() is None, f"the demo ended:\n{self.words()[-3000:]}"
            return "is open:" in self.words()

        return until(opened, seconds, "the demo opens")

    def program(self, word: str) -> psutil.Process | None:
        """The process of one line of the Procfile."""
        assert self.process
        for child in psutil.Process(self.process.pid).children():
            try:
                if word in child.cmdline():
                    return child
            except psutil.Error:
                continue
        return None

    def stop(self, number: signal.Signals = signal.SIGINT) -> float:
        """As ctrl-C does; seconds until the runner is gone."""
        assert self.process
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - started

    def left_behind(self) -> list[str]:
        """Every process that still works for this folder or serves this port."""
        found = []
        for process in psutil.process_iter(["pid", "cmdline", "status"]):
            if process.info["status"] == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            try:
                works_here = process.environ().get("VAR_DIR") == str(self.var) or process.cwd().startswith(
                    str(self.var)
                )
            except (psutil.Error, OSError):
                continue
            if works_here:
                found.append(" ".join(process.info["cmdline"] or []))
        return found
