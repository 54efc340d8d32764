"""Notification: what happened to someone while they were away."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Notification(models.Model):
    class Kind(models.TextChoices):
        LIKE = "like", _("liked your post")
        COMMENT = "comment", _("answered you")
        MENTION = "mention", _("mentioned you")
        REPOST = "repost", _("reposted you")
        QUOTE = "quote", _("quoted you")
        FOLLOW = "follow", _("followed you")
        GROUP_ASK = "group_ask", _("asked to join your group")
        GROUP_ADMIT = "group_admit", _("let you into the group")
        REPORT_DONE = "report_done", _("your report was looked at")

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=12, choices=Kind)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    post = models.ForeignKey("feed.Post", models.CASCADE, null=True, blank=True, related_name="+")
    group = models.ForeignKey("feed.Group", models.CASCADE, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            # Liking, unliking and liking again is one notice.
            models.UniqueConstraint(
                fields=["recipient", "kind", "actor", "post", "group"],
                name="notice_once",
                nulls_distinct=False,
            )
        ]
        indexes: ClassVar = [models.Index(fields=["recipient", "-id"])]

    def __str__(self) -> str:
        return f"{self.recipient_id}: {self.kind}"
