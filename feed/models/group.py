"""Group and Membership: places where people talk among themselves."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, pgettext_lazy


class GroupQuerySet(models.QuerySet["Group"]):
    def visible_to(self, viewer: Any) -> GroupQuerySet:
        """Groups whose page may be opened: all of them; `readable_by` says whose posts may be read."""
        return self.filter(owner__is_active=True)

    def readable_by(self, viewer: Any) -> GroupQuerySet:
        if not getattr(viewer, "is_authenticated", False):
            return self.filter(approval=False)
        member = Membership.objects.active().filter(person=viewer, group=OuterRef("pk"))
        return self.filter(Q(approval=False) | Exists(member))

    def joined_by(self, person: Any) -> GroupQuerySet:
        return self.filter(memberships__person=person, memberships__state=Membership.State.ACTIVE)


class Group(models.Model):
    """A group is public (anyone joins and reads) or by approval (members read, owner and moderators admit)."""

    slug = models.SlugField(
        _("address"), max_length=60, unique=True, validators=[RegexValidator(r"^[a-z0-9-]{2,60}\Z")]
    )
    name = models.CharField(_("name"), max_length=60)
    about = models.CharField(_("about"), max_length=500, blank=True)
    approval = models.BooleanField(_("new members need approval"), default=False)
    topic = models.ForeignKey(
        "feed.Topic", models.SET_NULL, null=True, blank=True, verbose_name=_("topic"), related_name="groups"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("owner"), related_name="owned_groups"
    )
    members_count = models.PositiveIntegerField(_("members"), default=0, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now)

    objects = GroupQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("community", "group")
        verbose_name_plural = pgettext_lazy("community", "groups")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("feed:group", args=[self.slug])


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> MembershipQuerySet:
        return self.filter(state=Membership.State.ACTIVE)

    def running(self) -> MembershipQuerySet:
        """Those who may admit and remove: owner and moderators."""
        return self.active().filter(role__in=[Membership.Role.OWNER, Membership.Role.MODERATOR])


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        MODERATOR = "moderator", _("moderator")
        MEMBER = "member", _("member")

    class State(models.TextChoices):
        ACTIVE = "active", _("member")
        ASKED = "asked", _("has asked to join")

    group = models.ForeignKey(
        Group, models.CASCADE, verbose_name=pgettext_lazy("community", "group"), related_name="memberships"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "person"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.group_id}: {self.role}"
