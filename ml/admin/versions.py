"""Model versions in the admin, each with its card."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin.base import Reader, table
from ml.models import ModelVersion


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
