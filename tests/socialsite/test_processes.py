"""The runner of the Procfile: words passed on, the dead revived, and nobody left behind however it ends."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from socialsite.processes import Programs

pytestmark = [pytest.mark.processes, pytest.mark.forks]
ROOT = Path(__file__).resolve().parents[2]


def until(true: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def programs(folder: Path, procfile: str) -> Programs:
    (folder / "Procfile").write_text(procfile)
    made = Programs.from_procfile(folder / "Procfile", dict(os.environ) | {"GREETING": "good day"})
    made.out = io.StringIO()
    return made


def run(made: Programs) -> threading.Thread:
    """`preexec_fn` binds children to the thread that started them, so the thread is joined before the test ends."""
    thread = threading.Thread(target=made.run)
    thread.start()
    return thread


def stop(made: Programs, thread: threading.Thread) -> None:
    made.stopping.set()
    thread.join(30)
    assert not thread.is_alive()


def test_words_are_passed_on_under_the_name_of_the_program(tmp_path: Path) -> None:
    made = programs(tmp_path, """greeter: python -c 'import sys; print("$GREETING"); sys.stdin.read()'\n""")
    thread = run(made)
    until(lambda: "greeter | good day" in made.out.getvalue())  # type: ignore[attr-defined]
    stop(made, thread)


def test_a_program_that_died_is_started_again(tmp_path: Path) -> None:
    made = programs(tmp_path, "sleeper: sleep 600\n")
    thread = run(made)
    until(lambda: made.programs[0].process)
    first = made.programs[0].process.pid  # type: ignore[union-attr]
    os.kill(first, signal.SIGKILL)
    until(lambda: made.programs[0].process and made.programs[0].process.pid != first)
    assert "killed by SIGKILL" in made.out.getvalue()  # type: ignore[attr-defined]
    stop(made, thread)


def test_stopping_ends_even_those_who_will_not_listen_and_their_children(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("socialsite.processes.STOP_SECONDS", 0.5)
    stubborn = "import signal, subprocess, time; signal.signal(15, signal.SIG_IGN)"
    code = f"{stubborn}; print(subprocess.Popen([\\'sleep\\', \\'601\\']).pid, flush=True); time.sleep(600)"
    made = programs(tmp_path, "stubborn: python -c '" + code.replace("\\'", '"') + "'\n")
    thread = run(made)
    until(lambda: "|" in made.out.getvalue())  # type: ignore[attr-defined]
    pids = [made.programs[0].process.pid, int(made.out.getvalue().split("|")[1])]  # type: ignore[union-attr,attr-defined]
    assert all(alive(pid) for pid in pids)
    stop(made, thread)
    until(lambda: not any(alive(pid) for pid in pids))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_killed_runner_takes_its_programs_along(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("sleeper: sleep 600\n")
    code = (
        "import os, pathlib; from socialsite.processes import Programs;"
        f"Programs.from_procfile(pathlib.Path({str(tmp_path / 'Procfile')!r}), dict(os.environ)).run()"
    )
    runner = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    until(lambda: psutil.Process(runner.pid).children(), 30)
    (child,) = psutil.Process(runner.pid).children()
    runner.kill()
    runner.wait()
    until(lambda: not alive(child.pid))
