"""Telling someone what happened, and noting that they have read it."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actions import announce
from accounts.models import Block, Mute, User
from accounts.races import get_or_create
from feed import signals
from feed.models import Group, Notification, Post


def notify(
    recipient_id: int,
    kind: str,
    *,
    actor: User | None = None,
    post: Post | None = None,
    group: Group | None = None,
) -> Notification | None:
    """Leave a notice, once. Never about one's own acts, nor from a person whom the recipient muted or blocked."""
    if actor is not None:
        if actor.pk == recipient_id:
            return None
        if Block.objects.filter(blocker_id=recipient_id, blocked=actor).exists():
            return None
        if Mute.objects.active().filter(muter_id=recipient_id, muted=actor).exists():
            return None
    with transaction.atomic():
        notice, new = get_or_create(
            Notification.objects.all(), recipient_id=recipient_id, kind=kind, actor=actor, post=post, group=group
        )
        if not new:
            return None
        announce(signals.notified, recipient_id=recipient_id, notification_id=notice.pk)
    return notice


def withdraw_notice(recipient_id: int, kind: str, **about: Any) -> None:
    """Take an unread notice back: the like it told of is gone."""
    Notification.objects.filter(recipient_id=recipient_id, kind=kind, read_at=None, **about).delete()


def mark_notices_read(person: User, up_to: int | None = None) -> int:
    """Mark the person's notices as read, those with ids up to `up_to` where given. Returns how many were unread."""
    unread = Notification.objects.filter(recipient=person, read_at=None)
    if up_to is not None:
        unread = unread.filter(pk__lte=up_to)
    number = unread.update(read_at=timezone.now())
    if number:
        announce(signals.notices_read, recipient_id=person.pk)
    return number
