"""Model versions in the admin, each with its card; rankers are promoted and rolled back from here, after a question."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy as _
from unfold.decorators import display

from accounts.admin.base import Reader, staff
from ml import registry
from ml.admin import card
from ml.admin.training import grounds
from ml.models import ModelVersion, Promotion

State = ModelVersion.State
LONGEST_WHY: Final = 300
PROMOTIONS_SHOWN: Final = 10


@admin.register(ModelVersion)
class ModelVersionAdmin(Reader):
    list_display = ("name", "kind", "standing", "order", "created_at", "served_from")
    list_filter = ("kind", "state")
    ordering = ("-created_at",)
    list_before_template = "admin/ml/_serving.html"
    change_form_outer_before_template = "admin/ml/_promote.html"
    readonly_fields = ("decision", "figures", "acts", "privacy", "as_card")

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("<int:version_id>/promote/", guard(self.promote), name="ml_promote"),
            path("recipe/promote/", guard(self.promote_recipe), name="ml_promote_recipe"),
            path("rollback/", guard(self.rollback), name="ml_rollback"),
            *super().get_urls(),
        ]

    def get_fields(self, request: HttpRequest, obj: ModelVersion | None = None) -> list[Any]:
        """Only a ranker is judged, and may be private."""
        ranker = obj is not None and obj.kind == ModelVersion.Kind.RANKER
        of_rankers = ["decision", "figures", "acts", "privacy"] if ranker else []
        return ["name", ("kind", "state"), ("created_at", "served_from"), *of_rankers, "as_card"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        more = {
            "serving": _serving(),
            "promotions": Promotion.objects.select_related("version", "replaced", "by")[:PROMOTIONS_SHOWN],
            "may_promote": _may_promote(request),
        }
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        more = {"may_promote": _may_promote(request)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    # --- What changes the serving model ---

    def promote(self, request: HttpRequest, version_id: int) -> HttpResponse:
        version = ModelVersion.objects.filter(pk=version_id, kind=ModelVersion.Kind.RANKER).first()
        if version is None:
            raise Http404
        question = gettext("Let %(name)s order home pages from the next request on?") % {"name": version.name}
        refused = grounds(version.card) if version.state == State.REFUSED else ""
        return self._ask(request, question, lambda **how: registry.promote_ranker(version.name, **how), refused)

    def promote_recipe(self, request: HttpRequest) -> HttpResponse:
        question = gettext("Let the hand-set recipe order home pages from the next request on?")
        return self._ask(request, question, lambda **how: registry.promote_ranker("", **how))

    def rollback(self, request: HttpRequest) -> HttpResponse:
        question = gettext("Take the last promotion back? What served before it serves again from the next request on.")
        return self._ask(request, question, registry.rollback_ranker)

    def _ask(self, request: HttpRequest, question: str, act: Any, warning: str = "") -> HttpResponse:
        """The question as a page; done when it is confirmed."""
        if request.method not in ("GET", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        if not _may_promote(request):
            raise PermissionDenied
        if request.method == "GET":
            context = {
                **self.admin_site.each_context(request),
                "title": question,
                "warning": warning,
                "opts": self.opts,
            }
            return TemplateResponse(request, "admin/ml/confirm.html", context)
        try:
            done = act(by=staff(request), why=request.POST.get("why", "").strip()[:LONGEST_WHY])
        except registry.RankerBroken as error:
            messages.error(request, gettext("Nothing was changed. %(error)s") % {"error": error})
        else:
            said = gettext("%(name)s serves from the next request on.") if done else gettext("It was so already.")
            serving = _serving()
            name = serving.name if serving else gettext("The hand-set recipe")
            messages.success(request, said % {"name": name})
        return HttpResponseRedirect(reverse("admin:ml_modelversion_changelist"))

    # --- What is read ---

    @display(
        description=_("state"),
        label={"serving": "success", "filling": "info", "refused": "danger", "retired": "default"},
    )
    def standing(self, row: ModelVersion) -> tuple[str, Any]:
        return row.state, row.get_state_display()

    @display(description="nDCG@10")
    def order(self, row: ModelVersion) -> str:
        found = ((row.card.get("metrics") or {}).get("test") or {}).get("ndcg10")
        return f"{found:.4f}" if isinstance(found, float) else "–"

    @display(description=_("decision"))
    def decision(self, row: ModelVersion) -> str:
        return grounds(row.card) or "–"

    @display(description=_("card"))
    def as_card(self, row: ModelVersion) -> str:
        return card.whole(row)

    @display(description=_("Figures on held-out days"))
    def figures(self, row: ModelVersion) -> str:
        return card.figures(row.card)

    @display(description=_("Each act on held-out days"))
    def acts(self, row: ModelVersion) -> str:
        return card.acts(row.card)

    @display(description=_("Privacy"))
    def privacy(self, row: ModelVersion) -> str:
        return card.privacy(row.card)


def _may_promote(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("ml.change_modelversion"))


def _serving() -> ModelVersion | None:
    return ModelVersion.objects.filter(kind=ModelVersion.Kind.RANKER, state=State.SERVING).first()
