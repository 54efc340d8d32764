"""Draft: what someone began to write and has not sent; kept on the server so that no device loses it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Draft(models.Model):
    """`place` names the composer: "post", "answer:<id>", "quote:<id>", "group:<slug>", "edit:<id>"."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    place = models.CharField(max_length=80)
    fields = models.JSONField(default=dict)  # {"text": …, "content_warning": …, "visibility": …, "language": …}
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "place"], name="draft_once_a_place")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.place}"
