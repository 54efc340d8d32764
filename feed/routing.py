"""Addresses of the sockets."""

from django.urls import URLPattern, path

from feed.consumers import LiveConsumer

websocket_urlpatterns: list[URLPattern] = [path("live/", LiveConsumer.as_asgi(), name="live")]  # type: ignore[arg-type]
