"""What the feed hears: from accounts that someone followed or leaves, from itself what is to be told live."""

from typing import Any

from django.dispatch import receiver

from accounts import signals as people
from accounts.exports import collect_own_data
from accounts.models import User
from feed import actions, exports, live, signals
from feed.models import Label, Notification


@receiver(people.followed, dispatch_uid="feed.tell_followed")
def tell_followed(follower_id: int, followed_id: int, **_: Any) -> None:
    follower = User.objects.filter(pk=follower_id).first()
    if follower is not None:
        actions.notify(followed_id, Notification.Kind.FOLLOW, actor=follower)


@receiver([people.followed, people.unfollowed], dispatch_uid="feed.follows_changed")
def follows_changed(follower_id: int, **_: Any) -> None:
    live.relations_changed(follower_id)


@receiver([people.blocked, people.unblocked], dispatch_uid="feed.blocks_changed")
def blocks_changed(blocker_id: int, blocked_id: int, **_: Any) -> None:
    live.relations_changed(blocker_id)
    live.relations_changed(blocked_id)


@receiver([people.muted, people.unmuted], dispatch_uid="feed.mutes_changed")
def mutes_changed(muter_id: int, **_: Any) -> None:
    live.relations_changed(muter_id)


@receiver(people.account_being_deleted, dispatch_uid="feed.leave_everything")
def leave_everything(person: User, **_: Any) -> None:
    actions.leave_everything(person)


@receiver(signals.post_published, dispatch_uid="feed.tell_new_post")
def tell_new_post(post_id: int, author_id: int, **_: Any) -> None:
    live.new_post(post_id)


@receiver([signals.liked, signals.unliked, signals.reposted, signals.unreposted], dispatch_uid="feed.tell_counts")
def tell_counts(post_id: int, **_: Any) -> None:
    live.counts_changed(post_id)


@receiver(signals.post_deleted, dispatch_uid="feed.tell_deleted")
def tell_deleted(post_id: int, **_: Any) -> None:
    live.post_gone(post_id)


@receiver(signals.labelled, dispatch_uid="feed.tell_hidden")
def tell_hidden(post_id: int, name: str, **_: Any) -> None:
    if name == Label.HIDDEN:
        live.post_gone(post_id)


@receiver([signals.notified, signals.notices_read], dispatch_uid="feed.tell_notice")
def tell_notice(recipient_id: int, **_: Any) -> None:
    live.new_notice(recipient_id)


@receiver(collect_own_data, dispatch_uid="feed.own_data")
def own_data(person: User, **_: Any) -> dict[str, Any]:
    return exports.own_data(person)
