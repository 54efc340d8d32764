"""Report: somebody says that a post or a person breaks the rules."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Report(models.Model):
    class Reason(models.TextChoices):
        HARASSMENT = "harassment", _("Harassment or insult")
        HATE = "hate", _("Hatred against a group")
        VIOLENCE = "violence", _("Violence or threat")
        SELF_HARM = "self_harm", _("Someone may harm themselves")
        SEXUAL = "sexual", _("Sexual content")
        MISLEADING = "misleading", _("Misleading claim")
        SPAM = "spam", _("Spam or advertising")
        OTHER = "other", _("Something else")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        UPHELD = "upheld", _("upheld")
        DISMISSED = "dismissed", _("dismissed")
        WITHDRAWN = "withdrawn", _("withdrawn")

    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("reported by"), related_name="reports"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("the person"), related_name="reports_received"
    )
    post = models.ForeignKey("feed.Post", models.CASCADE, null=True, blank=True, related_name="reports")
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(_("reported"), default=timezone.now)
    handled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        indexes: ClassVar = [models.Index(fields=["state", "-id"])]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} ({self.get_state_display()})"
