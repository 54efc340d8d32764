"""How a verb answers: a partial for HTMX, else back to where one came from with a message, and often an undo."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from feed import timelines
from feed.timelines import BadCursor, Page
from feed.timelines.suggestions import beside
from feed.views.requests import by_htmx


def safe_next(request: HttpRequest) -> str:
    """The local address named by `next`, or nothing: never another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    good = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if good else ""


def came_from(request: HttpRequest) -> str:
    """`next`, or the local page that sent the form, or home."""
    referer = request.headers.get("referer", "")
    if safe_next(request):
        return safe_next(request)
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}):
        return referer
    return reverse("feed:home")


def rendered(request: HttpRequest, template: str, context: dict[str, Any] | None = None, **more: Any) -> HttpResponse:
    """`render` that also takes `headers`."""
    return HttpResponse(render_to_string(template, context, request), **more)


def back(request: HttpRequest, text: str = "") -> HttpResponse:
    if text:
        messages.success(request, text)
    return HttpResponseRedirect(came_from(request))


def partial(request: HttpRequest, template: str, context: dict[str, Any], text: str = "") -> HttpResponse:
    """The partial for HTMX, else back with a message."""
    if by_htmx(request):
        if text:
            messages.success(request, text)
        return render(request, template, {"viewer": request.user, **context})
    return back(request, text)


def with_undo(
    request: HttpRequest, text: str, url: str, fields: dict[str, Any] | None = None, **more: Any
) -> HttpResponse:
    """Says what happened and offers to take it back: in place under HTMX, else as a message on the page before."""
    context = {"text": text, "undo_url": url, "undo_fields": fields or {}, "undo_label": _("Undo"), **more}
    if by_htmx(request):
        return render(request, "feed/_undo.html", context)
    undo_message(request, **context)
    return HttpResponseRedirect(more.get("then") or came_from(request))


def undo_message(request: HttpRequest, text: str, undo_url: str, undo_fields: dict[str, Any], **more: Any) -> None:
    context = {"text": text, "undo_url": undo_url, "undo_fields": undo_fields, **more}
    context.setdefault("undo_label", _("Undo"))
    messages.success(request, render_to_string("feed/_undo_message.html", context, request), extra_tags="undo")


def more_url(request: HttpRequest, cursor: str | None) -> str:
    """The address of the following page, or nothing at the end."""
    if not cursor:
        return ""
    query = {name: value for name, value in request.GET.items() if name != "cursor"}
    return f"{request.path}?{urlencode({**query, 'cursor': cursor})}"


def page(request: HttpRequest, template: str, stretch: Page, **context: Any) -> HttpResponse:
    """A page with a timeline; for HTMX asking with a cursor, the list alone."""
    alone = by_htmx(request) and "cursor" in request.GET
    context.setdefault("rising_topics", SimpleLazyObject(timelines.rising_topics))
    if request.user.is_authenticated:
        context.setdefault("people_near", SimpleLazyObject(lambda: beside(request.user)))
    context |= {"page": stretch, "more_url": more_url(request, stretch.next_cursor), "viewer": request.user}
    return render(request, "feed/_posts.html" if alone else template, context)


def bad_cursor(request: HttpRequest, error: BadCursor) -> HttpResponse:
    """A page link that leads nowhere any more: says so, and where to begin again."""
    query = {name: value for name, value in request.GET.items() if name != "cursor"}
    restart = f"{request.path}?{urlencode(query)}" if query else request.path
    reason = _("This link to the next page is not valid any more. Start again from the top.")
    return render(request, "errors/400.html", {"reason": reason, "restart": restart}, status=400)


def timeline(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that reads `?cursor=`: a cursor this site did not make is answered with words and 400."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except BadCursor as error:
            return bad_cursor(request, error)

    return checked


def refusal(request: HttpRequest, text: str, status: int = 422) -> HttpResponse:
    """A verb that could not be done, in words: back with a message, or the toast alone for HTMX."""
    messages.error(request, text)
    if by_htmx(request):
        return rendered(request, "feed/_toasts.html", status=status, headers={"HX-Reswap": "none"})
    return HttpResponseRedirect(came_from(request))
