"""Labels and impressions in the admin. Who saw what is for administrators; others see no person."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _, ngettext
from unfold.decorators import action, display

from accounts.admin.base import Reader, ReaderInline, link, staff, table
from feed.admin.undo import Undoable
from feed.models import Impression, Label, Outcome
from feed.moderation import decisions


@admin.register(Label)
class LabelAdmin(Undoable):
    list_display = ("name", "words", "score", "placed_by", "model_version", "reason", "created_at", "lifted_at")
    list_filter = ("name", ("lifted_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("post", "placed_by")
    search_fields = ("name", "reason")
    ordering = ("-pk",)
    actions: ClassVar = ["lift"]
    fields = ("name", "about", "score", "model_version", "placed_by", "reason", ("created_at", "lifted_at"))
    readonly_fields = ("about",)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("feed.change_label")

    @action(description=_("Lift the label"), permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Label]) -> None:
        undo = decisions.lift(staff(request), queryset.select_related("post"))
        number = len(undo.lifted)
        self.remember(request, undo, ngettext("%(n)d label lifted.", "%(n)d labels lifted.", number) % {"n": number})

    @display(description=_("post"))
    def words(self, row: Label) -> str:
        return Truncator(row.post.text.replace("\n", " ")).chars(70) or str(row.post_id)

    @display(description=_("post"))
    def about(self, row: Label) -> str:
        return link(row.post, self.words(row))


class OutcomeInline(ReaderInline):
    """What the person did then: for those who may know whose screen it was on."""

    model = Outcome
    fields = readonly_fields = ("kind", "at")
    ordering = ("at",)
    verbose_name_plural = _("what the person did then")

    def has_view_permission(self, request: HttpRequest, obj: Impression | None = None) -> bool:
        return sees_people(request)


def sees_people(request: HttpRequest) -> bool:
    """Administrators; nobody else may read whose screen a post was on."""
    return request.user.has_perms(["accounts.view_user", "feed.view_post", "feed.view_impression"])


@admin.register(Impression)
class ImpressionAdmin(Reader):
    list_filter = ("surface", "source", "model_version", "shown_at")
    ordering = ("-pk",)
    plain: ClassVar = ["shown_at", "surface", "position", "source", "score", "model_version"]

    inlines = (OutcomeInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Impression]:
        found = super().get_queryset(request)
        return found.select_related("person", "post") if sees_people(request) else found.defer("reason")

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return [*self.plain[:1], "person", "words", *self.plain[1:]] if sees_people(request) else self.plain

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("person__username",) if sees_people(request) else ()

    def get_fields(self, request: HttpRequest, obj: Impression | None = None) -> list[Any]:
        numbers = ["found_by", "scored_at", "numbers", "terms_of_score"]
        if not sees_people(request):
            return [*self.plain, "because_kind", *numbers]
        return ["whom", "about", *self.plain, "because", "request_id", "read_ms", *numbers]

    def get_readonly_fields(self, request: HttpRequest, obj: Impression | None = None) -> list[str]:
        return ["whom", "about", "because", "because_kind", "numbers", "terms_of_score"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Nobody finds out by a filter in the address what the columns do not show."""
        private = lookup.split("__")[0] not in {*self.list_filter, "pk", "id", "e", "p"}
        if private and (request is None or not sees_people(request)):
            return False
        return super().lookup_allowed(lookup, value, request)

    @display(description=_("post"))
    def words(self, row: Impression) -> str:
        return Truncator(row.post.text.replace("\n", " ")).chars(70) or str(row.post_id)

    @display(description=_("person"))
    def whom(self, row: Impression) -> str:
        return link(row.person)

    @display(description=_("post"))
    def about(self, row: Impression) -> str:
        return link(row.post, self.words(row))

    @display(description=_("reason"))
    def because(self, row: Impression) -> str:
        return table(row.reason)

    @display(description=_("reason"))
    def because_kind(self, row: Impression) -> str:
        return str(row.reason.get("kind", "–"))

    @display(description=_("numbers seen"))
    def numbers(self, row: Impression) -> str:
        return table(row.features)

    @display(description=_("terms of the score"))
    def terms_of_score(self, row: Impression) -> str:
        return table(row.terms)
