"""Who hears about it at once: news to open sockets over the channel layer. A dead Redis costs news, not posts."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from feed.models import Notification, Post
from feed.models.post import Visibility

log = structlog.get_logger(__name__)

PUBLIC = "public"  # every open page
SEND_SECONDS = 2


def person_group(person_id: int) -> str:
    """Everything meant for one person alone."""
    return f"person.{person_id}"


def author_group(author_id: int) -> str:
    """The author's followers who are here now."""
    return f"author.{author_id}"


def post_group(post_id: int) -> str:
    """Pages that show this post."""
    return f"post.{post_id}"


def send(group: str, kind: str, **facts: Any) -> None:
    """Send `{"type": "live.news", "kind": kind, …}` to a group. Ids travel as strings: JavaScript rounds them."""
    _publish(group, {"type": "live.news", "kind": kind, **facts})


def _publish(group: str, message: dict[str, Any]) -> None:
    """Never later than two seconds and never an error: whoever wrote something must not wait for who listens."""
    layer = get_channel_layer()
    if layer is None:
        return

    async def deliver() -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await layer.group_send(group, message)

    try:
        async_to_sync(deliver)()
    except Exception as error:
        log.warning("live_unreachable", group=group, kind=message.get("kind"), error=repr(error))


def relations_changed(person_id: int) -> None:
    """The person's open pages read anew whom they follow and of whom they want to hear nothing."""
    _publish(person_group(person_id), {"type": "live.relations"})


def new_post(post_id: int) -> None:
    post = Post.objects.alive().filter(pk=post_id).first()
    if post is None:
        return
    if post.parent_id is not None:
        counts_changed(post.parent_id)
        send(post_group(post.root_id), "answer", post=str(post.root_id), by=str(post.author_id))
        return
    facts = {"post": str(post.pk), "author": str(post.author_id), "language": post.language}
    if post.visibility == Visibility.PUBLIC:
        send(PUBLIC, "post", **facts)
    if post.visibility in (Visibility.PUBLIC, Visibility.FOLLOWERS):
        send(author_group(post.author_id), "followed-post", **facts)


def counts_changed(post_id: int) -> None:
    counts = Post.objects.filter(pk=post_id).values("likes_count", "comments_count", "reposts_count").first()
    if counts is not None:
        send(
            post_group(post_id),
            "counts",
            post=str(post_id),
            likes=counts["likes_count"],
            comments=counts["comments_count"],
            reposts=counts["reposts_count"],
        )


def post_gone(post_id: int) -> None:
    send(post_group(post_id), "gone", post=str(post_id))
    parent = Post.objects.filter(pk=post_id).values_list("parent_id", flat=True).first()
    if parent is not None:
        counts_changed(parent)


def new_notice(recipient_id: int) -> None:
    unread = Notification.objects.filter(recipient_id=recipient_id, read_at=None).count()
    send(person_group(recipient_id), "notices", unread=unread)
