"""The table of weights in the admin: the newest row rules, older ones are its history and can be put back."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import lazy
from django.utils.translation import gettext, gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from accounts.admin.base import Reader, staff, table
from ml.models import HeadWeights
from ml.ranking import weights
from ml.ranking.heads import HEADS


def _field(head: str) -> forms.FloatField:
    label, meaning = (lazy(lambda place=place: weights.words()[head][place], str)() for place in (0, 1))
    return forms.FloatField(
        label=label,
        help_text=meaning,
        min_value=-weights.MOST,
        max_value=weights.MOST,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
    )


class _Form(forms.ModelForm):
    class Meta:
        model = HeadWeights
        fields: ClassVar = ["note"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            try:
                given["weights"] = weights.checked({head: given.get(head) for head in HEADS})
            except ValidationError as error:
                self.add_error(None, error.messages)
        return given


WeightsForm = type("WeightsForm", (_Form,), {head: _field(head) for head in HEADS})


@admin.register(HeadWeights)
class HeadWeightsAdmin(Reader):
    list_display = ("at", "by", "note", "rules")
    list_select_related = ("by",)
    ordering = ("-at", "-pk")
    change_form_outer_before_template = "admin/ml/_put_back.html"
    form = WeightsForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ml.add_headweights")

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [path("<int:row_id>/put-back/", guard(self.put_back), name="ml_weights_put_back"), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: HeadWeights | None = None) -> list[Any]:
        return [*HEADS, "note"] if obj is None else [("at", "by"), "note", "as_table"]

    def get_readonly_fields(self, request: HttpRequest, obj: HeadWeights | None = None) -> list[str]:
        return [] if obj is None else ["as_table"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return dict(weights.current())

    def save_model(self, request: HttpRequest, obj: HeadWeights, form: Any, change: bool) -> None:
        """A new row that rules from now on; rows are never edited."""
        row = weights.change(staff(request), form.cleaned_data["weights"], form.cleaned_data["note"])
        obj.pk, obj.weights, obj.by, obj.at = row.pk, row.weights, row.by, row.at

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        more = {"may_put_back": self.has_add_permission(request)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def put_back(self, request: HttpRequest, row_id: int) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_add_permission(request):
            raise PermissionDenied
        row = HeadWeights.objects.filter(pk=row_id).first()
        if row is None:
            raise Http404
        try:
            weights.put_back(staff(request), row)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, gettext("These weights rule again, from the next request on."))
        return HttpResponseRedirect(reverse("admin:ml_headweights_changelist"))

    @display(description=_("rules now"), boolean=True)
    def rules(self, row: HeadWeights) -> bool:
        return row.pk == HeadWeights.objects.order_by("-at", "-pk").values_list("pk", flat=True).first()

    @display(description=_("weights"))
    def as_table(self, row: HeadWeights) -> str:
        said = weights.words()
        return table({said[head][0] if head in said else head: value for head, value in row.weights.items()})
