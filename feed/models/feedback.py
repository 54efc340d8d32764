"""Feedback and MutedTopic: the ways of saying no, each with its undo."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.relations import EndingQuerySet


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def in_force(self) -> FeedbackQuerySet:
        return self.filter(undone_at=None)


class Feedback(models.Model):
    """One "no" (or "more"): about a post, a person or a topic. Kept when undone, with the moment of the undo."""

    class Kind(models.TextChoices):
        NOT_INTERESTED = "not_interested", _("not interested in this post")
        MORE = "more", _("more like this")
        HIDE = "hide", _("hidden")
        SEE_FEWER_AUTHOR = "fewer_author", _("fewer posts from this person")
        SEE_FEWER_TOPIC = "fewer_topic", _("fewer posts about this")

    class Reason(models.TextChoices):
        """Why, where somebody cares to say; older feedback may hold other words."""

        TOO_MUCH = "too_much", _("Too much of it")
        NOT_MINE = "not_mine", _("Not for me")
        NOT_TRUE = "not_true", _("Not true")
        UPSETTING = "upsetting", _("Upsetting")
        LANGUAGE = "language", _("Not my language")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="feedback")
    kind = models.CharField(max_length=16, choices=Kind)
    post = models.ForeignKey("feed.Post", models.SET_NULL, null=True, blank=True, related_name="feedback")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    topic = models.ForeignKey("feed.Topic", models.CASCADE, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        indexes: ClassVar = [models.Index(fields=["person", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.kind}"


class MutedTopic(models.Model):
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="muted_topics")
    topic = models.ForeignKey("feed.Topic", models.CASCADE, related_name="+")
    until = models.DateTimeField(_("until"), null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = EndingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "topic"], name="muted_topic_once")]

    def __str__(self) -> str:
        return f"{self.person_id} mutes {self.topic_id}"
