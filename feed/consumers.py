"""The live socket: decodes what a page asks, joins it to the right groups, forwards news. It writes nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from typing import Any

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from prometheus_client import Gauge
from redis.exceptions import RedisError

from accounts.models import Block, Follow, Mute
from feed import live, timelines
from feed.models import Notification, Post

log = structlog.get_logger(__name__)
SOCKETS = Gauge("courtyard_sockets_open", "Live sockets of this process", multiprocess_mode="livesum")

FRAME_BYTES = 8192
WATCH_AT_ONCE = 100
WATCHED_AT_MOST = 300
FOLLOWED_AT_MOST = 1000
FRAMES, PER_SECONDS = 40, 10  # more than a page ever sends
TRY_AGAIN_LATER = 1013
TOO_MANY = 4008
JOIN_SECONDS = 5


class LiveConsumer(AsyncWebsocketConsumer):
    """JSON text frames. Visitors without an account hear public news only.

    A page sends `{"watch": [ids]}` (at most 100 at once), `{"since": id, "tab": name}` when it connects again, and
    `{"ping": 1}` to know that the line is alive. It is sent `{"kind": …}`: post, followed-post, counts, gone, answer,
    notices, missed (the answer to since), pong, error.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """A socket that cannot be served (Redis is away before it begins) is told so and closed, not dropped."""
        self.open = False
        try:
            await super().__call__(scope, receive, send)
        except RedisError as error:
            log.warning("live_unreachable", error=repr(error))
            if not self.open:
                await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": json.dumps({"kind": "error", "error": "unavailable"})})
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})

    async def connect(self) -> None:
        self.open = True
        self.user = self.scope["user"]
        self.person_id: int | None = self.user.pk if self.user.is_authenticated else None
        self.joined: set[str] = set()
        self.watched: dict[str, None] = {}  # in the order of watching: the oldest make room
        self.unwanted: set[str] = set()  # authors of whom this person wants to hear nothing
        self.frames: deque[float] = deque(maxlen=FRAMES)
        await self.accept()
        SOCKETS.inc()
        self.counted = True
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                await self._join(live.PUBLIC)
                if self.person_id is not None:
                    await self._join(live.person_group(self.person_id))
                    await self._read_relations()
        except Exception as error:  # Redis is away: the page works without, and tries again later
            log.warning("live_unreachable", error=repr(error))
            await self._say(kind="error", error="unavailable")
            await self.close(TRY_AGAIN_LATER)

    async def disconnect(self, code: int) -> None:
        if getattr(self, "counted", False):
            SOCKETS.dec()
        for group in [*getattr(self, "joined", ()), *getattr(self, "watched", ())]:
            try:
                async with asyncio.timeout(1):
                    await self.channel_layer.group_discard(group, self.channel_name)
            except Exception:  # the connection to Redis is gone, and the groups with it
                return

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        now = time.monotonic()
        if len(self.frames) == FRAMES and now - self.frames[0] < PER_SECONDS:
            await self.close(TOO_MANY)
            return
        self.frames.append(now)
        frame = self._decoded(text_data)
        if frame is None:
            await self._say(kind="error", error="malformed")
            return
        try:
            await self._answer(frame)
        except Exception as error:
            log.warning("live_frame_failed", error=repr(error))
            await self._say(kind="error", error="failed")

    @staticmethod
    def _decoded(text: str | None) -> dict[str, Any] | None:
        if text is None or len(text) > FRAME_BYTES:
            return None
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return frame if isinstance(frame, dict) else None

    async def _answer(self, frame: dict[str, Any]) -> None:
        if "watch" in frame:
            ids = _ids(frame["watch"])
            if ids is None:
                await self._say(kind="error", error="malformed")
                return
            await self._watch(ids)
        if "since" in frame:
            ids = _ids([frame["since"]])
            if not ids:
                await self._say(kind="error", error="malformed")
                return
            posts, unread = await self._missed(ids[0], str(frame.get("tab", "local")))
            await self._say(kind="missed", posts=posts, unread=unread)
        if "ping" in frame:
            await self._say(kind="pong")
        if not {"watch", "since", "ping"} & set(frame):
            await self._say(kind="error", error="unknown")

    async def _watch(self, ids: list[int]) -> None:
        """Hear of these posts from now on; those the person may not read are left out."""
        for post_id in await self._readable(ids):
            group = live.post_group(post_id)
            if group not in self.watched:
                await self.channel_layer.group_add(group, self.channel_name)
            self.watched.pop(group, None)
            self.watched[group] = None
        while len(self.watched) > WATCHED_AT_MOST:
            oldest = next(iter(self.watched))
            del self.watched[oldest]
            await self.channel_layer.group_discard(oldest, self.channel_name)

    async def _join(self, group: str) -> None:
        await self.channel_layer.group_add(group, self.channel_name)
        self.joined.add(group)

    async def _read_relations(self) -> None:
        """Whom the person follows (followers-only posts arrive by author) and of whom they want to hear nothing."""
        followed, self.unwanted = await self._relations()
        wanted = {live.author_group(author) for author in followed}
        have = {group for group in self.joined if group.startswith("author.")}
        for group in have - wanted:
            await self.channel_layer.group_discard(group, self.channel_name)
            self.joined.discard(group)
        for group in wanted - have:
            await self._join(group)

    async def live_relations(self, event: dict[str, Any]) -> None:
        await self._read_relations()

    async def live_news(self, event: dict[str, Any]) -> None:
        """News from the groups, forwarded unless it is about somebody unwanted or made by this person."""
        author = event.get("author") or event.get("by")
        if author in self.unwanted or (author is not None and author == str(self.person_id)):
            return
        await self._say(**{name: value for name, value in event.items() if name not in ("type", "by")})

    async def _say(self, **facts: Any) -> None:
        await self.send(text_data=json.dumps(facts))

    @database_sync_to_async
    def _relations(self) -> tuple[list[int], set[str]]:
        me = self.person_id
        links = Follow.objects.filter(follower=me).order_by("-pk")
        followed = list(links.values_list("followed_id", flat=True)[:FOLLOWED_AT_MOST])
        unwanted = set(Block.objects.filter(blocker=me).values_list("blocked_id", flat=True))
        unwanted |= set(Block.objects.filter(blocked=me).values_list("blocker_id", flat=True))
        unwanted |= set(Mute.objects.active().filter(muter=me).values_list("muted_id", flat=True))
        return followed, {str(pk) for pk in unwanted}

    @database_sync_to_async
    def _readable(self, ids: list[int]) -> list[int]:
        return list(Post.objects.visible_to(self.user).filter(pk__in=ids).values_list("pk", flat=True))

    @database_sync_to_async
    def _missed(self, since: int, tab: str) -> tuple[int, int]:
        unread = Notification.objects.filter(recipient=self.person_id, read_at=None).count() if self.person_id else 0
        return timelines.count_newer(self.user, since, tab), unread


def _ids(values: Any) -> list[int] | None:
    """Ids from a frame, at most a hundred; None where something is not an id."""
    if not isinstance(values, list) or len(values) > WATCH_AT_ONCE:
        return None
    try:
        return [timelines.read_id(str(value)) for value in values]
    except timelines.BadCursor:
        return None
