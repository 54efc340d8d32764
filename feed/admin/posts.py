"""Posts and comments in the admin: to be read, hidden, covered and shown again. Their words are their authors'."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _, ngettext, pgettext_lazy
from unfold.decorators import action, display

from accounts.admin.base import ReaderInline, link, staff, when
from accounts.admin.people import ReasonForm
from feed.admin.undo import Undoable
from feed.models import Comment, Label, Post, Revision
from feed.moderation import decisions
from feed.text import search_query


class LabelInline(ReaderInline):
    model = Label
    fields = readonly_fields = ("name", "score", "model_version", "by", "reason", "created_at", "lifted_at")
    verbose_name_plural = _("labels")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Label]:
        return super().get_queryset(request).select_related("placed_by")

    @display(description=_("placed by"))
    def by(self, row: Label) -> str:
        return str(row.placed_by or "–")


class RevisionInline(ReaderInline):
    model = Revision
    fields = readonly_fields = ("written_at", "content_warning", "text")
    verbose_name_plural = _("what it said before")

    def has_view_permission(self, request: HttpRequest, obj: Post | None = None) -> bool:
        return request.user.has_perm("feed.view_post")


@admin.register(Post)
class PostAdmin(Undoable):
    list_display = ("words", "author", "shown", "visibility", "likes_count", "reports_count", "when")
    list_filter = ("visibility", "language", "labels__name", "created_at")
    list_select_related = ("author", "group")
    search_fields = ("text",)
    search_help_text = _("Words, @handle of the author, or the number of a post")
    inlines = (LabelInline, RevisionInline)
    actions: ClassVar = ["hide_posts", "cover_posts", "show_again"]
    action_form = ReasonForm
    view_on_site = False  # the panel above the form has the link
    change_form_outer_before_template = "admin/feed/_post_panel.html"
    fields = (
        "writer",
        "text",
        "content_warning",
        ("visibility", "within"),
        ("language", "edited_at"),
        ("answers_to", "quotes_post"),
        ("created_at", "deleted_at"),
        ("likes_count", "comments_count"),
        ("reposts_count", "quotes_count"),
    )
    readonly_fields = (
        *("writer", "within", "answers_to", "quotes_post", "edited_at", "deleted_at"),
        *("likes_count", "comments_count", "reposts_count", "quotes_count"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Post]:
        return super().get_queryset(request).prefetch_related("labels", "reports")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        if term.startswith("@"):
            return queryset.filter(author__username=term[1:].lower()), False
        if term.isdecimal() and 9 < len(term) < 20:
            return queryset.filter(pk=min(int(term), 2**63 - 1)), False
        wanted = search_query(term)
        if not wanted:
            return queryset if not term else queryset.none(), False
        from django.contrib.postgres.search import SearchQuery

        return queryset.filter(search=SearchQuery(wanted, search_type="raw", config="simple")), False

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_treat"
        treat = path("<int:post_id>/treat/", self.admin_site.admin_view(self.treat), name=name)
        return [treat, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """The page of one post, with the buttons for those who may use them."""
        treat = f"admin:{self.opts.app_label}_{self.opts.model_name}_treat"
        number = int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0
        more = {"treat_url": reverse(treat, args=[number]), "may_label": self.has_label_permission(request)}
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **more, **self.undo_context(request)}
        )

    def treat(self, request: HttpRequest, post_id: int) -> HttpResponse:
        """The buttons on a post's own page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        posts = self.model._default_manager.filter(pk=post_id)
        self._treat(request, posts, request.POST.get("treatment", ""))
        back = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(back, args=[post_id]))

    def has_label_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perms(["feed.add_label", "feed.change_label"])

    @action(description=_("Hide from everyone but the author"), permissions=["label"])
    def hide_posts(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        self._treat(request, queryset, "hide")

    @action(description=_("Put behind a cover"), permissions=["label"])
    def cover_posts(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        self._treat(request, queryset, "cover")

    @action(description=_("Show again: lift what hides or covers"), permissions=["label"])
    def show_again(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        self._treat(request, queryset, "lift")

    def _treat(self, request: HttpRequest, posts: QuerySet[Post], treatment: str) -> None:
        reason = request.POST.get("reason", "").strip()[:200]
        if treatment == "lift":
            names = decisions.TREATMENTS.values()
            found = Label.objects.in_force().filter(post__in=list(posts), name__in=names)
            undo = decisions.lift(staff(request), found.select_related("post"))
            number = len(undo.lifted)
            said = ngettext("%(n)d label lifted.", "%(n)d labels lifted.", number)
        elif treatment not in decisions.TREATMENTS:
            messages.error(request, _("There is no such decision."))
            return
        elif not reason:
            messages.error(request, _("Say why: the reason is kept with the decision. Nothing was changed."))
            return
        else:
            undo = decisions.place(staff(request), posts, treatment, reason)
            number = len(undo.placed)
            said = ngettext("%(n)d post hidden.", "%(n)d posts hidden.", number)
            if treatment == "cover":
                said = ngettext("%(n)d post covered.", "%(n)d posts covered.", number)
        self.remember(request, undo, said % {"n": number})

    @display(description=_("text"))
    def words(self, row: Post) -> str:
        return Truncator(row.text.replace("\n", " ")).chars(90) or str(_("(a picture)"))

    @display(description=_("written"), ordering="pk")
    def when(self, row: Post) -> str:
        return when(row.created_at)

    @display(description=_("shown"), label={"shown": "success", "covered": "warning", "hidden": "danger"})
    def shown(self, row: Post) -> tuple[str, Any]:
        names = {label.name for label in row.labels.all() if label.lifted_at is None}
        if row.deleted_at:
            return "deleted", _("deleted")
        if Label.HIDDEN in names:
            return "hidden", _("hidden")
        return ("covered", _("covered")) if Label.COVERED in names else ("shown", _("shown"))

    @display(description=_("reports"))
    def reports_count(self, row: Post) -> int:
        return len(row.reports.all())

    @display(description=_("author"))
    def writer(self, row: Post) -> str:
        return link(row.author)

    @display(description=pgettext_lazy("community", "group"))
    def within(self, row: Post) -> str:
        return link(row.group)

    @display(description=_("answers"))
    def answers_to(self, row: Post) -> str:
        return link(row.parent, Truncator(row.parent.text).chars(60) if row.parent else None)

    @display(description=_("quotes"))
    def quotes_post(self, row: Post) -> str:
        return link(row.quote, Truncator(row.quote.text).chars(60) if row.quote else None)


@admin.register(Comment)
class CommentAdmin(PostAdmin):
    """The same for comments, which are posts that answer another."""
