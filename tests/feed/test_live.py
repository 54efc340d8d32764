"""The live socket over the real channel layer: news arrive, private things do not, nonsense is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser

from accounts import actions as people
from feed import actions, live
from feed.models import Post
from feed.routing import websocket_urlpatterns

pytestmark = pytest.mark.django_db(transaction=True)
router = URLRouter(websocket_urlpatterns)


@asynccontextmanager
async def line(user: Any) -> AsyncIterator[WebsocketCommunicator]:
    """An open socket, signed in as `user`, that has joined its groups."""
    communicator = WebsocketCommunicator(router, "/live/")
    communicator.scope["user"] = user
    connected, _protocol = await communicator.connect()
    assert connected
    await communicator.send_json_to({"ping": 1})
    assert await communicator.receive_json_from(5) == {"kind": "pong"}
    try:
        yield communicator
    finally:
        await communicator.disconnect()


async def heard(communicator: WebsocketCommunicator, kind: str, seconds: float = 5) -> dict[str, Any]:
    """The next frame of this kind; others are passed over."""
    async with asyncio.timeout(seconds):
        while True:
            frame = await communicator.receive_json_from(seconds)
            if frame["kind"] == kind:
                return frame


async def quiet(communicator: WebsocketCommunicator) -> None:
    assert await communicator.receive_nothing(0.4, 0.05)


verb = database_sync_to_async


async def test_a_public_post_is_announced_to_everyone_and_to_followers(alice, bob):
    async with line(AnonymousUser()) as visitor, line(alice) as follower:
        post = await verb(actions.publish)(bob, "news for all", language="en")
        public = await heard(visitor, "post")
        assert public == {"kind": "post", "post": str(post.pk), "author": str(bob.pk), "language": "en"}
        assert (await heard(follower, "followed-post"))["post"] == str(post.pk)


async def test_a_followers_post_reaches_followers_only(alice, bob, charlie):
    async with line(alice) as follower, line(charlie) as stranger, line(AnonymousUser()) as visitor:
        post = await verb(actions.publish)(bob, "for my followers", visibility="followers")
        assert (await heard(follower, "followed-post"))["post"] == str(post.pk)
        await quiet(stranger)
        await quiet(visitor)


async def test_counts_move_for_pages_that_show_the_post(alice, bob, charlie):
    post = await verb(actions.publish)(bob, "count me")
    async with line(alice) as page:
        await page.send_json_to({"watch": [str(post.pk)]})
        await page.send_json_to({"ping": 1})
        await heard(page, "pong")
        await verb(actions.like)(charlie, post)
        assert (await heard(page, "counts"))["likes"] == 1
        await verb(actions.delete)(bob, post)
        assert (await heard(page, "gone"))["post"] == str(post.pk)


async def test_posts_one_may_not_read_cannot_be_watched(alice, bob, charlie):
    post = await verb(actions.publish)(bob, "private", visibility="followers")
    async with line(charlie) as page:
        await page.send_json_to({"watch": [str(post.pk)]})
        await page.send_json_to({"ping": 1})
        await heard(page, "pong")
        await verb(actions.like)(alice, post)
        await quiet(page)


async def test_notices_arrive_at_their_person_alone(alice, bob):
    post = await verb(actions.publish)(bob, "like me")
    async with line(bob) as mine, line(AnonymousUser()) as visitor:
        await verb(actions.like)(alice, post)
        assert (await heard(mine, "notices"))["unread"] == 2  # alice follows bob, and likes
        await quiet(visitor)
        await verb(actions.mark_notices_read)(bob)
        assert (await heard(mine, "notices"))["unread"] == 0


async def test_a_dropped_socket_learns_what_it_missed(alice, bob):
    before = await verb(actions.publish)(bob, "seen before")
    await verb(actions.publish)(bob, "missed one")
    await verb(actions.publish)(bob, "missed two @alice")
    async with line(alice) as page:
        await page.send_json_to({"since": str(before.pk)})
        assert await heard(page, "missed") == {"kind": "missed", "posts": 2, "unread": 1}


async def test_a_new_follow_or_block_changes_an_open_socket(alice, charlie, mallory):
    async with line(alice) as page:
        await verb(people.follow)(alice, charlie)
        await asyncio.sleep(0.5)
        post = await verb(actions.publish)(charlie, "after the follow", visibility="followers")
        assert (await heard(page, "followed-post"))["post"] == str(post.pk)
        await verb(people.block)(alice, charlie)
        await asyncio.sleep(0.5)
        await verb(actions.publish)(charlie, "after the block")
        await verb(actions.publish)(mallory, "blocked long ago")
        frames = []
        while not await page.receive_nothing(0.4, 0.05):
            frames.append((await page.receive_json_from(1))["kind"])
        assert "post" not in frames
        assert "followed-post" not in frames


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        "{}",
        '"text"',
        '{"watch": "all"}',
        '{"watch": ["1; DROP TABLE"]}',
        '{"watch": [99999999999999999999]}',
        '{"since": null}',
        '{"since": "x"}',
        '{"watch": [' + ",".join(['"1"'] * 101) + "]}",
        "{" + '"a":' * 5000,
        "[" * 4000,
        '{"watch": ["' + "1" * 9000 + '"]}',
    ],
)
async def test_malformed_frames_are_answered_and_harm_nothing(frame, db):
    async with line(AnonymousUser()) as page:
        await page.send_to(text_data=frame)
        assert (await page.receive_json_from(5))["kind"] == "error"
        await page.send_json_to({"ping": 1})
        assert await page.receive_json_from(5) == {"kind": "pong"}


async def test_bytes_are_refused_politely(db):
    async with line(AnonymousUser()) as page:
        await page.send_to(bytes_data=b"\x00\xff")
        assert (await page.receive_json_from(5))["kind"] == "error"


async def test_a_flood_is_closed(db):
    communicator = WebsocketCommunicator(router, "/live/")
    communicator.scope["user"] = AnonymousUser()
    await communicator.connect()
    for _ in range(45):
        await communicator.send_json_to({"ping": 1})
    closed = None
    for _ in range(50):
        message = await communicator.receive_output(5)
        if message["type"] == "websocket.close":
            closed = message["code"]
            break
    assert closed == 4008


async def test_subscriptions_are_bounded(bob, monkeypatch):
    monkeypatch.setattr("feed.consumers.WATCHED_AT_MOST", 3)

    def many() -> list[Post]:
        return [actions.publish(bob, f"post {n}") for n in range(5)]

    posts = await verb(many)()
    async with line(AnonymousUser()) as page:
        await page.send_json_to({"watch": [str(post.pk) for post in posts]})
        await page.send_json_to({"ping": 1})
        await heard(page, "pong")
        await verb(live.counts_changed)(posts[0].pk)
        await verb(live.counts_changed)(posts[4].pk)
        frames = [await page.receive_json_from(5)]
        assert await page.receive_nothing(0.4)
        assert len(frames) == 1


async def test_without_redis_the_socket_closes_politely_and_verbs_go_on(alice, bob, settings):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["unix:///nowhere/redis.sock"]},
        }
    }
    assert get_channel_layer() is not None
    communicator = WebsocketCommunicator(router, "/live/")
    communicator.scope["user"] = alice
    await communicator.connect()
    assert await communicator.receive_json_from(5) == {"kind": "error", "error": "unavailable"}
    assert (await communicator.receive_output(5)) == {"type": "websocket.close", "code": 1013}
    post = await verb(actions.publish)(bob, "still written")
    assert await verb(Post.objects.filter(pk=post.pk).exists)()
