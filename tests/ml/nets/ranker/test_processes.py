"""Training that is killed goes on as if it had not been; two processes train one net."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from safetensors.numpy import load_file

from ml.nets.ranker import export, fit
from ml.nets.ranker.data import Dataset
from tests.ml.nets.ranker.town import Town

pytestmark = pytest.mark.processes
OPTIONS = ["--threads", "1", "--batch", "16", "--epochs", "1", "--least-steps", "60", "--checkpoint-every", "5"]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Town(people=30, requests=300, likes=-2).write(tmp_path_factory.mktemp("town"))


def started(town: Dataset, out: Path, *before: str) -> subprocess.Popen[str]:
    call = [sys.executable, "-m", *before, "ml.nets.ranker", str(town.folder), str(out), *OPTIONS]
    quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(call, cwd=settings.BASE_DIR, env=quiet, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> str:
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    return told


def killed(town: Dataset, out: Path) -> None:
    """With kill -9, once a checkpoint is there."""
    process = started(town, out)
    deadline = time.monotonic() + 300
    while not (out / fit.CHECKPOINT).exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (out / export.CARD).exists()


def test_a_killed_training_resumes_to_the_same_weights(town: Dataset, tmp_path: Path) -> None:
    finished(started(town, tmp_path / "whole"))
    killed(town, tmp_path / "killed")
    told = finished(started(town, tmp_path / "killed"))
    assert re.search(r"^[1-9]\d*/60 going on from a checkpoint$", told, re.MULTILINE), told
    whole, resumed = (load_file(tmp_path / name / export.WEIGHTS) for name in ("whole", "killed"))
    assert all((whole[name] == resumed[name]).all() for name in whole)


def test_two_processes_train_one_net(town: Dataset, tmp_path: Path) -> None:
    told = finished(started(town, tmp_path, "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m"))
    assert told.count("exporting") == 1
    card = json.loads((tmp_path / export.CARD).read_text())
    assert card["metrics"]["test"]["heads"]["like"]["auc"] > 0.65
    assert all(np.isfinite(values).all() for values in load_file(tmp_path / export.WEIGHTS).values())
