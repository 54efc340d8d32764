"""Like, repost, bookmark and their undoing. Each may be repeated; counters move only when a row does."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Model
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from accounts.actions import announce
from accounts.models import User
from accounts.races import get_or_create
from feed import signals
from feed.actions.notices import notify, withdraw_notice
from feed.models import Bookmark, Like, Notification, Post, Repost
from feed.models.post import Visibility


def _readable(person: User, post: Post) -> Post:
    found = Post.objects.visible_to(person).filter(pk=post.pk).first()
    if found is None:
        raise PermissionDenied(_("This post is not available to you."))
    return found


def _count(post_id: int, field: str, step: int) -> None:
    Post.objects.filter(pk=post_id).update(**{field: Greatest(F(field) + step, 0)})


def _remove(row: type[Model], person: User, post: Post, counter: str | None) -> bool:
    gone, _kinds = row._default_manager.filter(person=person, post=post).delete()
    if gone and counter:
        _count(post.pk, counter, -1)
    return bool(gone)


@transaction.atomic
def like(person: User, post: Post) -> bool:
    """Returns whether it is new."""
    post = _readable(person, post)
    _row, new = get_or_create(Like.objects.all(), person=person, post=post)
    if new:
        _count(post.pk, "likes_count", 1)
        notify(post.author_id, Notification.Kind.LIKE, actor=person, post=post)
        announce(signals.liked, person_id=person.pk, post_id=post.pk)
    return new


@transaction.atomic
def unlike(person: User, post: Post) -> bool:
    """Allowed also for a post that can no longer be read."""
    gone = _remove(Like, person, post, "likes_count")
    if gone:
        withdraw_notice(post.author_id, Notification.Kind.LIKE, actor=person, post=post)
        announce(signals.unliked, person_id=person.pk, post_id=post.pk)
    return gone


@transaction.atomic
def repost(person: User, post: Post) -> Repost:
    """Show a public post to one's followers. Reposting again gives the first repost."""
    post = _readable(person, post)
    if post.visibility != Visibility.PUBLIC:
        raise PermissionDenied(_("Only posts that everyone can read can be reposted."))
    row, new = get_or_create(Repost.objects.all(), person=person, post=post)
    if new:
        _count(post.pk, "reposts_count", 1)
        notify(post.author_id, Notification.Kind.REPOST, actor=person, post=post)
        announce(signals.reposted, person_id=person.pk, post_id=post.pk, repost_id=row.pk)
    return row


@transaction.atomic
def unrepost(person: User, post: Post) -> bool:
    gone = _remove(Repost, person, post, "reposts_count")
    if gone:
        withdraw_notice(post.author_id, Notification.Kind.REPOST, actor=person, post=post)
        announce(signals.unreposted, person_id=person.pk, post_id=post.pk)
    return gone


@transaction.atomic
def bookmark(person: User, post: Post) -> bool:
    post = _readable(person, post)
    _row, new = get_or_create(Bookmark.objects.all(), person=person, post=post)
    if new:
        announce(signals.bookmarked, person_id=person.pk, post_id=post.pk)
    return new


@transaction.atomic
def unbookmark(person: User, post: Post) -> bool:
    gone = _remove(Bookmark, person, post, None)
    if gone:
        announce(signals.unbookmarked, person_id=person.pk, post_id=post.pk)
    return gone
