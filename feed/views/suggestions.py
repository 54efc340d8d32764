"""What one may want to follow or join: the page, the "not for me", and its undo."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from feed import actions
from feed.models import Dismissal, Group, Topic
from feed.timelines.suggestions import offered, with_why
from feed.views.access import signed_in, verb
from feed.views.answers import partial, with_undo
from feed.views.requests import PersonRequest

ON_PAGE = {"people": 12, "topics": 8, "groups": 8}


@signed_in
@require_safe
def suggested(request: PersonRequest) -> HttpResponse:
    """People, topics and groups one may want, each with why."""
    found = offered(request.user, **ON_PAGE)
    context = {**found, "anything": any(found.values()), "learns": request.user.consent.behaviour}
    return render(request, "feed/suggestions.html", context)


@verb()
def dismiss(request: PersonRequest) -> HttpResponse:
    """`kind=people|topics|groups` with `id=`."""
    thing = _named(request)
    row = actions.dismiss(request.user, thing)
    text = _("%(name)s will not be suggested again.") % {"name": _name_of(thing)}
    return with_undo(request, text, reverse("feed:undo_dismiss", args=[row.pk]))


def _named(request: HttpRequest) -> User | Topic | Group:
    told = request.POST.get("id", "")
    if not (told.isascii() and told.isdigit() and int(told) < 2**63):
        raise ValidationError(_("Say what this is about."))
    kind = request.POST.get("kind")
    if kind == "people":
        return get_object_or_404(User.objects.present().with_profiles(), pk=told)
    if kind == "topics":
        return get_object_or_404(Topic, pk=told)
    if kind == "groups":
        return get_object_or_404(Group.objects.visible_to(request.user), pk=told)
    raise Http404


def _name_of(thing: User | Topic | Group) -> str:
    if isinstance(thing, User):
        return thing.display_name
    return thing.title if isinstance(thing, Topic) else thing.name


@verb()
def undo_dismiss(request: PersonRequest, dismissal_id: int) -> HttpResponse:
    row = actions.undo_dismiss(request.user, dismissal_id)
    return partial(request, "feed/_suggestion.html", _card(request, row), _("Taken back."))


def _card(request: PersonRequest, row: Dismissal) -> dict:
    """What the card shows again, in the place where it stood."""
    for kind, thing in (("people", row.who), ("topics", row.topic), ("groups", row.group)):
        if thing is not None:
            return {"kind": kind, "thing": with_why(request.user, kind, thing)}
    raise Http404
