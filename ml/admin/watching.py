"""Watching the ranker: charts of how versions did, what people answered, drift, arms and shadow; and their switches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.admin.base import Reader, staff
from ml import registry
from ml.models import Experiment, ModelVersion, OnlineFigure
from ml.ranking import arms
from ml.ranking.suggest_figures import suggestion_figures
from ml.watching import drift, series, shadow

SHADOW_DAYS = 7


@admin.register(OnlineFigure)
class WatchingAdmin(Reader):
    """One page in place of the list: the sums themselves are rows for charts, not for reading."""

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("experiment/start/", guard(self.start), name="ml_experiment_start"),
            path("experiment/end/", guard(self.end), name="ml_experiment_end"),
            path("shadow/", guard(self.shadow), name="ml_shadow"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        today = timezone.now().date()
        rankers = ModelVersion.objects.filter(kind=ModelVersion.Kind.RANKER)
        serving = rankers.filter(state=ModelVersion.State.SERVING).first()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Watching the ranker"),
            "opts": self.opts,
            "serving": serving,
            "offline": series.offline(),
            "online": series.online(today),
            "drift": series.drift(today, serving.name) if serving and _has_reference(serving) else [],
            "no_reference": serving is not None and not _has_reference(serving),
            "least_shown": drift.LEAST,
            "tables": [
                (_("By arm"), series.table(today, "bucket")),
                (_("By version"), series.table(today, "version")),
                (_("By source"), series.table(today, "source")),
                (_("By position"), series.table(today, "band")),
                (_("What exploring costs"), series.exploration()),
                (_("Answered with a no, by source"), series.table(today, "source", answer="negative")),
                (_("Suggestions taken"), suggestion_figures(7)),
            ],
            "shadows": shadow.compare(timezone.now() - timedelta(days=SHADOW_DAYS)),
            "experiment": Experiment.objects.filter(ended_at=None).first(),
            "past": Experiment.objects.exclude(ended_at=None).order_by("-ended_at")[:10],
            "versions": rankers.exclude(state=ModelVersion.State.FILLING).order_by("-created_at")[:20],
            "may_change": request.user.has_perm("ml.change_experiment"),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/ml/watching.html", context)

    def start(self, request: HttpRequest) -> HttpResponse:
        """Start an experiment: a holdout in the order of Following and, where chosen, a version against the others."""
        if (refused := _refused(request, "ml.add_experiment")) is not None:
            return refused
        try:
            arms.start(request.POST.get("name", "").strip()[:60] or _("Holdout"), _arms(request), by=staff(request))
            messages.success(request, _("The experiment runs. Figures are summed up every hour."))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        return _back()

    def end(self, request: HttpRequest) -> HttpResponse:
        if (refused := _refused(request, "ml.change_experiment")) is not None:
            return refused
        running = Experiment.objects.filter(ended_at=None).first()
        if running is not None:
            arms.end(running)
            messages.success(request, _("The experiment ended. Everybody is served as usual."))
        return _back()

    def shadow(self, request: HttpRequest) -> HttpResponse:
        """Let one version, or none, score beside the serving one."""
        if (refused := _refused(request, "ml.change_modelversion")) is not None:
            return refused
        version = request.POST.get("version", "")
        try:
            registry.set_shadow(version)
        except (ModelVersion.DoesNotExist, registry.RankerBroken) as error:
            broken = isinstance(error, registry.RankerBroken)
            messages.error(request, str(error) if broken else _("There is no such model version."))
        else:
            told = _("%(name)s now scores in the shadow.") % {"name": version} if version else ""
            messages.success(request, told or _("Nothing scores in the shadow."))
        return _back()


def _has_reference(version: ModelVersion) -> bool:
    """Whether the card holds what drift is measured against; cards of older versions do not."""
    return bool(version.card.get("reference"))


def _refused(request: HttpRequest, permission: str) -> HttpResponse | None:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perm(permission):
        raise PermissionDenied
    return None


def _arms(request: HttpRequest) -> list[arms.Arm]:
    """The arms of the form. Raises `ValidationError` when a share is no number."""
    found = []
    try:
        holdout, trial = (float(request.POST.get(name) or 0) / 100 for name in ("holdout", "share"))
    except ValueError:
        raise ValidationError(_("A share is a number of percent.")) from None
    if holdout:
        found.append(arms.Arm("holdout", holdout, arms.FOLLOWING))
    if version := request.POST.get("version", ""):
        found.append(arms.Arm("trial", trial, version))
        found.append(arms.Arm("control", min(trial, 1 - holdout - trial), arms.SERVING))
    return found


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:ml_onlinefigure_changelist"))
