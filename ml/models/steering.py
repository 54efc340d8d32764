"""What turns probabilities into an order: the site's weights with their history, and each person's own sliders."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class HeadWeights(models.Model):
    """One table of weights, by head; the newest row rules, the older ones are its history. Never edited."""

    weights = models.JSONField(_("weights"), default=dict)  # {"like": 0.5, …}
    note = models.CharField(_("note"), max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+"
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("table of weights")
        verbose_name_plural = _("tables of weights")
        ordering: ClassVar = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


def _slider(name: Any) -> models.FloatField:
    return models.FloatField(name, default=0.0, validators=[MinValueValidator(-1.0), MaxValueValidator(1.0)])


class Steering(models.Model):
    """A person's own sliders, each from -1 to 1; 0 leaves the site's weights as they are. No row: all 0."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="steering")
    people = _slider(_("people I follow"))  # -1: more discovery
    fresh = _slider(_("fresh"))  # -1: timeless
    broad = _slider(_("broad"))  # -1: familiar
    talk = _slider(_("conversation"))  # -1: quiet
    languages = ArrayField(models.CharField(max_length=12), verbose_name=_("my languages"), default=list, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("sliders of a person")
        verbose_name_plural = _("sliders of people")

    def __str__(self) -> str:
        return f"{self.person_id}: {self.people:+.1f} {self.fresh:+.1f} {self.broad:+.1f} {self.talk:+.1f}"
