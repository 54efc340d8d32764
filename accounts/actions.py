"""The verbs between people. Each is one transaction, safe to repeat, and announced once it is committed."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import Block, Consent, ConsentChange, Follow, Mute, MutedPhrase, Profile, User
from accounts.races import get_or_create, update_or_create


def announce(signal: Signal, **facts: Any) -> None:
    """Send `signal` once the transaction is committed; a receiver that fails is logged and harms nobody else."""
    transaction.on_commit(lambda: _send(signal, facts))


def _send(signal: Signal, facts: dict[str, Any]) -> None:
    import structlog

    for receiver, answer in signal.send_robust(sender=None, **facts):
        if isinstance(answer, Exception):
            name = getattr(receiver, "__qualname__", str(receiver))
            structlog.get_logger(__name__).error("receiver_failed", receiver=name, error=repr(answer), **facts)


def _count_follow(follower_id: int, followed_id: int, step: int) -> None:
    """Both counters, locked in the order of the ids: two people who follow each other at once cannot deadlock."""
    fields = {follower_id: "following_count", followed_id: "followers_count"}
    for person_id, field in sorted(fields.items()):
        Profile.objects.filter(user_id=person_id).update(**{field: Greatest(F(field) + step, 0)})


@transaction.atomic
def follow(follower: User, followed: User) -> bool:
    """Follow a person. Returns whether it is new. Refused between people of whom one blocked the other."""
    if follower.pk == followed.pk:
        raise ValidationError(_("You cannot follow yourself."))
    if is_blocked_between(follower, followed):
        raise PermissionDenied(_("You cannot follow this person."))
    _link, new = get_or_create(Follow.objects.all(), follower=follower, followed=followed)
    if new:
        _count_follow(follower.pk, followed.pk, 1)
        announce(signals.followed, follower_id=follower.pk, followed_id=followed.pk)
    return new


@transaction.atomic
def unfollow(follower: User, followed: User) -> bool:
    gone, _kinds = Follow.objects.filter(follower=follower, followed=followed).delete()
    if gone:
        _count_follow(follower.pk, followed.pk, -1)
        announce(signals.unfollowed, follower_id=follower.pk, followed_id=followed.pk)
    return bool(gone)


@transaction.atomic
def block(blocker: User, blocked: User) -> bool:
    """Block a person: follows in both directions end; neither sees the other from now on."""
    if blocker.pk == blocked.pk:
        raise ValidationError(_("You cannot block yourself."))
    _link, new = get_or_create(Block.objects.all(), blocker=blocker, blocked=blocked)
    unfollow(blocker, blocked)
    unfollow(blocked, blocker)
    if new:
        announce(signals.blocked, blocker_id=blocker.pk, blocked_id=blocked.pk)
    return new


@transaction.atomic
def unblock(blocker: User, blocked: User) -> bool:
    gone, _kinds = Block.objects.filter(blocker=blocker, blocked=blocked).delete()
    if gone:
        announce(signals.unblocked, blocker_id=blocker.pk, blocked_id=blocked.pk)
    return bool(gone)


@transaction.atomic
def mute(muter: User, muted: User, until: datetime | None = None) -> Mute:
    """Keep a person out of one's feeds, for good or until a moment; muting again changes the end."""
    if muter.pk == muted.pk:
        raise ValidationError(_("You cannot mute yourself."))
    link, _new = update_or_create(Mute.objects.all(), muter=muter, muted=muted, defaults={"until": until})
    announce(signals.muted, muter_id=muter.pk, muted_id=muted.pk)
    return link


@transaction.atomic
def unmute(muter: User, muted: User) -> bool:
    gone, _kinds = Mute.objects.filter(muter=muter, muted=muted).delete()
    if gone:
        announce(signals.unmuted, muter_id=muter.pk, muted_id=muted.pk)
    return bool(gone)


def mute_phrase(person: User, phrase: str, until: datetime | None = None) -> MutedPhrase:
    phrase = " ".join(phrase.split()).casefold()
    if not phrase:
        raise ValidationError(_("Write the word or phrase to mute."))
    if len(phrase) > 80:
        raise ValidationError(_("A muted phrase can have at most 80 characters."))
    row, _new = update_or_create(MutedPhrase.objects.all(), person=person, phrase=phrase, defaults={"until": until})
    return row


def unmute_phrase(person: User, phrase_id: int) -> bool:
    gone, _kinds = MutedPhrase.objects.filter(person=person, pk=phrase_id).delete()
    return bool(gone)


@transaction.atomic
def give_consent(person: User, **switches: bool) -> Consent:
    """Set some switches of consent; each change is recorded and announced. Unknown names raise `ValueError`."""
    unknown = set(switches) - set(Consent.SWITCHES)
    if unknown:
        raise ValueError(f"no such consent: {', '.join(sorted(unknown))}")
    consent = Consent.objects.select_for_update().get(person=person)
    for switch, given in switches.items():
        if getattr(consent, switch) != given:
            setattr(consent, switch, given)
            ConsentChange.objects.create(person=person, switch=switch, given=given)
            announce(signals.consent_changed, person_id=person.pk, switch=switch, given=given)
    consent.decided_at = timezone.now()
    consent.save()
    return consent


def finish_onboarding(person: User) -> None:
    Profile.objects.filter(user=person, onboarded_at=None).update(onboarded_at=timezone.now())


@transaction.atomic
def delete_account(person: User) -> None:
    """Delete a person with everything they own. Counters of the people they followed are put right first."""
    person_id = person.pk
    signals.account_being_deleted.send(sender=None, person=person)
    followed = list(Follow.objects.filter(follower=person).values_list("followed_id", flat=True))
    followers = list(Follow.objects.filter(followed=person).values_list("follower_id", flat=True))
    Profile.objects.filter(user_id__in=followed).update(followers_count=Greatest(F("followers_count") - 1, 0))
    Profile.objects.filter(user_id__in=followers).update(following_count=Greatest(F("following_count") - 1, 0))
    files = [file for file in (person.profile.avatar, person.profile.header) if file]
    person.delete()
    for file in files:
        transaction.on_commit(lambda file=file: file.storage.delete(file.name))  # type: ignore[misc]
    announce(signals.account_deleted, person_id=person_id)


@transaction.atomic
def suspend(moderator: User, person: User) -> bool:
    """Close an account for now: nobody meets the person or their posts, nor can they sign in. Whether it is new.

    Staff are suspended only by those who may change accounts, superusers by superusers, nobody by themselves.
    """
    return _set_active(moderator, person, active=False)


def reinstate(moderator: User, person: User) -> bool:
    """Open a suspended account again; everything is as it was. Returns whether it was suspended."""
    return _set_active(moderator, person, active=True)


def _set_active(moderator: User, person: User, *, active: bool) -> bool:
    if not moderator.has_perm("accounts.suspend_user"):
        raise PermissionDenied(_("Only moderators can do this."))
    if moderator.pk == person.pk:
        raise PermissionDenied(_("You cannot do this to yourself."))
    above = person.is_superuser or (person.is_staff and not moderator.has_perm("accounts.change_user"))
    if above and not moderator.is_superuser:
        raise PermissionDenied(_("You cannot suspend @%(name)s.") % {"name": person.username})
    changed = User.objects.filter(pk=person.pk, is_active=not active).update(is_active=active)
    person.is_active = active
    return bool(changed)


def is_blocked_between(one: User, other: User) -> bool:
    """Whether either has blocked the other."""
    return (
        Block.objects.filter(blocker=one, blocked=other).exists()
        or Block.objects.filter(blocker=other, blocked=one).exists()
    )
