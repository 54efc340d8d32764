"""Saying no to a suggestion, and taking that back. What was said no to never returns by itself."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actions import announce
from accounts.models import User
from accounts.races import get_or_create
from feed import signals
from feed.models import Dismissal, Group, Topic


@transaction.atomic
def dismiss(person: User, thing: User | Topic | Group) -> Dismissal:
    """Not for me: never suggest it again. Doing it again changes nothing. Raises `ValidationError` for oneself."""
    if isinstance(thing, User) and thing.pk == person.pk:
        raise ValidationError(_("You cannot dismiss yourself."))
    field = "who" if isinstance(thing, User) else "topic" if isinstance(thing, Topic) else "group"
    row, new = get_or_create(Dismissal.objects.all(), person=person, **{field: thing})
    if new:
        announce(signals.suggestion_dismissed, person_id=person.pk, dismissal_id=row.pk)
    return row


@transaction.atomic
def undo_dismiss(person: User, dismissal_id: int) -> Dismissal:
    """Take one's no back; the row as it was. Raises `PermissionDenied` for anybody else's, or one that is gone."""
    row = (
        Dismissal.objects.select_related("who__profile", "topic", "group__topic")
        .select_for_update(of=("self",))
        .filter(pk=dismissal_id, person=person)
        .first()
    )
    if row is None:
        raise PermissionDenied(_("This is not yours to undo."))
    Dismissal.objects.filter(pk=row.pk).delete()
    announce(signals.suggestion_restored, person_id=person.pk, who=row.who_id, topic=row.topic_id, group=row.group_id)
    return row
