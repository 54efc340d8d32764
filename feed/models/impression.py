"""Impression and Outcome: what was shown, to whom, where, why, by which model, and what the person did then."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Impression(models.Model):
    """One post on one page. `features` and `terms` are exactly what the ranker saw and answered."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), related_name="impressions"
    )
    post = models.ForeignKey("feed.Post", models.CASCADE, related_name="impressions")
    request_id = models.UUIDField(_("request"))
    surface = models.CharField(_("where"), max_length=20, default="for-you")
    position = models.PositiveSmallIntegerField(_("position"))
    source = models.CharField(_("source"), max_length=40, blank=True)  # that is named; one of those that found it
    found_by = ArrayField(models.CharField(max_length=40), verbose_name=_("found by"), default=list, blank=True)
    reason = models.JSONField(_("reason"), default=dict)  # ids only: {"kind": "like", "post": "…", "topic": …}
    features = models.JSONField(_("numbers seen"), default=dict)  # {"similarity": 0.41, …}
    terms = models.JSONField(_("terms of the score"), default=dict)  # {"interest": 0.9, …}
    score = models.FloatField(_("score"), default=0.0)
    model_version = models.CharField(_("model version"), max_length=120, blank=True)
    # Milliseconds the post was in view; only from people who allowed to measure it.
    read_ms = models.PositiveIntegerField(_("time read"), null=True, blank=True)
    bucket = models.CharField(_("arm of the experiment"), max_length=20, blank=True)
    # What a candidate model that does not serve would have said: it changes no page.
    shadow_version = models.CharField(_("shadow model"), max_length=120, blank=True)
    shadow_score = models.FloatField(_("shadow score"), null=True, blank=True)
    # The slate is scored once and shown page by page: what was done in between is no reason for what came after.
    scored_at = models.DateTimeField(_("scored"), default=timezone.now)
    shown_at = models.DateTimeField(_("shown"), default=timezone.now)

    class Meta:
        verbose_name = _("impression")
        verbose_name_plural = _("impressions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request_id", "post"], name="impression_once_a_request")
        ]
        indexes: ClassVar = [models.Index(fields=["person", "-shown_at"]), models.Index(fields=["shown_at"])]

    def __str__(self) -> str:
        return f"{self.post_id} to {self.person_id} at {self.position}"


class Outcome(models.Model):
    """What the person did about a post after this impression of it. Undone acts are deleted; nothing without consent.

    Opening and following links are kept only from people who allow more than explicit signals; the time of reading is
    `Impression.read_ms`.
    """

    class Kind(models.TextChoices):
        LIKE = "like", _("like")
        COMMENT = "comment", _("comment")
        REPOST = "repost", _("repost")
        QUOTE = "quote", _("quote")
        BOOKMARK = "bookmark", _("bookmark")
        FOLLOW = "follow", _("follow after seeing")
        OPEN = "open", _("conversation opened")
        LINK = "link", _("link opened")
        NOT_INTERESTED = "not_interested", _("not interested")
        FEWER = "fewer", _("see fewer")
        HIDE = "hide", _("hidden")
        MUTE = "mute", _("author muted")
        BLOCK = "block", _("author blocked")
        REPORT = "report", _("reported")

    impression = models.ForeignKey(Impression, models.CASCADE, related_name="outcomes")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        constraints: ClassVar = [models.UniqueConstraint(fields=["impression", "kind"], name="outcome_once")]
        indexes: ClassVar = [models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.kind} after {self.impression_id}"
