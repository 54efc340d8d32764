"""The record of consents in the admin: to be read, never written."""

from django.contrib import admin

from accounts.admin.base import Reader
from accounts.models import ConsentChange


@admin.register(ConsentChange)
class ConsentChangeAdmin(Reader):
    list_display = ("person", "switch", "given", "at")
    list_filter = ("switch", "given", "at")
    list_select_related = ("person",)
    search_fields = ("person__username__startswith",)
    ordering = ("-pk",)
    list_display_links = None
