"""Connections to the embedded Redis that start it when it is not there; for other sockets they are the ordinary ones."""

import asyncio
import socket

import redis
import redis.asyncio

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


def _start(path: str, reason: OSError) -> None:
    try:
        embedded.ensure_redis_at(path, WAIT_SECONDS)
    except EngineError as error:
        raise ConnectionRefusedError(str(error)) from reason
