"""What all pages of the admin share: they read; what they write goes through verbs; no query grows with the rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from unfold.admin import ModelAdmin, TabularInline
from unfold.paginator import InfinitePaginator

from accounts.models import User


def staff(request: HttpRequest) -> User:
    """Who acts: every page of the admin is for people who signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


class Reader(ModelAdmin):
    """A read-only page. Subclasses name `list_select_related`; writing is left to actions that call verbs."""

    show_full_result_count = False
    paginator = InfinitePaginator  # counting a large table costs more than showing a page of it
    list_per_page = 50
    list_disable_select_all = True
    list_filter_submit = False
    compressed_fields = True
    view_on_site = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReaderInline(TabularInline):
    """Rows that belong to another row, to be read."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def link(row: Model | None, text: Any = None) -> SafeString | str:
    """A link to the admin's page of a row; a dash where there is none."""
    if row is None:
        return "–"
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a class="admin-link" href="{}">{}</a>', address, row if text is None else text)


def table(value: Any) -> SafeString | str:
    """JSON as a person reads it: names and values in rows, nested tables within."""
    if isinstance(value, dict):
        rows = format_html_join(
            "", "<tr><th scope='row'>{}</th><td>{}</td></tr>", ((k, table(v)) for k, v in value.items())
        )
        return format_html('<table class="facts">{}</table>', rows) if value else "–"
    if isinstance(value, list | tuple):
        return format_html_join(", ", "{}", ((table(item),) for item in value)) if value else "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value in (None, "") else str(value)


def when(moment: datetime | None) -> str:
    """A moment, short, in the site's time zone."""
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT") if moment else "–"


def history(row: Model) -> list[LogEntry]:
    """What staff did to a row, newest first."""
    kind = {"content_type__app_label": row._meta.app_label, "content_type__model": row._meta.model_name}
    return list(LogEntry.objects.filter(object_id=str(row.pk), **kind).select_related("user")[:20])
