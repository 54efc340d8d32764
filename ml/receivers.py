"""What ml hears from feed and accounts; each becomes a task."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import account_being_deleted, account_deleted, consent_changed, followed, unfollowed
from feed import signals as feed
from ml.embedding import learning, posts
from ml.queueing import learn_soon, queue
from ml.tasks import embed_post, learn_interests, leave_neighbours, refresh_neighbours_soon, refresh_topics

ACTS = (
    feed.liked,
    feed.unliked,
    feed.reposted,
    feed.unreposted,
    feed.bookmarked,
    feed.unbookmarked,
    feed.topic_followed,
    feed.topic_unfollowed,
    feed.feedback_given,
    feed.feedback_undone,
)


@receiver([feed.post_published, feed.post_edited, feed.post_restored], dispatch_uid="ml-post")
def understand(post_id: int, author_id: int, signal: Any, **_facts: Any) -> None:
    queue(embed_post, post_id)
    # An answer or a quote says what its author cares about. Whether it is one is for the task to see.
    learn_soon(author_id, learn_interests)


@receiver(feed.post_deleted, dispatch_uid="ml-post-deleted")
def forget_post(post_id: int, author_id: int, **_facts: Any) -> None:
    posts.forget(post_id)
    learn_soon(author_id, learn_interests)


@receiver(list(ACTS), dispatch_uid="ml-act")
def learn_from_act(person_id: int, **_facts: Any) -> None:
    learn_soon(person_id, learn_interests)


@receiver([followed, unfollowed], dispatch_uid="ml-follow")
def learn_from_follow(follower_id: int, **_facts: Any) -> None:
    learn_soon(follower_id, learn_interests)


@receiver(feed.topic_changed, dispatch_uid="ml-topic")
def refresh_topic(topic_id: int, **_facts: Any) -> None:
    queue(refresh_topics)


@receiver(consent_changed, dispatch_uid="ml-consent")
def obey_consent(person_id: int, switch: str, given: bool, **_facts: Any) -> None:
    """Withdrawn consent deletes what was learned at once, and does not wait for a worker."""
    if switch != "behaviour":
        return
    if not given:
        learning.forget(person_id)
        leave_neighbours(person_id)
        refresh_neighbours_soon()
    learn_soon(person_id, learn_interests)


@receiver(account_being_deleted, dispatch_uid="ml-account-being-deleted")
def leave(person: User, **_facts: Any) -> None:
    """While it can still be seen what they did."""
    leave_neighbours(person.pk)


@receiver(account_deleted, dispatch_uid="ml-account-deleted")
def refresh_without(**_facts: Any) -> None:
    refresh_neighbours_soon()
