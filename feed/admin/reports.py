"""The queue of reports: open ones first, each with its post in its thread, decided in one click and undone in one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _, ngettext
from unfold.decorators import action, display

from accounts.admin.base import history, staff, when
from accounts.admin.people import ReasonForm
from feed.admin.undo import Undoable
from feed.models import Report
from feed.moderation import decisions
from feed.moderation.queue import case, next_open, queue


@admin.register(Report)
class ReportAdmin(Undoable):
    list_display = ("about", "person", "what", "standing", "reporter", "when", "decided")
    list_filter = ("state", "reason", "created_at")
    search_fields = ("person__username__startswith", "reporter__username__startswith", "note")
    actions: ClassVar = ["uphold", "uphold_and_hide", "dismiss", "reopen"]
    action_form = ReasonForm
    change_form_outer_before_template = "admin/feed/_dossier.html"
    fields = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        return queue()

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ()

    def get_fieldsets(self, request: HttpRequest, obj: Report | None = None) -> list[Any]:
        return []

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide)
        return [path("<int:report_id>/decide/", decide, name="feed_report_decide"), *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        report = queue().filter(pk=object_id).first() if object_id.isdecimal() and len(object_id) < 19 else None
        more: dict[str, Any] = self.undo_context(request)
        if report is not None:
            more |= {
                "dossier": case(report),
                "next_report": next_open(report),
                "history": history(report),
                "may_decide": self.has_decide_permission(request),
                "may_hide": self.has_hide_permission(request),
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def decide(self, request: HttpRequest, report_id: int) -> HttpResponse:
        """One click on a report's page; then on to the next open one."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        report = Report.objects.filter(pk=report_id).first()
        if report is None:
            raise Http404
        self._decide(request, Report.objects.filter(pk=report_id), request.POST.get("decision", ""))
        following = next_open(report)
        if following is None or request.POST.get("decision") == "reopen":
            return HttpResponseRedirect(reverse("admin:feed_report_changelist"))
        return HttpResponseRedirect(reverse("admin:feed_report_change", args=[following.pk]))

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("feed.change_report")

    def has_hide_permission(self, request: HttpRequest) -> bool:
        return self.has_decide_permission(request) and request.user.has_perm("feed.add_label")

    @action(description=_("Uphold"), permissions=["decide"])
    def uphold(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        self._decide(request, queryset, "uphold")

    @action(description=_("Uphold and hide the post"), permissions=["hide"])
    def uphold_and_hide(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        self._decide(request, queryset, decisions.HIDE_TOO)

    @action(description=_("Dismiss"), permissions=["decide"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        self._decide(request, queryset, "dismiss")

    @action(description=_("Open again"), permissions=["decide"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[Report]) -> None:
        self._decide(request, queryset, "reopen")

    def _decide(self, request: HttpRequest, reports: QuerySet[Report], decision: str) -> None:
        if decision not in decisions.DECISIONS:
            messages.error(request, _("There is no such decision."))
            return
        reason = request.POST.get("reason", "").strip()[:200]
        undo = decisions.decide(staff(request), reports, decision, reason)
        said = {
            "uphold": ngettext("%(n)d report upheld.", "%(n)d reports upheld.", len(undo.reports)),
            decisions.HIDE_TOO: ngettext(
                "%(n)d report upheld, its post hidden.", "%(n)d reports upheld, their posts hidden.", len(undo.reports)
            ),
            "dismiss": ngettext("%(n)d report dismissed.", "%(n)d reports dismissed.", len(undo.reports)),
            "reopen": ngettext("%(n)d report opened again.", "%(n)d reports opened again.", len(undo.reports)),
        }[decision]
        self.remember(request, undo, said % {"n": len(undo.reports)})

    @display(description=_("reported"), ordering="pk")
    def when(self, row: Report) -> str:
        return when(row.created_at)

    @display(description=_("decided"), ordering="handled_at")
    def decided(self, row: Report) -> str:
        return f"{row.handled_by}, {when(row.handled_at)}" if row.handled_by else "–"

    @display(description=_("reason"))
    def about(self, row: Report) -> str:
        return row.get_reason_display()

    @display(description=_("what was reported"))
    def what(self, row: Report) -> str:
        if row.post is None:
            return str(_("the person")) if row.post_id is None else "–"
        return Truncator(row.post.text.replace("\n", " ")).chars(80) or str(_("(a picture)"))

    @display(
        description=_("state"),
        label={"open": "warning", "upheld": "danger", "dismissed": "info", "withdrawn": "default"},
    )
    def standing(self, row: Report) -> tuple[str, str]:
        return row.state, row.get_state_display()
