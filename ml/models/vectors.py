"""Vectors of posts and topics, and the interests of people. Knows no model but by its name."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField


class PostVector(models.Model):
    """What a post means to one encoder. Half precision; HNSW indexes are partial, one a model (`embedding/nearest.py`),
    because models of several sizes live side by side while one replaces the other."""

    post = models.ForeignKey("feed.Post", models.CASCADE, related_name="vectors")
    model = models.CharField(max_length=120)
    vector = HalfVectorField()  # unit length, as many dimensions as the model has
    digest = models.CharField(max_length=64)  # of the text that was embedded
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["post", "model"], name="one_vector_a_model")]

    def __str__(self) -> str:
        return f"{self.post_id} by {self.model}"


class TopicVector(models.Model):
    """The centre of a curated topic: from its description and examples, then also from posts with its hashtag."""

    topic = models.ForeignKey("feed.Topic", models.CASCADE, related_name="vectors")
    model = models.CharField(max_length=120)
    vector = HalfVectorField()
    posts = models.PositiveIntegerField(default=0)  # how many posts took part
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["topic", "model"], name="one_topic_vector_a_model")]

    def __str__(self) -> str:
        return f"{self.topic_id} by {self.model}"


class InterestVector(models.Model):
    """One interest of one person: a unit vector, how strong it is, and the words that name it."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), related_name="interests"
    )
    model = models.CharField(_("model"), max_length=120)
    rank = models.PositiveSmallIntegerField(_("rank"))  # 0 is the strongest
    vector = HalfVectorField()
    strength = models.FloatField(_("strength"))  # share of the person's positive weight, 0 to 1
    negative = models.BooleanField(_("turned away"), default=False)  # what they said no to
    words = models.JSONField(default=list)  # most typical words, best first
    topic = models.ForeignKey(
        "feed.Topic", models.SET_NULL, null=True, blank=True, verbose_name=_("topic"), related_name="+"
    )
    acts = models.PositiveIntegerField(_("acts"), default=0)  # how many acts it stands on
    source = models.CharField(_("source"), max_length=10, default="acts")  # "acts", or "chosen" for the cold start
    updated_at = models.DateTimeField(_("updated"), default=timezone.now)

    class Meta:
        verbose_name = _("interest")
        verbose_name_plural = _("interests")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "model", "negative", "rank"], name="interest_rank_once")
        ]

    def __str__(self) -> str:
        return ", ".join(self.words[:3]) or f"{self.person_id}/{self.rank}"


class InterestAdjustment(models.Model):
    """A person's own word about an interest: 1 leaves it, 0.3 turns it down, 0 removes it. It survives every
    recomputation because it is matched by meaning: it holds for interests near its vector."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="interest_adjustments")
    model = models.CharField(max_length=120)
    vector = HalfVectorField()
    words = models.JSONField(default=list)
    factor = models.FloatField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.person_id}: {self.words[:3]} × {self.factor}"


class Learner(models.Model):
    """Where learning from one person stands: what came before `reset_at` counts for nothing any more."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="learner")
    reset_at = models.DateTimeField(null=True, blank=True)
    learned_at = models.DateTimeField(null=True, blank=True)
    stale_since = models.DateTimeField(null=True, blank=True, db_index=True)  # an act came after `learned_at`

    def __str__(self) -> str:
        return str(self.person_id)
