"""Attachment: a picture in a post, re-encoded and stripped of metadata before it is stored."""

from __future__ import annotations

from secrets import token_hex
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def picture_path(attachment: Attachment, filename: str) -> str:
    return f"posts/{timezone.now():%Y/%m}/{token_hex(16)}.webp"


class Attachment(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="attachments")
    post = models.ForeignKey("feed.Post", models.CASCADE, null=True, blank=True, related_name="attachments")
    image = models.ImageField(upload_to=picture_path, width_field="width", height_field="height")
    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
    alt = models.CharField(_("description"), max_length=1500, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return self.alt or str(self.pk)
