"""Addresses of the pages about people."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("settings", views.settings_page, name="settings"),
    path("profile", views.profile_edit, name="profile_edit"),
    path("privacy", views.privacy, name="privacy"),
    path("blocked", views.blocked, name="blocked"),
    path("data", views.export, name="export"),
    path("delete", views.delete, name="delete"),
    path("demo/<str:username>", views.demo_login, name="demo_login"),
]
