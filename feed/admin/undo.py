"""The one-click undo of the last decision, remembered in the session of who made it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _, ngettext

from accounts.admin.base import Reader, staff
from feed.moderation import decisions

KEPT = "last_decision"


class Undoable(Reader):
    """A page whose decisions can be taken back: shows the last one above the list, with its undo."""

    list_before_template = "admin/feed/_undo.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_undo"
        return [path("undo/", self.admin_site.admin_view(self.undo), name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().changelist_view(request, {**(extra_context or {}), **self.undo_context(request)})

    def undo_context(self, request: HttpRequest) -> dict[str, Any]:
        address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_undo")
        return {"last_decision": request.session.get(KEPT), "undo_url": address}

    def remember(self, request: HttpRequest, undo: decisions.Undo, text: str) -> None:
        if undo:
            request.session[KEPT] = {"text": text, "what": undo.as_dict()}
        else:
            messages.info(request, _("Nothing was changed: it was so already."))

    def undo(self, request: HttpRequest) -> HttpResponse:
        """Take the last decision back, once."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        kept = request.session.pop(KEPT, None)
        number = decisions.take_back(staff(request), kept["what"]) if kept else 0
        text = ngettext("%(n)d thing was put back.", "%(n)d things were put back.", number) % {"n": number}
        messages.success(request, text)
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
