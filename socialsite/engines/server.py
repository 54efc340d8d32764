"""One embedded server: its folders, its life, what a killed one left behind; `embedded.py` decides when."""

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, ClassVar

import psutil

from .accounts import EngineError, account_for_root, let_others_pass

LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 108 on Linux and 104 on macOS
LARGEST_LOG = 10_000_000


class Engine:
    """One server under one var folder. Making one touches no file and starts nothing."""

    name: ClassVar[str]
    program: ClassVar[str]
    pid_file: ClassVar[str]
    stop_signals: ClassVar[list[tuple[signal.Signals, float]]]

    def __init__(self, var: Path) -> None:
        self.var = var.resolve()
        self.data = self.var / self.name
        self.run = self.var / "run"
        self.users_lock = self.run / f"{self.name}.users"
        self.keeper_lock = self.run / f"{self.name}.keeper"
        self.keeper_log = self.run / f"{self.name}.keeper.log"
        self.log = self.run / f"{self.name}.log"
        self.sockets = self._socket_folder()
        self.socket = self.sockets / self.socket_name
        self.process: psutil.Process | psutil.Popen | None = None

    @property
    def socket_name(self) -> str:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def prepare(self) -> None:
        """Make what must exist before the first start."""

    def address(self) -> str:
        raise NotImplementedError

    # --- folders ---
    def _socket_folder(self) -> Path:
        """Beside the data, or under /tmp where that path would be too long for a socket."""
        folder = self.run / f"{self.name}-socket"
        if len(os.fsencode(folder / f"{self.socket_name}.lock")) <= LONGEST_SOCKET_PATH:
            return folder
        owner = self.var.stat().st_uid if self.var.exists() else os.geteuid()
        digest = hashlib.sha256(os.fsencode(self.var)).hexdigest()[:12]
        return Path("/tmp") / f"courtyard-{owner}-{digest}-{self.name}"

    def make_run_folder(self) -> None:
        try:
            self.run.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(f"cannot write to {self.run}: {error.strerror}") from error
        self.give_to_owner(self.run)

    def give_to_owner(self, path: Path) -> None:
        """What root makes in someone's var folder becomes theirs, so that they can go on without root."""
        if os.geteuid() == 0:
            owner = self.var.stat()
            os.chown(path, owner.st_uid, owner.st_gid)

    def make_folder(self, folder: Path) -> None:
        """A private folder owned by the account that runs the server; refuses one that someone else planted."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        uid, gid = self.account()
        if folder.is_symlink() or folder.stat().st_uid not in {uid, os.geteuid()}:
            raise EngineError(f"{folder} belongs to someone else; remove it, or choose another VAR_DIR")
        if os.geteuid() == 0:
            os.chown(folder, uid, gid)
            let_others_pass(folder.parent)
        folder.chmod(0o700)

    def account(self) -> tuple[int, int]:
        """User and group ids the server runs as: our own, or for root (whom PostgreSQL refuses) another account."""
        if os.geteuid() != 0:
            return os.geteuid(), os.getegid()
        for path in (self.data, self.var):
            if path.exists() and (owner := path.stat()).st_uid != 0:
                return owner.st_uid, owner.st_gid
        return account_for_root()

    # --- life ---
    def start(self) -> None:
        """Adopt the server that runs on our data, or start one. EngineError when it cannot be started at all."""
        self.process = self.running()
        if self.process and self._answers_within(3):
            return
        self._sweep()
        try:
            self.make_folder(self.sockets)
            self.prepare()
            self.make_folder(self.data)
            self._launch()
        except (OSError, subprocess.SubprocessError) as error:
            raise EngineError(f"{self.name} cannot be started: {error}") from error

    def _launch(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.give_to_owner(self.log)
            self.process = psutil.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.as_account(self.data),
            )

    def as_account(self, folder: Path) -> dict[str, Any]:
        """Arguments for subprocess: the account, the folder, and an environment without the caller's PG* variables."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
        arguments: dict[str, Any] = {"cwd": folder, "env": {**environment, "LC_ALL": "C"}}
        if os.geteuid() == 0:
            uid, gid = self.account()
            arguments |= {"user": uid, "group": gid, "extra_groups": []}
        return arguments

    def died(self) -> bool:
        """Whether the server ended, or its socket was taken away (then nobody can reach it any more)."""
        if self.process is None or _ended(self.process):
            return True
        return not self.socket.exists() and not self._answers_within(1)

    def _answers_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process and not _ended(self.process):
            if self.accepts():
                return True
            time.sleep(0.05)
        return False

    def ready(self) -> bool:
        """Whether a client would be served now; a server that recovers after a crash accepts before it is ready."""
        return self.accepts()

    def accepts(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self.socket))
            except OSError:
                return False
            return True

    def stop(self) -> None:
        """Ask politely, then firmly, then kill; afterwards nothing runs on our data."""
        process: Any = self.process or self.running()
        for number, patience in self.stop_signals if process else []:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
            if _ends_within(process, patience):
                break
        self._sweep()

    def processes(self) -> list[psutil.Process]:
        """Every process of our program that works in our data folder: a reused process id can never be among them."""
        found = []
        for process in psutil.process_iter(["name"]):
            if process.info["name"] == self.program:
                try:
                    if Path(process.cwd()) == self.data:
                        found.append(process)
                except (psutil.Error, OSError):
                    continue
        return found

    def running(self) -> psutil.Process | None:
        try:
            pid = int((self.data / self.pid_file).read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return next((process for process in self.processes() if process.pid == pid), None)

    def _sweep(self) -> None:
        """Remove what a killed server left: children that still work on the data, stale pid files and sockets."""
        orphans = self.processes()
        for orphan in orphans:
            try:
                orphan.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(orphans, timeout=5)
        for path in (self.data / self.pid_file, self.socket, self.sockets / f"{self.socket_name}.lock"):
            path.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The end of the newest log, for an error message."""
        logs = [path for path in (self.keeper_log, self.log) if path.exists() and path.stat().st_size]
        lines = [line for path in logs for line in path.read_text(errors="replace").splitlines()[-3:]]
        return " | ".join(lines) or "it said nothing"


def _ended(process: psutil.Process) -> bool:
    """Reaps a child; an adopted server that nobody reaps (in a container, perhaps) has ended all the same."""
    try:
        process.wait(0)
    except psutil.TimeoutExpired:
        try:
            return bool(process.status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True
    except psutil.NoSuchProcess:
        pass
    return True


def _ends_within(process: psutil.Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (ended := _ended(process)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return ended
