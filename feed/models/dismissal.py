"""Dismissal and SuggestionImpression: which suggestions somebody refused for good, and which they were shown."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

_ONE_THING = (
    Q(who__isnull=False, topic=None, group=None)
    | Q(who=None, topic__isnull=False, group=None)
    | Q(who=None, topic=None, group__isnull=False)
)


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
                condition=_ONE_THING,
                name="dismissed_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} dismissed {self.who_id or self.topic_id or self.group_id}"


class SuggestionImpression(models.Model):
    """One person, topic or group that was suggested to somebody on one day, why, and what they did then.

    The answer is kept only of people who let the site learn from what they do.
    """

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", _("followed or joined")
        DISMISSED = "dismissed", _("not wanted")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="suggestion_impressions")
    who = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    topic = models.ForeignKey("feed.Topic", models.CASCADE, null=True, blank=True, related_name="+")
    group = models.ForeignKey("feed.Group", models.CASCADE, null=True, blank=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=40)  # its kind alone
    day = models.DateField(_("day"))
    shown_at = models.DateTimeField(_("shown"), default=timezone.now)
    answer = models.CharField(_("what they did"), max_length=10, choices=Answer, blank=True)

    class Meta:
        verbose_name = _("suggestion shown")
        verbose_name_plural = _("suggestions shown")
        constraints: ClassVar = [
            models.CheckConstraint(condition=_ONE_THING, name="suggested_one_thing"),
            *(
                models.UniqueConstraint(
                    fields=["person", name, "day"],
                    condition=Q(**{f"{name}__isnull": False}),
                    name=f"suggested_{name}_once",
                )
                for name in ("who", "topic", "group")
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["shown_at"])]

    def __str__(self) -> str:
        return f"{self.who_id or self.topic_id or self.group_id} suggested to {self.person_id}"
