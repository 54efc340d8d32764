"""Connections to the embedded Redis that start it when it is not there; on other sockets they are ordinary."""

import asyncio
import contextlib
import socket
from typing import Any
from urllib.parse import urlsplit

import redis
import redis.asyncio
from celery import Celery, signals

from socialsite import embedded
from socialsite.engines.accounts import EngineError

WAIT_SECONDS = 5.0  # a page would rather be plainer than late


class Connection(redis.UnixDomainSocketConnection):
    def _connect(self) -> socket.socket:
        try:
            return super()._connect()
        except OSError as error:
            _start(self.path, error)
            return super()._connect()


class AsyncConnection(redis.asyncio.UnixDomainSocketConnection):
    async def _connect(self) -> None:
        try:
            await super()._connect()
        except OSError as error:
            await asyncio.to_thread(_start, self.path, error)
            await super()._connect()


def async_host(url: str) -> dict[str, Any]:
    """One of the channel layer's hosts. By its path, because an address would choose the connection's class itself."""
    return {"path": urlsplit(url).path, "connection_class": AsyncConnection}


def _start(path: str, reason: OSError) -> None:
    try:
        embedded.ensure_redis_at(path, WAIT_SECONDS)
    except EngineError as error:
        raise ConnectionRefusedError(str(error)) from reason


def start_broker(app: Celery) -> None:
    """Start the embedded Redis where it is the broker; for whoever is about to open a connection of Celery's own."""
    path = urlsplit(app.conf.broker_url or "").path
    with contextlib.suppress(EngineError):  # Celery retries, and says what it cannot reach
        embedded.ensure_redis_at(path, WAIT_SECONDS)


def start_for_celery(app: Celery) -> None:
    """Have the broker started before a worker, beat or publisher talks to it: Celery makes its own connections."""

    def start(**_: Any) -> None:
        start_broker(app)

    for signal in (signals.celeryd_init, signals.beat_init, signals.before_task_publish):
        signal.connect(start, weak=False)
