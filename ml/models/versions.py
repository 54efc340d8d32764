"""The models that serve or served, how each came to serve, and the nights that made them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ModelVersion(models.Model):
    """One version of one model. At most one of each kind serves."""

    class Kind(models.TextChoices):
        ENCODER = "encoder", _("sentence encoder")
        RANKER = "ranker", _("ranker")

    class State(models.TextChoices):
        FILLING = "filling", _("being prepared")
        CANDIDATE = "candidate", _("candidate")
        SERVING = "serving", _("serving")
        RETIRED = "retired", _("retired")
        REFUSED = "refused", _("refused")

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.FILLING)
    card = models.JSONField(_("card"), default=dict, blank=True)  # dimensions, precision, measured figures
    shadow = models.BooleanField(_("shadow"), default=False)  # scores beside the serving model, changes no page
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    served_from = models.DateTimeField(_("serving since"), null=True, blank=True)

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind"], condition=models.Q(state="serving"), name="one_model_serves")
        ]

    def __str__(self) -> str:
        return self.name


class Promotion(models.Model):
    """One change of the serving model of a kind: which version, in whose place, by whom and why. Never edited."""

    class How(models.TextChoices):
        PROMOTE = "promote", _("promoted")
        ROLLBACK = "rollback", _("rolled back")

    version = models.ForeignKey(
        ModelVersion, models.CASCADE, null=True, verbose_name=_("model version"), related_name="promotions"
    )  # null: no model, the hand-set recipe
    replaced = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, blank=True, verbose_name=_("in place of"), related_name="+"
    )
    how = models.CharField(_("how"), max_length=10, choices=How, default=How.PROMOTE)
    why = models.TextField(_("why"), blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+"
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        ordering: ClassVar = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.how} {self.version_id}"


class TrainingRun(models.Model):
    """One night, or one `manage.py ranker train`: how far it is, how it ended, in plain words."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PROMOTED = "promoted", _("promoted")
        REFUSED = "refused", _("refused")
        TOO_LITTLE = "too_little", _("too little data")
        FAILED = "failed", _("failed")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    step = models.CharField(_("step"), max_length=60, blank=True)
    done = models.PositiveIntegerField(_("done"), default=0)
    of = models.PositiveIntegerField(_("of"), default=0)
    message = models.TextField(_("message"), blank=True)
    version = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, blank=True, verbose_name=_("model version"), related_name="runs"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+"
    )
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    beat_at = models.DateTimeField(_("last sign of life"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        ordering: ClassVar = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.state}"
