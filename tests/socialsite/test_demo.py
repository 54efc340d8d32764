"""`make demo` as people meet it: it opens, says what is in its way, and closes without leaving anything running."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from socialsite.management.commands.compilemessages import compile_stale
from tests.kill.site import ROOT, Demo, free_port, own_folder

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    made = Demo(own_folder(), free_port())
    for outside in ("DATABASE_URL", "REDIS_URL"):
        made.environment.pop(outside, None)
    made.settle_one_person()
    yield made
    if made.process and made.process.poll() is None:
        made.stop(signal.SIGTERM)
    shutil.rmtree(made.var)


def another(demo: Demo, *words: str) -> str:
    """What a second demo says before it gives up."""
    command = [sys.executable, "manage.py", "demo", *words]
    ran = subprocess.run(
        command, cwd=ROOT, env=demo.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    return ran.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_opens_quickly_refuses_a_second_one_and_leaves_nothing_running(demo: Demo, number: signal.Signals) -> None:
    demo.log.unlink(missing_ok=True)
    demo.start()
    assert demo.wait_open(90) < 90
    connection = http.client.HTTPConnection("127.0.0.1", demo.port, timeout=10)
    connection.request("GET", "/healthz", headers={"Host": "localhost"})
    assert connection.getresponse().read() == b"alive"
    connection.close()
    assert f"already runs from this folder: http://localhost:{demo.port}/" in another(demo, "--port", str(free_port()))
    assert demo.stop(number) < 30
    assert demo.process
    assert demo.process.returncode == 0
    assert "Stopped." in demo.words()
    assert demo.left_behind() == []


def test_it_says_who_has_the_port_and_what_to_do(demo: Demo) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        said = another(demo, "--port", str(port))
    assert f"Port {port} of 127.0.0.1 is not free" in said
    assert f"process {os.getpid()}" in said
    assert f"make demo PORT={port + 1}" in said


def test_translations_are_compiled_without_gettext_and_only_when_they_changed(tmp_path) -> None:
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    (folder / "django.po").write_text(head + 'msgid "Good day"\nmsgstr "你好"\n')
    assert compile_stale([tmp_path]) == [folder / "django.mo"]
    assert compile_stale([tmp_path]) == []
    assert "你好".encode() in (folder / "django.mo").read_bytes()
