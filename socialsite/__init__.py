"""The wiring: settings, urls, sockets, tasks, the embedded engines. It knows every floor and decides nothing."""

from socialsite.celery import app as celery_app

__all__ = ["celery_app"]
