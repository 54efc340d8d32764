"""A short run of `make kill`: nothing acknowledged is lost to SIGKILL, and nothing keeps running afterwards."""

import os
import subprocess
import sys

import pytest

from tests.kill.site import ROOT

pytestmark = pytest.mark.processes


def test_no_acknowledged_act_is_lost_when_everything_is_killed_in_turn() -> None:
    environment = {name: text for name, text in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    command = [sys.executable, "-m", "tests.kill.run", "--acts", "80"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "lost: nothing; left running: nothing" in ran.stdout
