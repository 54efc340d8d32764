"""The first minute: languages, topics, and what may be learned. Every step can be skipped."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from accounts import actions as people
from accounts.models import Profile
from feed import actions
from feed.forms import ConsentForm, LanguagesForm, TopicsForm
from feed.models import TopicFollow
from feed.views.access import signed_in
from feed.views.requests import PersonRequest

STEPS = (LanguagesForm, TopicsForm, ConsentForm)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: PersonRequest) -> HttpResponse:
    """`?step=1..3`. POST with `skip` goes on without an answer."""
    asked = request.POST.get("step") or request.GET.get("step") or "1"
    step = int(asked) if asked in ("1", "2", "3") else 1
    kind = STEPS[step - 1]
    form = kind(request.POST if request.method == "POST" else None, initial=_start(request, step))
    if request.method == "POST" and ("skip" in request.POST or form.is_valid()):
        if "skip" not in request.POST:
            _keep(request, step, form)
        return _onward(request, step)
    topics = form.fields["topics"].queryset if step == 2 else []  # type: ignore[attr-defined]
    context = {"step": step, "steps": len(STEPS), "form": form, "topics": topics}
    return render(request, "feed/welcome.html", context, status=422 if form.errors else 200)


def _start(request: PersonRequest, step: int) -> dict[str, Any]:
    """What is ticked already: the browser's language, the topics followed; no consent is ticked in advance."""
    if step == 1:
        return {"languages": request.user.profile.languages or [(get_language() or "en")[:2]]}
    if step == 2:
        return {"topics": list(TopicFollow.objects.filter(person=request.user).values_list("topic_id", flat=True))}
    consent = request.user.consent
    return {name: getattr(consent, name) for name in ConsentForm.base_fields}


def _keep(request: PersonRequest, step: int, form: forms.Form) -> None:
    if step == 1:
        Profile.objects.filter(user=request.user).update(languages=form.cleaned_data["languages"])
    elif step == 2:
        chosen = set(form.cleaned_data["topics"])
        for topic in form.fields["topics"].queryset:  # type: ignore[attr-defined]
            (actions.follow_topic if topic in chosen else actions.unfollow_topic)(request.user, topic)
    else:
        people.give_consent(request.user, **form.cleaned_data)


def _onward(request: PersonRequest, step: int) -> HttpResponse:
    if step < len(STEPS):
        return HttpResponseRedirect(f"{reverse('feed:welcome')}?step={step + 1}")
    people.finish_onboarding(request.user)
    return HttpResponseRedirect(reverse("feed:home"))
