"""Home and its tabs, what is new, what was read, explore, and the two pages about the site."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from feed import actions, timelines
from feed.forms import POST_LANGUAGES, PostForm
from feed.models import Topic
from feed.timelines.suggestions import offered
from feed.views.access import verb
from feed.views.answers import page, timeline
from feed.views.requests import PersonRequest

T = TypeVar("T")
TABS = {
    "for-you": timelines.home_ranked,
    "following": timelines.following,
    "local": timelines.local,
    "outside": timelines.outside,
}


@require_GET
@timeline
def home(request: HttpRequest) -> HttpResponse:
    """`?tab=for-you|following|local|outside`; visitors without an account read the local page."""
    viewer, cursor = request.user, request.GET.get("cursor")
    tab = request.GET.get("tab", "")
    if not viewer.is_authenticated:
        return page(request, "feed/home.html", timelines.local(viewer, cursor), tab="local", form=None)
    tab = tab if tab in TABS else "for-you"
    stretch = TABS[tab](viewer, cursor)
    form = None if cursor else PostForm.opened(viewer)
    return page(request, "feed/home.html", stretch, tab=tab, form=form, place="post")


@require_GET
@timeline
def new_posts(request: HttpRequest) -> HttpResponse:
    """Cards of the posts above `?since=`, for the button "n new posts"."""
    since = timelines.read_id(request.GET.get("since"))
    posts = timelines.newer(request.user, since, request.GET.get("tab", "local"))
    context = {"posts": posts, "page": timelines.Page(posts), "viewer": request.user}
    return render(request, "feed/_new_posts.html", context)


@verb("120/m")
def seen(request: PersonRequest) -> HttpResponse:
    """How long posts were read and whose links were opened, from people who allowed that.

    JSON: {"items": [{"impression": id, "ms": milliseconds}, …], "links": [impression id, …]}, a hundred of each at
    most. Anything malformed is left out.
    """
    try:
        told = json.loads(request.body or b"{}")
        items, links = told.get("items", []), told.get("links", [])
    except (ValueError, AttributeError, RecursionError):
        return HttpResponse(status=400)
    actions.note_reading(request.user, dict(_numbers(items, _time_read)))
    actions.note_links(request.user, list(_numbers(links, int)))
    return HttpResponse(status=204)


def _time_read(item: Any) -> tuple[int, int]:
    return int(item["impression"]), int(item["ms"])


def _numbers(items: Any, read: Callable[[Any], T]) -> Iterator[T]:
    """What `read` makes of the first hundred of `items`, without those it can make nothing of."""
    for item in items[:100] if isinstance(items, list) else []:
        with suppress(TypeError, KeyError, ValueError, OverflowError):
            yield read(item)


@require_GET
def explore(request: HttpRequest) -> HttpResponse:
    """What is rising, in one language or in all."""
    language = request.GET.get("language", "")
    language = language if language in dict(POST_LANGUAGES) else ""
    suggested = offered(request.user, people=3, topics=3)
    context = {
        "language": language,
        "languages": POST_LANGUAGES,
        "topics": timelines.rising_topics(),
        "people": suggested["people"],
        "suggested_topics": suggested["topics"],
        "curated": Topic.objects.filter(curated=True, alias_of=None).order_by("-followers_count", "name")[:24],
    }
    return page(request, "feed/explore.html", timelines.rising(request.user, language), **context)


@require_GET
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "feed/help.html")


@require_GET
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "feed/about.html")
