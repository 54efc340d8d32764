"""`make kill`: posts and likes over HTTP while web, worker, PostgreSQL and Redis are killed; counts what was lost.

    python -m tests.kill.run [--acts 500] [--people 4]

Ends with status 1 when an acknowledged act is missing, a post gets no vector, or a process remains.
"""

import argparse
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.kill.site import Demo, free_port, own_folder, until
from tests.kill.writers import Acknowledged, Writer

PATIENCE_SECONDS = 120.0


def sessions_of_new_people(number: int) -> dict[int, str]:
    """Fresh people, signed in; one post, so that the demo does not seed its own."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore
    from django.core.management import call_command

    from accounts import actions as people
    from accounts.models import User
    from feed import actions

    call_command("migrate", verbosity=0, interactive=False)
    found = {}
    for count in range(number):
        person = User.objects.create_user(f"writer{count}", f"writer{count}@example.org", "correct horse")
        people.finish_onboarding(person)
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.save()
        found[person.pk] = session.session_key
    actions.publish(person, "The first post of all")
    return found


def write(writers: list[Writer], acts: int, during: Callable[[], None]) -> None:
    """All writers act at once, three posts to two likes, until enough is acknowledged; `during` runs beside them."""
    until_then = time.monotonic() + PATIENCE_SECONDS + acts
    failures: list[BaseException] = []

    def life(writer: Writer) -> None:
        turn = 0
        try:
            while writer.done.acts < acts and not failures:
                if turn % 5 in (1, 3):
                    writer.like_one(until_then)
                else:
                    writer.publish(f"Note {turn} of {writer.person}: the pond froze over, then thawed", until_then)
                turn += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=life, args=(writer,), daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    during()
    for thread in threads:
        thread.join(PATIENCE_SECONDS + acts)
    if failures:
        raise failures[0]


def kill_in_turn(demo: Demo, done: Acknowledged, acts: int) -> None:
    """SIGKILL to each of the four, evenly spread over the acts; says how soon acts are acknowledged again."""
    from socialsite.engines.kinds import Postgres, Redis

    victims: dict[str, Callable[[], Any]] = {
        "web": lambda: demo.program("socialsite.asgi:application"),
        "worker": lambda: demo.program("worker"),
        "PostgreSQL": Postgres(demo.var).running,
        "Redis": Redis(demo.var).running,
    }
    for number, (name, find) in enumerate(victims.items(), start=1):
        until(lambda goal=acts * number // 5: done.acts >= goal, PATIENCE_SECONDS, f"acts before killing {name}")
        victim = find()
        assert victim, f"{name} does not run"
        before = done.acts
        victim.send_signal(signal.SIGKILL)
        seconds = until(lambda goal=before + 5: done.acts >= goal, PATIENCE_SECONDS, f"five acts after killing {name}")
        print(
            f"killed {name:<10} after {before:>4} acts; five more were acknowledged within {seconds:.1f} s", flush=True
        )


def missing(done: Acknowledged) -> list[str]:
    """Every acknowledged act that the database does not have."""
    from feed.models import Like, Post

    posts = dict(Post.objects.filter(text__in=done.posts).values_list("text", "pk"))
    likes = set(Like.objects.values_list("person_id", "post_id"))
    lost = [f"post {post}: {text}" for text, post in done.posts.items() if posts.get(text) != post]
    return lost + [f"like of {post} by {person}" for person, post in done.likes - likes]


def without_vector() -> int:
    from feed.models import Post
    from ml.models import PostVector

    return Post.objects.exclude(pk__in=PostVector.objects.values("post_id")).count()


def run(acts: int, people: int, var: Path) -> int:
    os.environ |= {"VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "socialsite.settings"}
    import django
    from django.db import connection
    from django.urls import reverse

    django.setup()
    demo = Demo(var, free_port())
    sessions = sessions_of_new_people(people)
    connection.close()
    demo.start()
    print(f"the site opened after {demo.wait_open():.1f} s", flush=True)
    done = Acknowledged()
    compose, like = reverse("feed:compose"), lambda post: reverse("feed:like", args=[post])
    writers = [Writer(demo.port, person, session, compose, like, done) for person, session in sessions.items()]
    started = time.monotonic()
    try:
        write(writers, acts, lambda: kill_in_turn(demo, done, acts))
        print(f"{len(done.posts)} posts and {len(done.likes)} likes in {time.monotonic() - started:.0f} s", flush=True)
        print(f"on the way: {done.refusals}", flush=True)
        seconds = until(lambda: without_vector() == 0, PATIENCE_SECONDS, "every post has its vector")
        print(f"every post has its vector {seconds:.1f} s after the last act", flush=True)
    finally:
        connection.close()
        print(f"stopped in {demo.stop():.1f} s", flush=True)
    lost = missing(done)  # asks a database that was stopped and is started again for this
    connection.close()
    return report(lost, demo)


def report(lost: list[str], demo: Demo) -> int:
    from socialsite import embedded

    embedded.stop_when_unused(demo.var)
    remains = demo.left_behind()
    print(f"lost: {lost or 'nothing'}; left running: {remains or 'nothing'}", flush=True)
    return 1 if lost or remains else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acts", type=int, default=500)
    parser.add_argument("--people", type=int, default=4)
    options = parser.parse_args()
    var = own_folder()
    try:
        return run(options.acts, options.people, var)
    except AssertionError as error:
        print(error, file=sys.stderr)
        print(
            (var / "demo.log").read_text(errors="replace")[-5000:] if (var / "demo.log").exists() else "",
            file=sys.stderr,
        )
        return 1
    finally:
        shutil.rmtree(var, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
