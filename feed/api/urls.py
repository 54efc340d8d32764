"""Addresses of the REST API."""

from django.urls import path

from feed.api.why import WhyView

app_name = "api"
urlpatterns = [
    path("v1/courtyard/statuses/<id:post_id>/why", WhyView.as_view(), name="why"),
]
