"""The pages about oneself: settings, profile, privacy, blocked people, the data, the end."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actions
from accounts.exports import own_data
from accounts.forms import ConsentForm, DeleteAccountForm, InterfaceForm, ProfileForm
from accounts.models import Consent, User


@require_POST
def demo_login(request: HttpRequest, username: str) -> HttpResponse:
    """One click signs in as a demo person: only where `DEMO` is on, and never as anyone real."""
    if not settings.DEMO:
        raise Http404
    people = User.objects.present().filter(is_demo=True, profile__featured=True)
    person = get_object_or_404(people, username=username)
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect(settings.LOGIN_REDIRECT_URL)


@login_required
@require_http_methods(["GET", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """The list of settings; the language of the pages is changed right here."""
    assert isinstance(request.user, User)
    form = InterfaceForm(request.POST or None, instance=request.user.profile)
    if request.method == "POST" and form.is_valid():
        profile = form.save()
        translation.activate(profile.interface_language)
        messages.success(request, _("Saved."))
        return _with_language(redirect("accounts:settings"), profile.interface_language)
    form.initial["interface_language"] = translation.get_language()
    return render(request, "accounts/settings.html", {"form": form})


def _with_language(response: HttpResponse, language: str) -> HttpResponse:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        samesite="Lax",
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
    )
    return response


@login_required
@require_http_methods(["GET", "POST"])
def profile_edit(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = ProfileForm(request.POST or None, request.FILES or None, instance=request.user.profile)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile is saved."))
        return redirect(request.user.get_absolute_url())
    return _form_page(request, form, _("Your profile"), _("Save"), upload=True)


@login_required
@require_http_methods(["GET", "POST"])
def privacy(request: HttpRequest) -> HttpResponse:
    """What may be learned: each switch is recorded when it changes."""
    assert isinstance(request.user, User)
    person, profile = request.user, request.user.profile
    consent = Consent.objects.get(person=person)
    initial = {"recommendable": profile.recommendable, "signs": consent.signs}
    form = ConsentForm(request.POST or None, instance=consent, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.give_consent(person, **{name: form.cleaned_data[name] for name in Consent.SWITCHES})
        profile.recommendable = form.cleaned_data["recommendable"]
        profile.save(update_fields=["recommendable"])
        messages.success(request, _("Saved. It takes effect from the next page on."))
        return redirect("accounts:privacy")
    changes = person.consent_changes.order_by("-at")[:20]
    return _form_page(
        request, form, _("Privacy and learning"), _("Save"), template="accounts/privacy.html", changes=changes
    )


@login_required
@require_GET
def blocked(request: HttpRequest) -> HttpResponse:
    people = User.objects.filter(blocked_links__blocker=request.user).with_profiles().order_by("username")
    return render(request, "accounts/blocked.html", {"people": people})


@login_required
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """Everything the site keeps about the person, as one JSON file."""
    assert isinstance(request.user, User)
    response = JsonResponse(own_data(request.user), json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="{request.user.username}.json"'
    return response


@login_required
@reauthentication_required(allow_get=True)
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    form = DeleteAccountForm(request.POST or None, person=request.user)
    if request.method == "POST" and form.is_valid():
        person = User.objects.get(pk=request.user.pk)
        logout(request)
        actions.delete_account(person)
        messages.success(request, _("Your account and everything in it are deleted. Farewell."))
        return redirect("feed:home")
    return _form_page(request, form, _("Delete your account"), _("Delete everything"), template="accounts/delete.html")


def _form_page(
    request: HttpRequest,
    form: Any,
    title: str,
    verb: str,
    *,
    template: str = "accounts/_form_page.html",
    upload: bool = False,
    **more: Any,
) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render(
        request, template, {"form": form, "title": title, "verb": verb, "upload": upload, **more}, status=status
    )
