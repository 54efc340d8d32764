"""Dismissal: a suggested person, topic or group that somebody does not want suggested again."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Dismissal(models.Model):
    """Exactly one of `who`, `topic` and `group` is named."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="dismissals")
    who = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    topic = models.ForeignKey("feed.Topic", models.CASCADE, null=True, blank=True, related_name="+")
    group = models.ForeignKey("feed.Group", models.CASCADE, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("dismissed suggestion")
        verbose_name_plural = _("dismissed suggestions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "who"], condition=Q(who__isnull=False), name="dismissed_who"),
            models.UniqueConstraint(
                fields=["person", "topic"], condition=Q(topic__isnull=False), name="dismissed_topic"
            ),
            models.UniqueConstraint(
                fields=["person", "group"], condition=Q(group__isnull=False), name="dismissed_group"
            ),
            models.CheckConstraint(
                condition=Q(who__isnull=False, topic=None, group=None)
                | Q(who=None, topic__isnull=False, group=None)
                | Q(who=None, topic=None, group__isnull=False),
                name="dismissed_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} dismissed {self.who_id or self.topic_id or self.group_id}"
