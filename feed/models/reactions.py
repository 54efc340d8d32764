"""Like, Repost, Bookmark: what people do with a post."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from feed.ids import new_id
from feed.models.post import Post


class Like(models.Model):
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="likes")
    post = models.ForeignKey(Post, models.CASCADE, related_name="likes")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "post"], name="like_once")]
        indexes: ClassVar = [models.Index(fields=["person", "-id"]), models.Index(fields=["post", "-id"])]

    def __str__(self) -> str:
        return f"{self.person_id} likes {self.post_id}"


class Repost(models.Model):
    """Shown in timelines beside posts, so its id comes from the same sequence."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reposts")
    post = models.ForeignKey(Post, models.CASCADE, related_name="reposts")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "post"], name="repost_once")]
        indexes: ClassVar = [models.Index(fields=["person", "-id"])]

    def __str__(self) -> str:
        return f"{self.person_id} reposts {self.post_id}"


class Bookmark(models.Model):
    """Private: nobody but its owner sees it or its count."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="bookmarks")
    post = models.ForeignKey(Post, models.CASCADE, related_name="bookmarks")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "post"], name="bookmark_once")]
        indexes: ClassVar = [models.Index(fields=["person", "-id"])]

    def __str__(self) -> str:
        return f"{self.person_id} keeps {self.post_id}"
