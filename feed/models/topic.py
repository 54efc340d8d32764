"""Topic and TopicFollow: subjects, made by hashtags or curated by the site."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy as _


class Topic(models.Model):
    """A hashtag; a curated one has titles in both languages, and other hashtags may be its `alias_of` children."""

    name = models.CharField(_("name"), max_length=60, unique=True)  # casefolded, without #
    shown_as = models.CharField(_("as first written"), max_length=60)
    curated = models.BooleanField(_("curated"), default=False)
    title_en = models.CharField(_("title in English"), max_length=60, blank=True)
    title_zh = models.CharField(_("title in Chinese"), max_length=60, blank=True)
    about_en = models.CharField(_("about it, in English"), max_length=200, blank=True)
    about_zh = models.CharField(_("about it, in Chinese"), max_length=200, blank=True)
    example_en = models.CharField(_("an example, in English"), max_length=200, blank=True)
    example_zh = models.CharField(_("an example, in Chinese"), max_length=200, blank=True)
    alias_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, verbose_name=_("alias of"), related_name="aliases"
    )
    followers_count = models.PositiveIntegerField(_("followers"), default=0, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("feed:topic", args=[self.name])

    @property
    def title(self) -> str:
        own = self.title_zh if (get_language() or "en").startswith("zh") else self.title_en
        return own or f"#{self.shown_as}"

    @property
    def about(self) -> str:
        return self.about_zh if (get_language() or "en").startswith("zh") else self.about_en

    @property
    def example(self) -> str:
        return self.example_zh if (get_language() or "en").startswith("zh") else self.example_en


class TopicFollow(models.Model):
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="topic_follows")
    topic = models.ForeignKey(Topic, models.CASCADE, related_name="follows")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "topic"], name="topic_follow_once")]

    def __str__(self) -> str:
        return f"{self.person_id} follows {self.topic_id}"
