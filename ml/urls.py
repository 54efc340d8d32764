"""Addresses of the pages about what was learned."""

from django.urls import path

from ml import views

app_name = "ml"
urlpatterns = [
    path("interests", views.interests, name="interests"),
    path("interests/reset", views.interests_reset, name="interests_reset"),
    path("interests/<int:interest_id>", views.interest_change, name="interest_change"),
    path("models", views.models, name="models"),
]
