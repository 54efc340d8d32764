"""A new post, with a real broker and a real worker: it has its vector within two seconds, and a like its interest."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from ml.embedding.encoder import Encoder
from tests.ml.conftest import encoder  # noqa: F401 - the fixture

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
SETUP = """
import os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "socialsite.settings"
import django; django.setup()
import socialsite.celery
from accounts import actions as people
from accounts.models import User
from feed import actions
from ml.models import InterestVector, PostVector

def wait(true):
    started = time.perf_counter()
    while not true():
        assert time.perf_counter() - started < 60, "it never came true"
        time.sleep(0.01)
    return time.perf_counter() - started
"""
STORY = """
bob, alice = (User.objects.create_user(name, f"{name}@example.org") for name in ("bob", "alice"))
people.give_consent(alice, behaviour=True)
warm = actions.publish(bob, "The first post waits for the worker to load its model.")
wait(lambda: PostVector.objects.filter(post=warm).exists())
post = actions.publish(bob, "Saturn in the telescope tonight.")
print("vector", wait(lambda: PostVector.objects.filter(post=post).exists()))
actions.like(alice, post)
print("interest", wait(lambda: InterestVector.objects.filter(person=alice).exists()))
"""


@pytest.fixture
def site(tmp_path: Path, encoder: Encoder) -> Iterator[dict[str, str]]:  # noqa: F811
    """The environment of a site of its own with a worker, using the models that are prepared."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "models").symlink_to(settings.MODELS_DIR)
    outside = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
    env = {name: value for name, value in os.environ.items() if name not in outside}
    env |= {"VAR_DIR": str(tmp_path / "var"), "PYTHONPATH": str(ROOT)}
    run = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(run, cwd=ROOT, env=env, check=True, timeout=120)
    command = [sys.executable, "-m", "celery", "-A", "socialsite", "worker", "--concurrency", "1"]
    worker = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield env
    worker.terminate()
    worker.wait(30)


def test_a_post_has_its_vector_and_a_like_its_interest_in_two_seconds(site: dict[str, str]) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SETUP + STORY], cwd=ROOT, env=site, capture_output=True, text=True, timeout=180
    )
    assert told.returncode == 0, told.stderr[-2000:]
    seconds = dict(line.split() for line in told.stdout.splitlines() if line.startswith(("vector", "interest")))
    print(seconds)
    assert float(seconds["vector"]) < 2.0
    assert float(seconds["interest"]) < 2.0
