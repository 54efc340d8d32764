"""Drafts: saved by the composer every few seconds, listed, taken up again, thrown away."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from feed import actions
from feed.forms import DRAFT_FIELDS
from feed.models import Draft
from feed.views.access import signed_in, verb
from feed.views.answers import back
from feed.views.requests import PersonRequest, by_htmx


@signed_in
@require_safe
def drafts(request: PersonRequest) -> HttpResponse:
    rows = list(Draft.objects.filter(person=request.user).order_by("-saved_at"))
    for row in rows:
        row.url = _where(row.place)  # type: ignore[attr-defined]
    return render(request, "feed/drafts.html", {"drafts": rows})


def _where(place: str) -> str:
    """The page on which a draft goes on."""
    kind, _colon, value = place.partition(":")
    if kind == "edit" and value.isdigit():
        return reverse("feed:edit", args=[int(value)])
    query = {kind: value} if kind in ("answer", "quote", "group") else {}
    return reverse("feed:compose") + (f"?{urlencode(query)}" if query else "")


@verb("120/m")
def draft_save(request: PersonRequest) -> HttpResponse:
    """204. An empty text throws the draft away."""
    fields = {name: request.POST.get(name, "") for name in DRAFT_FIELDS}
    actions.save_draft(request.user, request.POST.get("place", "") or "post", fields)
    return HttpResponse(status=204)


@verb()
def draft_delete(request: PersonRequest, draft_id: int) -> HttpResponse:
    actions.drop_draft(request.user, draft_id)
    if by_htmx(request):
        return HttpResponse("")
    return back(request, _("The draft is gone."))
