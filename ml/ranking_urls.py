"""Addresses of the pages on how home is ranked: they stand beside the feed's own."""

from django.urls import path

from ml import views

app_name = "ranking"
urlpatterns = [
    path("home/tune/", views.tune, name="tune"),
    path("about/ranking/", views.about_ranking, name="about"),
]
