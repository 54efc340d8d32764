"""Addresses of the pages about what was learned."""

from django.urls import path

from ml import views
from ml.views.effects import feedback, take_back
from ml.views.variety import variety

app_name = "ml"
urlpatterns = [
    path("interests", views.interests, name="interests"),
    path("interests/variety", variety, name="variety"),
    path("feedback", feedback, name="feedback"),
    path("feedback/take-back", take_back, name="take_back"),
    path("interests/reset", views.interests_reset, name="interests_reset"),
    path("interests/<int:interest_id>", views.interest_change, name="interest_change"),
    path("models", views.models, name="models"),
]
