"""Topics, groups and memberships in the admin: topics are curated and merged, groups run by their members."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _, ngettext
from unfold.decorators import action, display
from unfold.forms import ActionForm

from accounts.admin.base import Reader, link, staff
from accounts.audit import log
from feed import actions, text as texts
from feed.actions.curation import CURATED_FIELDS
from feed.models import Group, Membership, Topic


class TargetForm(ActionForm):
    """Which action, and for merging the name of the topic that stays."""

    into = forms.CharField(
        label="",
        required=False,
        max_length=60,
        widget=forms.TextInput(
            {"placeholder": _("Merge into…"), "aria-label": _("Merge into"), "class": "action-reason"}
        ),
    )


class TopicForm(forms.ModelForm):
    """What the site says of a topic."""

    class Meta:
        model = Topic
        fields = CURATED_FIELDS

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("curated") and self.instance.alias_of_id:
            raise ValidationError(_("A topic merged into another cannot be curated itself."))
        if cleaned.get("curated") and not (cleaned.get("title_en") and cleaned.get("title_zh")):
            raise ValidationError(_("A curated topic needs a title in both languages."))
        return cleaned


@admin.register(Topic)
class TopicAdmin(Reader):
    form = TopicForm
    list_display = ("name", "curated", "title_en", "title_zh", "alias_of", "followers_count", "created_at")
    list_filter = ("curated", ("alias_of", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("alias_of",)
    search_fields = ("name__startswith", "title_en__istartswith", "title_zh__startswith")
    ordering = ("-curated", "-followers_count", "pk")
    actions: ClassVar = ["merge", "part"]
    action_form = TargetForm
    readonly_fields = ("name", "shown_as", "stands_for", "followers_count", "created_at")
    fields = (
        ("name", "shown_as"),
        ("stands_for", "followers_count", "created_at"),
        "curated",
        ("title_en", "title_zh"),
        ("about_en", "about_zh"),
        ("example_en", "example_zh"),
    )

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("feed.change_topic")

    def has_curate_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: Topic, form: Any, change: bool) -> None:
        actions.curate_topic(staff(request), obj, **{name: getattr(obj, name) for name in CURATED_FIELDS})

    @action(description=_("Merge into another topic"), permissions=["curate"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Topic]) -> None:
        """The chosen hashtags become aliases of the topic named in the form."""
        into = Topic.objects.filter(name=texts.topic_name(request.POST.get("into", ""))).first()
        if into is None:
            messages.error(request, _("Name the topic that stays, as it is written in its address."))
            return
        chosen = list(queryset)
        try:
            number = actions.merge_topics(staff(request), chosen, into)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return
        log(staff(request), [row for row in chosen if row.pk != into.pk], f"merged into {into.name}")
        text = ngettext("%(n)d topic merged.", "%(n)d topics merged.", number) % {"n": number}
        messages.success(request, text)

    @action(description=_("End the alias: a topic of its own"), permissions=["curate"])
    def part(self, request: HttpRequest, queryset: QuerySet[Topic]) -> None:
        parted = [row for row in queryset if actions.part_topic(staff(request), row)]
        log(staff(request), parted, "parted")
        text = ngettext("%(n)d topic stands alone.", "%(n)d topics stand alone.", len(parted)) % {"n": len(parted)}
        messages.success(request, text)

    @display(description=_("alias of"))
    def stands_for(self, row: Topic) -> str:
        return link(row.alias_of)


@admin.register(Group)
class GroupAdmin(Reader):
    list_display = ("name", "slug", "owner", "approval", "members_count", "topic", "created_at")
    list_filter = ("approval", "created_at")
    list_select_related = ("owner", "topic")
    search_fields = ("slug__startswith", "name__istartswith")
    ordering = ("-members_count", "pk")
    readonly_fields = ("members_count", "run_by")
    fields = (("name", "slug"), "about", ("approval", "topic"), ("run_by", "members_count"), "created_at")

    @display(description=_("owner"))
    def run_by(self, row: Group) -> str:
        return link(row.owner)


@admin.register(Membership)
class MembershipAdmin(Reader):
    list_display = ("person", "group", "role", "state", "created_at")
    list_filter = ("role", "state", "created_at")
    list_select_related = ("person", "group")
    search_fields = ("person__username__startswith", "group__slug__startswith")
    ordering = ("-pk",)
    fields = ("person", "group", "role", "state", "created_at")
