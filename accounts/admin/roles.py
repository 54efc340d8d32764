"""Django's auth groups, called roles here, and what each may do. Code writes them; superusers may look."""

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin.base import Reader

admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(Reader):
    list_display = ("name",)
    fields = ("name", "may")
    readonly_fields = ("may",)

    def has_view_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser

    has_module_permission = has_view_permission  # type: ignore[assignment]

    @display(description=_("permissions"))
    def may(self, row: Group) -> str:
        rows = row.permissions.select_related("content_type").order_by("content_type__app_label", "codename")
        return ", ".join(f"{row.content_type.app_label}.{row.codename}" for row in rows) or "–"
