"""The cast of every test: alice follows bob; charlie is a stranger; mallory is blocked by alice."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from accounts import actions as people
from accounts.models import User
from tests.kill.site import Demo, free_port, own_folder

# Tests never write into the developer's own var/: the embedded engines are shared, the files are not.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "false")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What forks this process comes first, before torch and its threads are in it: a copy of those hangs. The browser
    comes last: it opens home so often that people have been shown everything."""
    items.sort(key=lambda item: ("browser" in item.path.parts, item.get_closest_marker("forks") is None))


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> None:
    """Uploads of a test go to a folder of its own; passwords are hashed fast; nothing is rate-limited unless asked."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.RATE_LIMITS_ENABLED = False


@pytest.fixture(autouse=True)
def forget_cache() -> Iterator[None]:
    """What one test cached, the next does not see."""
    yield
    cache.delete_pattern("*")  # `clear` would empty the whole Redis, queues of the running site included


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """Makes a person: `person("alice", languages=["en"])`; they have consented to learning unless told otherwise."""

    def make(name: str, *, languages: tuple[str, ...] = ("en",), consents: bool = True, **fields: Any) -> User:
        user = User.objects.create_user(name, f"{name}@example.org", "correct horse", **fields)
        user.profile.languages = list(languages)
        user.profile.display_name = name.title()
        user.profile.save()
        people.finish_onboarding(user)
        if consents:
            people.give_consent(user, behaviour=True)
        return User.objects.select_related("profile", "consent").get(pk=user.pk)

    return make


@pytest.fixture
def bob(person: Callable[..., User]) -> User:
    return person("bob")


@pytest.fixture
def alice(person: Callable[..., User], bob: User) -> User:
    alice = person("alice")
    people.follow(alice, bob)
    return alice


@pytest.fixture
def charlie(person: Callable[..., User]) -> User:
    """A stranger to everyone."""
    return person("charlie")


@pytest.fixture
def mallory(person: Callable[..., User], alice: User) -> User:
    """Blocked by alice."""
    mallory = person("mallory")
    people.block(alice, mallory)
    return mallory


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo | None]:
    """The demo town, served by processes of its own that leave no trace; none where SITE_AT names one that runs."""
    if os.environ.get("SITE_AT"):
        yield None
        return
    var = own_folder()
    demo = Demo(var, free_port())
    demo.start()
    try:
        demo.wait_open(seconds=900)
        yield demo
    finally:
        if demo.process and demo.process.poll() is None:
            demo.stop(signal.SIGINT)
        shutil.rmtree(var, ignore_errors=True)


@pytest.fixture(scope="session")
def address(demo: Demo | None) -> str:
    """Where the demo town is."""
    return f"http://localhost:{demo.port}" if demo else os.environ["SITE_AT"].rstrip("/")
