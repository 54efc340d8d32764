"""Models and interests in the admin: to be read. What was learned of a person is for administrators only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin.base import Reader, link, table
from ml.models import InterestVector, ModelVersion


@admin.register(ModelVersion)
class ModelVersionAdmin(Reader):
    list_display = ("name", "kind", "standing", "created_at", "served_from")
    list_filter = ("kind", "state")
    ordering = ("-created_at",)
    fields = (("name", "kind", "state"), ("created_at", "served_from"), "as_card")
    readonly_fields = ("as_card",)

    @display(
        description=_("state"),
        label={"serving": "success", "filling": "info", "refused": "danger", "retired": "default"},
    )
    def standing(self, row: ModelVersion) -> tuple[str, Any]:
        return row.state, row.get_state_display()

    @display(description=_("card"))
    def as_card(self, row: ModelVersion) -> str:
        return table(row.card)


@admin.register(InterestVector)
class InterestAdmin(Reader):
    list_display = ("person", "named", "strength", "negative", "acts", "source", "topic", "updated_at")
    list_filter = ("source", "negative", "model", "updated_at")
    list_select_related = ("person", "topic")
    search_fields = ("person__username__startswith",)
    ordering = ("person_id", "negative", "rank")
    fields = ("who", "named", ("rank", "strength", "negative"), ("acts", "source"), "topic", ("model", "updated_at"))
    readonly_fields = ("who", "named")

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).defer("vector")

    @display(description=_("words"))
    def named(self, row: InterestVector) -> str:
        return ", ".join(row.words[:6]) or "–"

    @display(description=_("person"))
    def who(self, row: InterestVector) -> str:
        return link(row.person)
