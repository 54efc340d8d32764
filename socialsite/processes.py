"""Runs what a Procfile names: passes words on, starts again what died, leaves none behind; knows no site."""

import ctypes
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TextIO

from honcho.environ import parse_procfile

STOP_SECONDS = 12.0
PR_SET_PDEATHSIG = 1


@dataclass
class Program:
    """One line of the Procfile and the process that runs it now."""

    name: str
    command: list[str]
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    deaths: int = 0
    next_start: float = 0.0


@dataclass
class Programs:
    """All lines of a Procfile. `run` returns when `stop` was asked for and nothing runs any more."""

    programs: list[Program]
    environment: dict[str, str]
    folder: Path
    out: TextIO = field(default_factory=lambda: sys.stdout)
    stopping: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def from_procfile(cls, path: Path, environment: dict[str, str]) -> "Programs":
        lines = parse_procfile(path.read_text()).processes
        programs = [Program(name, _words(command, environment)) for name, command in lines.items()]
        return cls(programs, environment, path.parent)

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.start_those_due()
                self.stopping.wait(0.1)
        finally:
            self.stop_all()

    def start_those_due(self) -> None:
        for program in self.programs:
            if program.process and program.process.poll() is not None:
                self._mourn(program)
            if program.process is None and time.monotonic() >= program.next_start:
                self._start(program)

    def _start(self, program: Program) -> None:
        program.started = time.monotonic()
        program.process = subprocess.Popen(
            program.command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # ctrl-C reaches only the runner, which then stops its programs in order
            preexec_fn=_die_with_parent,
        )
        threading.Thread(target=self._pass_on, args=(program.name, program.process), daemon=True).start()

    def _mourn(self, program: Program) -> None:
        """Note a death; start again at once the first time, then ever later up to ten seconds."""
        assert program.process
        long_lived = time.monotonic() - program.started > 30
        program.deaths = 1 if long_lived else program.deaths + 1
        program.next_start = time.monotonic() + min(0.5 * 2 ** (program.deaths - 1), 10)
        _signal_group(program.process, signal.SIGKILL)
        self.say(program.name, f"ended ({_how(program.process.returncode)}); starting it again")
        program.process = None

    def _pass_on(self, name: str, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or []:
            self.say(name, line.rstrip())

    def say(self, name: str, line: str) -> None:
        print(f"{name:>8} | {line}", file=self.out, flush=True)

    def stop_all(self) -> None:
        """The last named first, so that the engines outlive those who use them; SIGKILL after some patience."""
        users = [program for program in self.programs if program.name != "engines"]
        engines = [program for program in self.programs if program.name == "engines"]
        for group in (users, engines):
            running = [program.process for program in group if program.process]
            for process in running:
                _signal_group(process, signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            for process in running:
                _wait_or_kill(process, deadline)


def _words(command: str, environment: dict[str, str]) -> list[str]:
    """A command of the Procfile as words; `$NAME` comes from the environment, `python` is the one that runs now."""
    words = shlex.split(Template(command).substitute(environment))
    return [sys.executable, *words[1:]] if words[0] == "python" else words


def _wait_or_kill(process: subprocess.Popen[str], deadline: float) -> None:
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        pass
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _die_with_parent() -> None:
    """On Linux, a program ends with its runner even when that was killed; elsewhere this does nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
