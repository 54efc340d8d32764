"""Addresses of the pages about what was learned."""

from django.urls import URLPattern

app_name = "ml"
urlpatterns: list[URLPattern] = []
