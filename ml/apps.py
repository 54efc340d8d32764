"""The ml app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MlConfig(AppConfig):
    name = "ml"
    verbose_name = _("What is learned")

    def ready(self) -> None:
        from ml import receivers  # noqa: F401 - connects its receivers
