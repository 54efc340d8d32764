"""Consent: what may be learned from a person, and what they switched off. Nothing is learned before it is given."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Signs(models.TextChoices):
    """Which signs count, beside what a person says on purpose: `Consent.opens` and `Consent.reading_time` in words."""

    EXPLICIT = "explicit", _("Only what I say on purpose")
    OPENS = "opens", _("Also what I open")
    READING = "reading", _("Also how long I read")
    READING_ONLY = "reading_only", _("How long I read, but not what I open")

    def switches(self) -> dict[str, bool]:
        return {
            "opens": self in (Signs.OPENS, Signs.READING),
            "reading_time": self in (Signs.READING, Signs.READING_ONLY),
        }


class Consent(models.Model):
    """One row a person, made with the account; every switch is off until they turn it on, but for the plain ranking."""

    SWITCHES: ClassVar = ("personalised", "behaviour", "opens", "reading_time", "training", "suggestions")

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="consent")
    personalised = models.BooleanField(
        _("rank my home page"), default=True, help_text=_("Off: your home is simply newest first.")
    )
    behaviour = models.BooleanField(
        _("learn from what I do"),
        default=False,
        help_text=_("Likes, answers, reposts, bookmarks and follows shape what you are shown."),
    )
    opens = models.BooleanField(
        _("learn from what I open"),
        default=False,
        help_text=_("Adds which conversations and links you opened. Off: only what you say on purpose counts."),
    )
    reading_time = models.BooleanField(
        _("learn from how long I read"),
        default=False,
        help_text=_("Adds which posts you stayed with. Nothing is measured while this is off."),
    )
    training = models.BooleanField(
        _("train the site's models with my acts"),
        default=False,
        help_text=_("Without your name; you can take it back."),
    )
    suggestions = models.BooleanField(
        _("offer me written suggestions"),
        default=True,
        help_text=_("Replies and drafts suggested by a language model."),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")

    @property
    def signs(self) -> Signs:
        now = {"opens": self.opens, "reading_time": self.reading_time}
        return next(signs for signs in Signs if signs.switches() == now)

    def __str__(self) -> str:
        given = [name for name in self.SWITCHES if getattr(self, name)]
        return f"{self.person_id}: {', '.join(given) or 'nothing'}"


class ConsentChange(models.Model):
    """The record of every change of consent, kept as long as the account."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), related_name="consent_changes"
    )
    switch = models.CharField(_("switch"), max_length=20)
    given = models.BooleanField(_("given"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("consent change")
        verbose_name_plural = _("consent changes")

    @property
    def words(self) -> str:
        """The switch as people read it."""
        fields = {field.name: str(field.verbose_name) for field in Consent._meta.concrete_fields}
        return fields.get(self.switch, self.switch)

    def __str__(self) -> str:
        return f"{self.person_id}: {self.switch} {'given' if self.given else 'withdrawn'}"
