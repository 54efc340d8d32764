"""People who post and like over HTTP and never give up: each act is repeated until the site says that it is done."""

import http.client
import random
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

CSRF = "k" * 32


@dataclass
class Acknowledged:
    """What the site said it had done: it may lose none of it."""

    posts: dict[str, int] = field(default_factory=dict)  # text -> id
    likes: set[tuple[int, int]] = field(default_factory=set)  # person, post
    refusals: dict[str, int] = field(default_factory=dict)  # what went wrong on the way -> how often
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def acts(self) -> int:
        with self.lock:
            return len(self.posts) + len(self.likes)


@dataclass
class Writer:
    """One person's browser. `addresses` gives the paths of the composer and of a like."""

    port: int
    person: int
    session: str
    compose: str
    like: Callable[[int], str]
    done: Acknowledged

    def publish(self, text: str, until: float) -> None:
        fields = {"text": text, "place": "post", "idempotency_key": uuid.uuid4().hex}
        location = self._insist(self.compose, fields, until)
        post = int(urllib.parse.urlsplit(location).path.rstrip("/").rsplit("/", 1)[-1])
        with self.done.lock:
            self.done.posts[text] = post

    def like_one(self, until: float) -> None:
        with self.done.lock:
            open_posts = [post for post in self.done.posts.values() if (self.person, post) not in self.done.likes]
        if open_posts:
            post = random.choice(open_posts)
            self._insist(self.like(post), {}, until)
            with self.done.lock:
                self.done.likes.add((self.person, post))

    def _insist(self, path: str, fields: dict[str, str], until: float) -> str:
        """Repeat one request until it is acknowledged by a redirect; its address. AssertionError after `until`."""
        while time.monotonic() < until:
            try:
                status, location = self._send(path, fields)
            except (OSError, http.client.HTTPException) as error:
                self._count(type(error).__name__)
            else:
                if status == 302 and "/login" not in location:
                    return location
                self._count(f"status {status} {location}".strip())
            time.sleep(0.1)
        raise AssertionError(f"{path} was never acknowledged: {self.done.refusals}")

    def _send(self, path: str, fields: dict[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": CSRF})
        headers = {
            "Host": f"localhost:{self.port}",
            "Cookie": f"sessionid={self.session}; csrftoken={CSRF}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("Location", "")
        finally:
            connection.close()

    def _count(self, what: str) -> None:
        with self.done.lock:
            self.done.refusals[what] = self.done.refusals.get(what, 0) + 1
