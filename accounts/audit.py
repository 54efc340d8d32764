"""The log of what staff did: who, what, to which row. Never the words of the row, which their author may delete."""

from collections.abc import Iterable

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from accounts.models import User


def log(actor: User, objects: Iterable[Model], message: str) -> None:
    """Note one act of staff on each of `objects`; the admin shows it as the history of each."""
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=actor.pk,
            content_type=ContentType.objects.get_for_model(row, for_concrete_model=False),
            object_id=str(row.pk),
            object_repr=f"{row._meta.verbose_name} {row.pk}"[:200],
            action_flag=CHANGE,
            change_message=message,
        )
        for row in objects
    )
