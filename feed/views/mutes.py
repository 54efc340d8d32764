"""Everything somebody muted: people, words and topics, each with its end."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import actions as people
from accounts.models import Mute, MutedPhrase
from feed.forms import MuteWordForm, until
from feed.models import MutedTopic
from feed.views.access import limited, signed_in, verb
from feed.views.answers import back
from feed.views.requests import PersonRequest


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/m")
def muted(request: PersonRequest) -> HttpResponse:
    """GET lists; POST mutes a word or phrase."""
    form = MuteWordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            people.mute_phrase(request.user, form.cleaned_data["phrase"], until(form.cleaned_data["days"]))
        except ValidationError as error:
            form.add_error("phrase", error)
        else:
            return back(request, _("Posts with these words stay out of your feeds."))
    who = request.user
    context = {
        "form": form,
        "people": Mute.objects.active().filter(muter=who).select_related("muted__profile").order_by("-pk"),
        "words": MutedPhrase.objects.active().filter(person=who).order_by("phrase"),
        "topics": MutedTopic.objects.active().filter(person=who).select_related("topic").order_by("-pk"),
    }
    return render(request, "feed/muted.html", context, status=422 if form.errors else 200)


@verb()
def unmute_word(request: PersonRequest, phrase_id: int) -> HttpResponse:
    people.unmute_phrase(request.user, phrase_id)
    return back(request, _("These words are no longer muted."))
