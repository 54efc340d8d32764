"""Who may come in: signed-in people, at a human pace, to what they may see. No text is lost on the way out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_ratelimit.core import get_usage

from accounts.models import User
from feed.actions import outcomes
from feed.models import Group, Post, Topic
from feed.text import topic_name
from feed.views.answers import came_from, refusal, rendered
from feed.views.requests import by_htmx

View = Callable[..., HttpResponse]
KEPT = "kept_text"
MAX_KEPT = 40_000


def signed_in(view: View) -> View:
    """Sends others to the log-in page; what they were sending is kept and offered at /compose afterwards."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        keep_text(request)
        answer = redirect_to_login(came_from(request) if request.method == "POST" else request.get_full_path())
        if by_htmx(request):
            return HttpResponse(status=204, headers={"HX-Redirect": answer.url})
        return answer

    return checked


def keep_text(request: HttpRequest) -> None:
    text = request.POST.get("text", "") if request.method == "POST" else ""
    if text.strip():
        fields = {
            name: request.POST.get(name, "")[:MAX_KEPT] for name in ("text", "content_warning", "language", "place")
        }
        request.session[KEPT] = fields
        messages.info(request, _("Your text is kept. Log in and it will be waiting for you under “Write”."))


def verb(rate: str = "60/m") -> Callable[[View], View]:
    """A view that changes something: POST only, signed in, no faster than `rate`; refusals are said in words."""

    def wrap(view: View) -> View:
        return require_POST(signed_in(limited(rate)(refusable(after_impression(view)))))

    return wrap


def after_impression(view: View) -> View:
    """What is done within belongs to the impression that the request names, if it is one of this person and post."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with outcomes.coming_from(impression_named(request)):
            return view(request, *args, **kwargs)

    return checked


def impression_named(request: HttpRequest) -> int:
    """The id in the header X-Impression or the field `impression`, unchecked; 0 for none, or for what is no id."""
    said = request.headers.get("X-Impression") or request.POST.get("impression") or request.GET.get("impression") or ""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 and int(said) < 2**63 else 0


def refusable(view: View) -> View:
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ValidationError as error:
            return refusal(request, " ".join(error.messages))

    return checked


def limited(rate: str) -> Callable[[View], View]:
    """Refuses POSTs beyond `rate` ("60/m") a person and view with a page that keeps the text; none without Redis."""

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST" and settings.RATE_LIMITS_ENABLED:
                usage = get_usage(request, group=view.__name__, key=_who, rate=rate, increment=True)
                if usage and usage["should_limit"] and usage["time_left"] >= 0:
                    return too_fast(request, usage["time_left"])
            return view(request, *args, **kwargs)

        return checked

    return wrap


def _who(group: str, request: HttpRequest) -> str:
    return str(request.user.pk or request.META.get("REMOTE_ADDR", ""))


def too_fast(request: HttpRequest, wait: int) -> HttpResponse:
    wait = max(wait, 1)
    context = {"kept": request.POST.get("text", ""), "wait": wait, "next": came_from(request)}
    return rendered(request, "errors/429.html", context, status=429, headers={"Retry-After": str(wait)})


def readable_post(request: HttpRequest, post_id: int) -> Post:
    """The post if the viewer may read it, else 404: nobody learns from the status that it exists."""
    post = Post.objects.visible_to(request.user).filter(pk=post_id).select_related("author__profile", "group").first()
    if post is None:
        raise Http404(_("This post does not exist, or is not for you."))
    return post


def person_named(request: HttpRequest, username: str) -> User:
    person = User.objects.visible_to(request.user).with_profiles().filter(username=username.lower()).first()
    if person is None:
        raise Http404(_("There is nobody with this name."))
    return person


def anybody_named(username: str) -> User:
    """Also somebody who blocked the viewer: one may say no to people whose page one cannot open."""
    person = User.objects.present().with_profiles().filter(username=username.lower()).first()
    if person is None:
        raise Http404(_("There is nobody with this name."))
    return person


def topic_or_404(name: str) -> Topic:
    topic = Topic.objects.select_related("alias_of").filter(name=topic_name(name)).first()
    if topic is None:
        raise Http404(_("Nobody has written about this yet."))
    return topic


def group_or_404(request: HttpRequest, slug: str) -> Group:
    group = Group.objects.visible_to(request.user).select_related("owner__profile", "topic").filter(slug=slug).first()
    if group is None:
        raise Http404(_("There is no such group."))
    return group
