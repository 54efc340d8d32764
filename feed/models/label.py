"""Label: what a model or a moderator said of a post. `visibility.py` decides what it means for a viewer."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class LabelQuerySet(models.QuerySet["Label"]):
    def in_force(self) -> LabelQuerySet:
        return self.filter(lifted_at=None)


class Label(models.Model):
    HIDDEN = "hidden"  # by a moderator: nobody but the author sees the post
    COVERED = "covered"  # behind a cover that one can open

    post = models.ForeignKey("feed.Post", models.CASCADE, related_name="labels")
    name = models.CharField(_("label"), max_length=40)
    score = models.FloatField(_("score"), default=1.0)
    model_version = models.CharField(_("model version"), max_length=120, blank=True)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("placed by"),
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("placed"), default=timezone.now)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)

    objects = LabelQuerySet.as_manager()

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        indexes: ClassVar = [models.Index(fields=["post", "name"])]

    def __str__(self) -> str:
        return f"{self.name} on {self.post_id}"
