"""User and Profile: the person and what they show of themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

RESERVED_NAMES = frozenset(
    [
        "admin",
        "api",
        "about",
        "accounts",
        "courtyard",
        "everyone",
        "explore",
        "feed",
        "help",
        "here",
        "home",
        "login",
        "logout",
        "moderator",
        "me",
        "root",
        "settings",
        "signup",
        "static",
        "media",
        "support",
        "system",
        "welcome",
    ]
)
name_shape = RegexValidator(r"^[a-z0-9_]{2,30}\Z", _("Use 2 to 30 of these: small letters a to z, digits, underscore."))


def refuse_reserved(value: str) -> None:
    from django.core.exceptions import ValidationError

    if value.lower() in RESERVED_NAMES:
        raise ValidationError(_("This name is kept for the site itself. Please choose another."))


USERNAME_VALIDATORS: list[Callable[[Any], None]] = [name_shape, refuse_reserved]


class PeopleQuerySet(models.QuerySet["User"]):
    """Questions about people, each read as a permission or a relation."""

    def present(self) -> PeopleQuerySet:
        """People who can be met: active accounts."""
        return self.filter(is_active=True)

    def visible_to(self, viewer: Any) -> PeopleQuerySet:
        """People whose page `viewer` may open: active ones who have not blocked the viewer."""
        found = self.present()
        if getattr(viewer, "is_authenticated", False):
            from accounts.models.relations import Block

            found = found.exclude(Exists(Block.objects.filter(blocker=OuterRef("pk"), blocked=viewer)))
        return found

    def followed_by(self, person: User) -> PeopleQuerySet:
        return self.filter(follower_links__follower=person)

    def with_profiles(self) -> PeopleQuerySet:
        return self.select_related("profile")

    def named_like(self, start: str) -> PeopleQuerySet:
        """People whose handle or display name begins with `start`; for autocompletion and search."""
        return self.filter(Q(username__startswith=start.lower()) | Q(profile__display_name__istartswith=start))


class People(UserManager.from_queryset(PeopleQuerySet)):  # type: ignore[misc]
    use_in_migrations = False

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=(username or "").lower())


class User(AbstractUser):
    """A person with an account. The handle is stored in small letters, so it is unique whatever its case."""

    username = models.CharField(
        _("handle"),
        max_length=30,
        unique=True,
        validators=USERNAME_VALIDATORS,
        error_messages={"unique": _("Somebody already has this name.")},
    )
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    is_demo = models.BooleanField(_("demo person"), default=False)

    objects: ClassVar[People] = People()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions: ClassVar = [("suspend_user", "Can suspend and reinstate people")]

    def __str__(self) -> str:
        return f"@{self.username}"

    @property
    def display_name(self) -> str:
        return self.profile.display_name or self.username

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.username

    def get_absolute_url(self) -> str:
        return reverse("feed:profile", args=[self.username])


def avatar_path(profile: Profile, filename: str) -> str:
    from secrets import token_hex

    return f"avatars/{profile.user_id % 1000:03d}/{token_hex(12)}.webp"


def header_path(profile: Profile, filename: str) -> str:
    from secrets import token_hex

    return f"headers/{profile.user_id % 1000:03d}/{token_hex(12)}.webp"


class Profile(models.Model):
    """What a person shows of themselves, and how they like to read. Made together with the user, always there."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="profile")
    display_name = models.CharField(_("name"), max_length=60, blank=True)
    bio = models.CharField(_("about you"), max_length=500, blank=True)
    avatar = models.ImageField(_("picture"), upload_to=avatar_path, blank=True)
    header = models.ImageField(_("header"), upload_to=header_path, blank=True)
    links = models.JSONField(_("links"), default=list, blank=True)  # [{"label": str, "url": str}], at most 4
    languages = ArrayField(
        models.CharField(max_length=12), verbose_name=_("languages you read"), default=list, blank=True
    )
    interface_language = models.CharField(_("language of the pages"), max_length=12, blank=True)
    tagline = models.CharField(max_length=120, blank=True, editable=False)  # of the demo people, for the log-in page
    featured = models.BooleanField(default=False, editable=False)  # offered for one-click sign-in where DEMO is on
    recommendable = models.BooleanField(
        _("others may find my posts through recommendations"),
        default=True,
    )
    onboarded_at = models.DateTimeField(_("welcomed"), null=True, blank=True, editable=False)
    followers_count = models.PositiveIntegerField(_("followers"), default=0, editable=False)
    following_count = models.PositiveIntegerField(_("follows"), default=0, editable=False)
    posts_count = models.PositiveIntegerField(_("posts"), default=0, editable=False)
    notifications_seen_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")

    def __str__(self) -> str:
        return self.display_name or str(self.user_id)
