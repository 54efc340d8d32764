"""A person's page, whom they follow, and the verbs between people."""

from __future__ import annotations

from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from accounts import actions as relations
from accounts.models import Block, Follow, Mute, User
from feed import timelines
from feed.forms import until
from feed.views.access import anybody_named, person_named, signed_in, verb
from feed.views.answers import page, partial, timeline, undo_message, with_undo
from feed.views.requests import PersonRequest, by_htmx

TABS = ("posts", "replies", "media")
PEOPLE_PER_PAGE = 40


def relation(viewer: Any, person: User) -> dict[str, bool]:
    """How the viewer and the person stand to each other."""
    names = ("following", "followed_by", "blocking", "blocked_by", "muting")
    if not viewer.is_authenticated or viewer.pk == person.pk:
        return dict.fromkeys(names, False)
    return {
        "following": Follow.objects.filter(follower=viewer, followed=person).exists(),
        "followed_by": Follow.objects.filter(follower=person, followed=viewer).exists(),
        "blocking": Block.objects.filter(blocker=viewer, blocked=person).exists(),
        "blocked_by": False,  # whoever is blocked by a person does not find their page
        "muting": Mute.objects.active().filter(muter=viewer, muted=person).exists(),
    }


@require_safe
@timeline
def profile(request: HttpRequest, username: str) -> HttpResponse:
    person = person_named(request, username)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "posts"
    stretch = timelines.profile(person, request.user, cast(Any, tab), request.GET.get("cursor"))
    context = {"person": person, "tab": tab, "relation": relation(request.user, person)}
    return page(request, "feed/profile.html", stretch, **context)


def _people(request: HttpRequest, username: str, kind: str) -> HttpResponse:
    person = person_named(request, username)
    shown = User.objects.visible_to(request.user).with_profiles()
    if kind == "followers":
        found = shown.filter(following_links__followed=person).order_by("-following_links__pk")
    else:
        found = shown.filter(follower_links__follower=person).order_by("-follower_links__pk")
    stretch = Paginator(found, PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
    context = {"person": person, "kind": kind, "people": stretch, "followed_ids": followed_ids(request.user, stretch)}
    return render(request, "feed/people.html", context)


def followed_ids(viewer: Any, people: Any) -> set[int]:
    """Which of these people the viewer follows."""
    if not viewer.is_authenticated:
        return set()
    return set(Follow.objects.filter(follower=viewer, followed__in=list(people)).values_list("followed_id", flat=True))


@require_safe
def followers(request: HttpRequest, username: str) -> HttpResponse:
    return _people(request, username, "followers")


@require_safe
def following(request: HttpRequest, username: str) -> HttpResponse:
    return _people(request, username, "following")


def _relation(request: PersonRequest, person: User, text: str) -> HttpResponse:
    person.profile.refresh_from_db(fields=["followers_count", "following_count"])
    return partial(request, "feed/_relation.html", {"person": person, "relation": relation(request.user, person)}, text)


@verb()
def follow(request: PersonRequest, username: str) -> HttpResponse:
    person = person_named(request, username)
    relations.follow(request.user, person)
    return _relation(request, person, _("You follow %(name)s.") % {"name": person.display_name})


@verb()
def unfollow(request: PersonRequest, username: str) -> HttpResponse:
    person = anybody_named(username)
    relations.unfollow(request.user, person)
    return _relation(request, person, _("You no longer follow %(name)s.") % {"name": person.display_name})


def _no(request: PersonRequest, person: User, text: str, undo: str) -> HttpResponse:
    """After a block or a mute: in place of the card it came from, else on the person's page; with its undo."""
    url = reverse(undo, args=[person.username])
    if by_htmx(request) and request.POST.get("from") != "card":
        undo_message(request, text, url, {"next": person.get_absolute_url()})
        return _relation(request, person, "")
    return with_undo(request, text, url, person=person)


@verb()
def block(request: PersonRequest, username: str) -> HttpResponse:
    person = anybody_named(username)
    relations.block(request.user, person)
    return _no(request, person, _("%(name)s is blocked.") % {"name": person.display_name}, "feed:unblock")


@verb()
def unblock(request: PersonRequest, username: str) -> HttpResponse:
    person = anybody_named(username)
    relations.unblock(request.user, person)
    return _relation(request, person, _("%(name)s is no longer blocked.") % {"name": person.display_name})


@verb()
def mute(request: PersonRequest, username: str) -> HttpResponse:
    person = anybody_named(username)
    relations.mute(request.user, person, until(request.POST.get("days", "")))
    return _no(request, person, _("%(name)s is muted.") % {"name": person.display_name}, "feed:unmute")


@verb()
def unmute(request: PersonRequest, username: str) -> HttpResponse:
    person = anybody_named(username)
    relations.unmute(request.user, person)
    return _relation(request, person, _("%(name)s is no longer muted.") % {"name": person.display_name})


@signed_in
@require_GET
def complete_people(request: PersonRequest) -> JsonResponse:
    """People whose handle or name begins with `?q=`, those one follows first."""
    start = request.GET.get("q", "").replace("\x00", "").lstrip("@")[:30]
    found = User.objects.visible_to(request.user).with_profiles()
    found = found.named_like(start) if start else found.filter(follower_links__follower=request.user)
    near = Q(follower_links__follower=request.user)
    people = list(found.filter(near).distinct()[:6])
    if len(people) < 6:
        people += list(
            found.exclude(pk__in=[person.pk for person in people]).order_by("-profile__followers_count")[
                : 6 - len(people)
            ]
        )
    rows = [
        {
            "username": person.username,
            "name": person.display_name,
            "avatar": person.profile.avatar.url if person.profile.avatar else "",
        }
        for person in people
    ]
    return JsonResponse(rows, safe=False)
