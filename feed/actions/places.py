"""Topics and groups: following, joining, admitting, running."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.actions import announce
from accounts.models import User
from accounts.races import get_or_create
from feed import signals, text as texts
from feed.actions.notices import notify
from feed.models import Group, Membership, Notification, Post, Topic, TopicFollow
from feed.models.reactions import Like, Repost


def topic_named(tag: str) -> Topic:
    """The topic of a hashtag, made when it is the first of its name."""
    name = texts.topic_name(tag)
    if not name:
        raise ValidationError(_("This is not a topic."))
    topic, _new = Topic.objects.select_related("alias_of").get_or_create(name=name, defaults={"shown_as": tag[:60]})
    return topic


@transaction.atomic
def follow_topic(person: User, topic: Topic) -> bool:
    _row, new = get_or_create(TopicFollow.objects.all(), person=person, topic=topic)
    if new:
        Topic.objects.filter(pk=topic.pk).update(followers_count=F("followers_count") + 1)
        announce(signals.topic_followed, person_id=person.pk, topic_id=topic.pk)
    return new


@transaction.atomic
def unfollow_topic(person: User, topic: Topic) -> bool:
    gone, _kinds = TopicFollow.objects.filter(person=person, topic=topic).delete()
    if gone:
        Topic.objects.filter(pk=topic.pk).update(followers_count=Greatest(F("followers_count") - 1, 0))
        announce(signals.topic_unfollowed, person_id=person.pk, topic_id=topic.pk)
    return bool(gone)


@transaction.atomic
def create_group(
    owner: User,
    name: str,
    *,
    slug: str = "",
    about: str = "",
    approval: bool = False,
    topic: Topic | None = None,
) -> Group:
    """Open a group; its owner is its first member. Raises `ValidationError` on a bad or taken address."""
    group = Group(
        name=name.strip(),
        slug=slug or _free_slug(name),
        about=about.strip(),
        approval=approval,
        owner=owner,
        topic=topic,
    )
    group.full_clean()
    group.save()
    Membership.objects.create(group=group, person=owner, role=Membership.Role.OWNER)
    _count_members(group, 1)
    announce(signals.group_joined, person_id=owner.pk, group_id=group.pk)
    return group


def _free_slug(name: str) -> str:
    """An address made from the name; names that leave no Latin letter get a plain numbered one."""
    base = slugify(name)[:50] or "group"
    slug, number = base if len(base) > 1 else f"{base}-group", 1
    while Group.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug


@transaction.atomic
def update_group(person: User, group: Group, *, name: str, about: str, approval: bool, topic: Topic | None) -> Group:
    _must_run(person, group)
    group.name, group.about, group.approval, group.topic = name.strip(), about.strip(), approval, topic
    group.full_clean()
    group.save()
    return group


def _count_members(group: Group, step: int) -> None:
    Group.objects.filter(pk=group.pk).update(members_count=Greatest(F("members_count") + step, 0))


def _must_run(person: User, group: Group) -> None:
    if not Membership.objects.running().filter(group=group, person=person).exists():
        raise PermissionDenied(_("Only the owner and the moderators of the group can do this."))


@transaction.atomic
def join_group(person: User, group: Group) -> Membership:
    """Join a public group, or ask to be let into one by approval. Doing it again changes nothing."""
    state = Membership.State.ASKED if group.approval else Membership.State.ACTIVE
    membership, new = get_or_create(Membership.objects.all(), group=group, person=person, defaults={"state": state})
    if new and state == Membership.State.ACTIVE:
        _count_members(group, 1)
        announce(signals.group_joined, person_id=person.pk, group_id=group.pk)
    elif new:
        for running in Membership.objects.running().filter(group=group):
            notify(running.person_id, Notification.Kind.GROUP_ASK, actor=person, group=group)
    return membership


@transaction.atomic
def leave_group(person: User, group: Group) -> bool:
    """Leave, or take back the request to join. The owner hands the group over first."""
    membership = Membership.objects.select_for_update().filter(group=group, person=person).first()
    if membership is None:
        return False
    if membership.role == Membership.Role.OWNER:
        raise ValidationError(_("You own this group. Make somebody else its owner before you leave."))
    _drop(membership)
    return True


def _drop(membership: Membership) -> None:
    was_active = membership.state == Membership.State.ACTIVE
    group, person_id = membership.group, membership.person_id
    membership.delete()
    if was_active:
        _count_members(group, -1)
        announce(signals.group_left, person_id=person_id, group_id=group.pk)


@transaction.atomic
def admit_member(person: User, membership: Membership) -> Membership:
    _must_run(person, membership.group)
    changed = Membership.objects.filter(pk=membership.pk, state=Membership.State.ASKED).update(
        state=Membership.State.ACTIVE
    )
    if changed:
        _count_members(membership.group, 1)
        notify(membership.person_id, Notification.Kind.GROUP_ADMIT, actor=person, group=membership.group)
        announce(signals.group_joined, person_id=membership.person_id, group_id=membership.group_id)
    membership.refresh_from_db()
    return membership


@transaction.atomic
def remove_member(person: User, membership: Membership) -> None:
    """Turn down a request, or remove a member; the owner cannot be removed."""
    _must_run(person, membership.group)
    if membership.role == Membership.Role.OWNER:
        raise PermissionDenied(_("The owner of a group cannot be removed."))
    _drop(membership)


@transaction.atomic
def set_member_role(person: User, membership: Membership, role: str) -> None:
    """The owner makes members moderators or plain members, or hands the group over and stays a moderator."""
    group = Group.objects.select_for_update().get(pk=membership.group_id)
    if group.owner_id != person.pk:
        raise PermissionDenied(_("Only the owner of the group can do this."))
    if role not in Membership.Role.values:
        raise ValidationError(_("There is no such role."))
    if membership.person_id == person.pk:
        raise ValidationError(_("Make somebody else the owner instead."))
    if role == Membership.Role.OWNER:
        Membership.objects.filter(group=group, person=person).update(role=Membership.Role.MODERATOR)
        Group.objects.filter(pk=group.pk).update(owner=membership.person)
    Membership.objects.filter(pk=membership.pk).update(role=role)


def leave_everything(person: User) -> None:
    """Before an account goes: hand its groups over and put right every counter that its rows moved.

    Runs inside the deletion's transaction. A group goes to a moderator, else to its oldest member, else it goes too.
    """
    for group in Group.objects.filter(owner=person):
        others = Membership.objects.active().filter(group=group).exclude(person=person)
        heir = others.filter(role=Membership.Role.MODERATOR).order_by("pk").first() or others.order_by("pk").first()
        if heir is not None:
            Membership.objects.filter(pk=heir.pk).update(role=Membership.Role.OWNER)
            Group.objects.filter(pk=group.pk).update(owner=heir.person_id)
    Group.objects.filter(memberships__in=Membership.objects.active().filter(person=person)).update(
        members_count=Greatest(F("members_count") - 1, 0)
    )
    Topic.objects.filter(follows__person=person).update(followers_count=Greatest(F("followers_count") - 1, 0))
    Post.objects.filter(pk__in=Like.objects.filter(person=person).values("post")).update(
        likes_count=Greatest(F("likes_count") - 1, 0)
    )
    Post.objects.filter(pk__in=Repost.objects.filter(person=person).values("post")).update(
        reposts_count=Greatest(F("reposts_count") - 1, 0)
    )
    for post in Post.objects.alive().filter(author=person).only("pk", "parent_id", "quote_id"):
        if post.parent_id:
            Post.objects.filter(pk=post.parent_id).update(comments_count=Greatest(F("comments_count") - 1, 0))
        if post.quote_id:
            Post.objects.filter(pk=post.quote_id).update(quotes_count=Greatest(F("quotes_count") - 1, 0))
