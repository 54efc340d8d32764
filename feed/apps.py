"""The feed app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class FeedConfig(AppConfig):
    name = "feed"
    verbose_name = _("Feed")

    def ready(self) -> None:
        from feed import receivers  # noqa: F401 - connects its receivers
        from feed.moderation.roles import create_roles

        post_migrate.connect(create_roles, dispatch_uid="feed.create_roles")
