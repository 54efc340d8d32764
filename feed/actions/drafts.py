"""Drafts: what someone began to write, kept until it is sent."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.races import update_or_create
from feed.models import Draft

PLACE = re.compile(r"(post|(answer|quote|edit):[0-9]{1,19}|group:[a-z0-9-]{2,60})\Z")
LONGEST = 40_000
MOST_DRAFTS = 100


def save_draft(person: User, place: str, fields: dict[str, str]) -> Draft | None:
    """Keep the composer of `place` as it is now; one draft a person and place. Without text the draft goes."""
    if not PLACE.match(place):
        raise ValidationError(_("There is no such place to write in."))
    kept = {name: value.replace("\x00", "")[:LONGEST] for name, value in fields.items()}
    if not kept.get("text", "").strip():
        Draft.objects.filter(person=person, place=place).delete()
        return None
    draft, new = update_or_create(Draft.objects.all(), person=person, place=place, defaults={"fields": kept})
    if new:
        spare = Draft.objects.filter(person=person).order_by("-saved_at").values_list("pk", flat=True)[MOST_DRAFTS:]
        Draft.objects.filter(pk__in=list(spare)).delete()
    return draft


def drop_draft(person: User, draft_id: int) -> bool:
    gone, _kinds = Draft.objects.filter(person=person, pk=draft_id).delete()
    return bool(gone)
