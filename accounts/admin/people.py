"""People in the admin: who they are and what was agreed with them; suspending and reinstating, by the verbs."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy as _, ngettext
from unfold.admin import StackedInline
from unfold.decorators import action, display
from unfold.forms import ActionForm

from accounts import actions
from accounts.admin.base import Reader, staff
from accounts.audit import log
from accounts.models import Consent, Profile, User


class ReasonForm(ActionForm):
    """Which action, and why: the reason is kept in the log."""

    reason = forms.CharField(
        label="",
        required=False,
        max_length=200,
        widget=forms.TextInput({"placeholder": _("Reason"), "aria-label": _("Reason"), "class": "action-reason"}),
    )


class Belongs(StackedInline):
    """What belongs to a person, to be read."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ProfileInline(Belongs):
    model = Profile
    fields = (
        ("display_name", "recommendable"),
        "bio",
        ("languages", "interface_language"),
        ("followers_count", "following_count", "posts_count"),
        "onboarded_at",
    )
    readonly_fields = ("followers_count", "following_count", "posts_count", "onboarded_at")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("accounts.view_user")


class ConsentInline(Belongs):
    model = Consent
    fields = (*Consent.SWITCHES, "decided_at")
    readonly_fields = ("decided_at",)


@admin.register(User)
class PeopleAdmin(Reader):
    list_display = ("person", "name", "standing", "posts", "followers", "role", "date_joined")
    list_filter = ("is_active", "is_staff", "groups", "is_demo", "date_joined")
    list_select_related = ("profile",)
    ordering = ("-pk",)
    inlines = (ProfileInline, ConsentInline)
    actions: ClassVar = ["suspend_people", "reinstate_people"]
    action_form = ReasonForm
    staff_fields: ClassVar = ["is_active", "is_staff", "groups"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        fields = ("username__startswith", "profile__display_name__istartswith")
        return (*fields, "email__iexact") if self._sees_addresses(request) else fields

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> list[Any]:
        fields: list[Any] = ["username", ("is_active", "is_staff"), "groups", ("date_joined", "last_login"), "is_demo"]
        return [*fields[:1], "email", *fields[1:]] if self._sees_addresses(request) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return ("username", "email", "is_active", "date_joined", "last_login", "is_demo")

    def get_autocomplete_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ()

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Administrators appoint staff; superusers are changed by superusers only."""
        if not request.user.has_perm("accounts.change_user"):
            return False
        return not getattr(obj, "is_superuser", False) or request.user.is_superuser

    def has_suspend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.suspend_user")

    @staticmethod
    def _sees_addresses(request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_user")

    @display(description=_("handle"), ordering="username")
    def person(self, row: User) -> str:
        return f"@{row.username}"

    @display(description=_("name"))
    def name(self, row: User) -> str:
        return row.profile.display_name

    @display(description=_("standing"), label={"present": "success", "suspended": "danger"}, ordering="is_active")
    def standing(self, row: User) -> tuple[str, Any]:
        return ("present", _("present")) if row.is_active else ("suspended", _("suspended"))

    @display(description=_("posts"), ordering="profile__posts_count")
    def posts(self, row: User) -> int:
        return row.profile.posts_count

    @display(description=_("followers"), ordering="profile__followers_count")
    def followers(self, row: User) -> int:
        return row.profile.followers_count

    @display(description=_("role"))
    def role(self, row: User) -> str:
        names = [gettext(group.name) for group in row.groups.all()]
        return ", ".join([gettext("superuser"), *names] if row.is_superuser else names)

    @action(description=_("Suspend: nobody meets them or their posts"), permissions=["suspend"])
    def suspend_people(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, actions.suspend, "suspended")

    @action(description=_("Reinstate: everything as it was"), permissions=["suspend"])
    def reinstate_people(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, actions.reinstate, "reinstated")

    def _each(self, request: HttpRequest, people: QuerySet[User], verb: Any, word: str) -> None:
        """Do the verb to each, log it with its reason, and say for whom it was refused."""
        reason = request.POST.get("reason", "").strip()[:200]
        done = 0
        for person in people:
            try:
                changed = verb(staff(request), person)
            except PermissionDenied as error:
                messages.error(request, str(error))
                continue
            if changed:
                log(staff(request), [person], f"{word}: {reason}" if reason else word)
            done += changed
        messages.success(request, ngettext("%(n)d account changed.", "%(n)d accounts changed.", done) % {"n": done})
