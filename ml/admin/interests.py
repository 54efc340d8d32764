"""Interests in the admin: to be read, by administrators only, for they were learned of people."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin.base import Reader, link
from ml.models import InterestVector


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
