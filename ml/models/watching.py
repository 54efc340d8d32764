"""What is kept to watch models by: daily figures of what was shown, drift, experiments; and posts liked together."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PostNeighbours(models.Model):
    """The posts that the same people engage with, nearest first; made anew every hour."""

    post = models.OneToOneField("feed.Post", models.CASCADE, primary_key=True, related_name="neighbours")
    ids = ArrayField(models.BigIntegerField(), default=list)
    scores = ArrayField(models.FloatField(), default=list)
    made_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.post_id}: {len(self.ids)}"


class OnlineFigure(models.Model):
    """How one day's impressions of a version, arm, source and band of positions were answered: sums, no person."""

    day = models.DateField(_("day"))
    version = models.CharField(_("model version"), max_length=120, blank=True)
    bucket = models.CharField(_("arm"), max_length=20, blank=True)
    source = models.CharField(_("source"), max_length=40, blank=True)
    band = models.CharField(_("positions"), max_length=10)  # "1-5", "6-20", …
    impressions = models.PositiveIntegerField(_("impressions"), default=0)
    counts = models.JSONField(_("outcomes"), default=dict)  # kind of outcome -> how many

    class Meta:
        verbose_name = _("online figure")
        verbose_name_plural = _("online figures")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "version", "bucket", "source", "band"], name="online_figure_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.version} {self.source} {self.band}"


class DriftFigure(models.Model):
    """How one number the model saw, or its score, was spread on one day, against what it was trained on."""

    day = models.DateField(_("day"))
    version = models.CharField(_("model version"), max_length=120)
    number = models.CharField(_("number"), max_length=40)  # a feature's name, or "score"
    mean = models.FloatField(_("mean"), default=0.0)
    spread = models.FloatField(_("standard deviation"), default=0.0)
    psi = models.FloatField(_("population stability index"), null=True, blank=True)

    class Meta:
        verbose_name = _("drift figure")
        verbose_name_plural = _("drift figures")
        constraints: ClassVar = [models.UniqueConstraint(fields=["day", "version", "number"], name="drift_figure_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.number}"


class Experiment(models.Model):
    """Arms that people are sorted into by a hash of their id: [{"name", "share", "serves"}]. One runs at a time.

    `serves` is "serving", "recipe", "following" (the holdout that sees the order of Following) or a version's name.
    """

    name = models.CharField(_("name"), max_length=60)
    arms = models.JSONField(_("arms"), default=list)
    salt = models.CharField(_("salt"), max_length=32, blank=True)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+"
    )

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        constraints: ClassVar = [
            models.UniqueConstraint(models.Value(1), condition=models.Q(ended_at=None), name="one_experiment_runs")
        ]

    def __str__(self) -> str:
        return self.name
