"""The nights in the admin: how far one is, how each ended, and “Train now”. Trains nothing itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy as _
from unfold.decorators import display

from accounts.admin.base import Reader, link, staff, when
from ml import tasks
from ml.models import TrainingRun
from ml.queueing import queue

SILENT: Final = timedelta(minutes=10)  # without a sign of life, a run is said to be silent
STEPS: Final = {
    "collect": _("collecting what was shown and done"),
    "train": _("training"),
    "judge": _("judging on held-out days"),
}


@admin.register(TrainingRun)
class TrainingRunAdmin(Reader):
    list_display = ("begun", "standing", "decision", "made", "by", "lasted")
    list_filter = ("state", "started_at")
    list_select_related = ("version", "by")
    ordering = ("-started_at", "-pk")
    list_before_template = "admin/ml/_training.html"
    fields = ("standing", "decision", "made", "by", ("started_at", "ended_at", "beat_at"))
    readonly_fields = ("standing", "decision", "made")

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("train/", guard(self.train), name="ml_train"),
            path("progress/", guard(self.progress), name="ml_training_progress"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().changelist_view(request, {**(extra_context or {}), **_context(request)})

    def progress(self, request: HttpRequest) -> HttpResponse:
        """The panel above the list, asked for again every few seconds while a run goes on."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return TemplateResponse(request, "admin/ml/_progress.html", _context(request))

    def train(self, request: HttpRequest) -> HttpResponse:
        """Queue a night now. One that runs already is enough."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("ml.add_trainingrun"):
            raise PermissionDenied
        if TrainingRun.objects.filter(state=TrainingRun.State.RUNNING, beat_at__gt=timezone.now() - SILENT).exists():
            messages.info(request, gettext("A training runs already."))
        elif queue(tasks.retrain, staff(request).pk):
            messages.success(request, gettext("The training is queued and begins as soon as a worker is free."))
        else:
            messages.error(request, gettext("The queue cannot be reached; nothing was started. Try again later."))
        return HttpResponseRedirect(reverse("admin:ml_trainingrun_changelist"))

    @display(description=_("started"), ordering="started_at")
    def begun(self, row: TrainingRun) -> str:
        return when(row.started_at)

    @display(
        description=_("state"),
        label={"promoted": "success", "running": "info", "refused": "warning", "failed": "danger"},
    )
    def standing(self, row: TrainingRun) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @display(description=_("what came of it"))
    def decision(self, row: TrainingRun) -> str:
        from ml.training.told import words  # light, but of a floor that the web asks for nothing else

        return (grounds(row.version.card) if row.version else "") or (words(row.message) if row.message else "–")

    @display(description=_("model version"))
    def made(self, row: TrainingRun) -> str:
        return link(row.version)

    @display(description=_("lasted"))
    def lasted(self, row: TrainingRun) -> str:
        end = row.ended_at or row.beat_at
        return str(timedelta(seconds=int((end - row.started_at).total_seconds())))


def grounds(card: dict[str, Any]) -> str:
    """The decision of the gate in the reader's language; empty for a version that passed no gate."""
    from ml.training import told

    return told.grounds(card.get("gate") or {})


def _context(request: HttpRequest) -> dict[str, Any]:
    run = TrainingRun.objects.filter(state=TrainingRun.State.RUNNING).first()
    step, _colon, detail = run.step.partition(":") if run else ("", "", "")
    return {
        "running": run,
        "step": STEPS.get(step, step),
        "detail": detail.strip(),
        "silent": run is not None and run.beat_at < timezone.now() - SILENT,
        "may_train": request.user.has_perm("ml.add_trainingrun"),
    }
