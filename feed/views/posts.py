"""A post with its conversation; writing, changing and taking away."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.images import reencode
from accounts.models import User
from feed import actions, timelines
from feed.actions import outcomes
from feed.forms import POST_LANGUAGES, PostForm
from feed.models import Attachment, Draft, Group, Impression, Outcome, Post
from feed.views.access import (
    KEPT,
    after_impression,
    impression_named,
    limited,
    readable_post,
    refusable,
    signed_in,
    verb,
)
from feed.views.answers import back, more_url, partial, rendered, safe_next, timeline, with_undo
from feed.views.requests import PersonRequest, by_htmx


@require_safe
@timeline
def post(request: HttpRequest, username: str, post_id: int) -> HttpResponse:
    """One post, what it answers above, its answers below."""
    row = readable_post(request, post_id)
    if row.author.username != username:
        return HttpResponseRedirect(row.get_absolute_url())
    talk = timelines.thread(row, request.user, request.GET.get("cursor"))
    note_opening(request, talk.post)
    context = {
        "conversation": talk,
        "ancestors": talk.ancestors,
        "post": talk.post,
        "impression": getattr(talk.post, "impression_id", None),
        "thread": talk.answers,
        "more_url": more_url(request, talk.next_cursor),
        "form": _answer_form(request, row),
        "place": f"answer:{row.pk}",
        "parent": talk.post,
        "viewer": request.user,
        "languages": POST_LANGUAGES,
    }
    alone = by_htmx(request) and "cursor" in request.GET
    return render(request, "feed/_thread.html" if alone else "feed/post.html", context)


def note_opening(request: HttpRequest, row: Post) -> None:
    """A conversation opened from a card that names its impression: stored of those who allow it.

    What is done on this page then names that impression too. A page fetched in advance was not opened.
    """
    named = impression_named(request)
    ahead = request.headers.get("Sec-Purpose", "").startswith("prefetch")
    if not named or ahead or "cursor" in request.GET or not isinstance(request.user, User):
        return
    if request.method == "GET" and Impression.objects.filter(pk=named, person=request.user, post=row).exists():
        timelines.attach_impression(row, named, request.user)
        with outcomes.coming_from(named):
            outcomes.note(request.user.pk, row.pk, Outcome.Kind.OPEN)


def _answer_form(request: HttpRequest, row: Post) -> PostForm | None:
    """A composer below the post for people who may write; further pages of answers have none."""
    if isinstance(request.user, User) and "cursor" not in request.GET:
        return PostForm.opened(request.user, f"answer:{row.pk}")
    return None


@require_safe
def history(request: HttpRequest, username: str, post_id: int) -> HttpResponse:
    """What a post said before it was changed."""
    row = readable_post(request, post_id)
    row = timelines.decorate([row], request.user)[0]
    revisions = list(row.revisions.order_by("-written_at"))
    return render(request, "feed/post_history.html", {"post": row, "revisions": revisions, "viewer": request.user})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m")
@refusable
@after_impression
def compose(request: PersonRequest) -> HttpResponse:
    """GET: the writing page (`?answer=`, `?quote=`, `?group=`, `?text=`). POST: publish what was written."""
    if request.method == "POST":
        return _publish(request)
    kept = request.session.pop(KEPT, None)
    place = (kept or {}).get("place") or _place_asked(request)
    initial = {"text": request.GET.get("text", "")[:2000]}
    form = PostForm.opened(request.user, place, **initial)
    if kept:
        form.initial.update({name: value for name, value in kept.items() if value and name != "place"})
        form.restored = True
    try:
        around = _around(request, form.place_value)
    except (Http404, PermissionDenied):
        messages.error(request, _("What you were answering is not available any more; your text is kept."))
        form = PostForm(owner=request.user, initial={**form.initial, "place": "post"})
        around = {}
    context = {"form": form, "place": form.place_value, "next": safe_next(request), **around}
    return render(request, "feed/compose.html", context)


def _place_asked(request: PersonRequest) -> str:
    for kind in ("answer", "quote", "group"):
        value = request.GET.get(kind, "")
        if value and len(value) < 70 and value.replace("-", "").isalnum() and value.isascii():
            return f"{kind}:{value}"
    return "post"


def _around(request: PersonRequest, place: str) -> dict[str, Any]:
    """What the composer's place names: `parent`, `quote` or `group`, each only if the writer may read it (else 404)."""
    kind, _colon, value = place.partition(":")
    if kind in ("answer", "quote"):
        row = readable_post(request, timelines.read_id(value))
        return {"parent" if kind == "answer" else "quote": row}
    if kind == "group":
        group = Group.objects.visible_to(request.user).filter(slug=value).first()
        if group is None:
            raise Http404(_("There is no such group."))
        return {"group": group}
    return {}


def _publish(request: PersonRequest) -> HttpResponse:
    form = PostForm(request.POST, request.FILES, owner=request.user)
    around: dict[str, Any] = {}
    status = 422
    if form.is_valid():
        try:
            around = _around(request, form.cleaned_data["place"])
            row = _send(request, form, around)
        except ValidationError as error:
            form.add_error(None, error)
        except (PermissionDenied, Http404, timelines.BadCursor) as error:
            status = 403 if isinstance(error, PermissionDenied) else 404
            words = _("What you were answering is not available any more. Your text is kept.")
            form.add_error(None, str(error) or words)
        else:
            return _published(request, row, form.cleaned_data["place"])
    return _again(request, form, around, status)


def _send(request: PersonRequest, form: PostForm, around: dict[str, Any]) -> Post:
    data = form.cleaned_data
    return actions.publish(
        request.user,
        data["text"],
        visibility=data["visibility"],
        content_warning=data["content_warning"],
        language=data["language"],
        attachments=[*form.uploaded, *_uploads(request, form)],
        idempotency_key=data["idempotency_key"] or None,
        **around,
    )


def _uploads(request: PersonRequest, form: PostForm) -> list[Attachment]:
    """Pictures sent with the form itself, by browsers without JavaScript; each is kept even if the post is refused."""
    files = request.FILES.getlist("images")
    if not files:
        return []
    rows = [store_picture(request.user, file) for file in files[:8]]
    form.add_uploaded(rows)
    return rows


def store_picture(owner: Any, file: Any, alt: str = "") -> Attachment:
    """Keep an upload as a picture of `owner`, not yet in a post. Raises `ValidationError` in words."""
    content, width, height = reencode(file)
    row = Attachment(owner=owner, alt=alt[:1500])
    row.image.save("picture.webp", content, save=False)
    row.width, row.height = width, height
    row.save()
    return row


def _published(request: PersonRequest, row: Post, place: str) -> HttpResponse:
    Draft.objects.filter(person=request.user, place=place).delete()
    if by_htmx(request):
        posts = timelines.cards(Post.objects.visible_to(request.user).filter(pk=row.pk), request.user)
        fresh = PostForm(owner=request.user, place=place)
        context = {"post": posts[0] if posts else row, "viewer": request.user, "depth": 0}
        headers = {"X-Composer-Key": fresh.initial["idempotency_key"]}
        return rendered(request, "feed/_post.html", context, status=201, headers=headers)
    messages.success(request, _("Published."))
    anchor = f"#post-{row.pk}"
    if row.parent is not None:
        return HttpResponseRedirect(row.parent.get_absolute_url() + anchor)
    return HttpResponseRedirect(safe_next(request) or row.get_absolute_url())


def _again(request: PersonRequest, form: PostForm, around: dict[str, Any], status: int) -> HttpResponse:
    """The form as it was typed, with what is wrong beside it."""
    context = {"form": form, "place": form.place_value, "viewer": request.user, "next": safe_next(request), **around}
    template = "feed/_composer.html" if by_htmx(request) else "feed/compose.html"
    return render(request, template, context, status=status)


def own_post(request: PersonRequest, post_id: int) -> Post:
    """One's own post; 404 for what one cannot read, 403 for what is somebody else's."""
    row = readable_post(request, post_id)
    if row.author_id != request.user.pk:
        raise PermissionDenied(_("You can change only your own posts."))
    return row


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m")
def edit(request: PersonRequest, post_id: int) -> HttpResponse:
    """Change one's own post. `seen` is the edit the form was opened on: if the post changed since, the form says so."""
    row = own_post(request, post_id)
    version = str(row.edited_at.timestamp() if row.edited_at else "")
    place = f"edit:{row.pk}"
    if request.method != "POST":
        start = {"text": row.text, "content_warning": row.content_warning, "language": row.language}
        form = PostForm(owner=request.user, place=place, initial=start)
        return render(request, "feed/post_edit.html", {"form": form, "post": row, "seen": version})
    form = PostForm(request.POST, owner=request.user, place=place)
    if form.is_valid():
        data = form.cleaned_data
        if request.POST.get("seen", version) != version:
            words = _("This post was changed elsewhere in the meantime. Compare, then save again: your text is kept.")
            form.add_error("text", words)
        else:
            try:
                actions.edit(
                    request.user, row, data["text"], content_warning=data["content_warning"], language=data["language"]
                )
            except ValidationError as error:
                form.add_error(None, error)
            else:
                Draft.objects.filter(person=request.user, place=place).delete()
                messages.success(request, _("Changed. What it said before stays in its history."))
                return HttpResponseRedirect(row.get_absolute_url())
    context = {"form": form, "post": own_post(request, post_id), "seen": version}
    return render(request, "feed/post_edit.html", context, status=422)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m")
def delete(request: PersonRequest, post_id: int) -> HttpResponse:
    """GET asks whether it is meant; POST takes the post away and offers it back."""
    if request.method != "POST":
        context = {"post": own_post(request, post_id), "next": safe_next(request)}
        return render(request, "feed/post_delete.html", context)
    row = Post.objects.written_by(request.user).filter(pk=post_id).first() or own_post(request, post_id)
    actions.delete(request.user, row)
    own_page = row.get_absolute_url()
    from_own_page = own_page in request.POST.get("next", "") or own_page in request.headers.get("referer", "")
    then = reverse("feed:home") if from_own_page else ""
    undo = reverse("feed:restore", args=[row.pk])
    return with_undo(request, _("Deleted. It can be brought back for thirty days."), undo, post=row, then=then)


@verb()
def restore(request: PersonRequest, post_id: int) -> HttpResponse:
    """Undo a deletion."""
    mine = Post.objects.written_by(request.user).filter(pk=post_id).first()
    if mine is None:
        raise Http404(_("This post cannot be brought back any more."))
    actions.restore(request.user, mine)
    if by_htmx(request):
        posts = timelines.cards(Post.objects.visible_to(request.user).filter(pk=post_id), request.user)
        return render(request, "feed/_post.html", {"post": posts[0], "viewer": request.user})
    return back(request, _("Your post is back."))


@verb()
def language(request: PersonRequest, post_id: int) -> HttpResponse:
    """The author says in which language the post is."""
    row = own_post(request, post_id)
    chosen = request.POST.get("language", "")
    if chosen not in dict(POST_LANGUAGES):
        raise ValidationError(_("Choose a language."))
    actions.correct_language(request.user, row, chosen)
    posts = timelines.cards(Post.objects.visible_to(request.user).filter(pk=post_id), request.user)
    return partial(request, "feed/_post.html", {"post": posts[0]}, _("The language is corrected."))


@require_GET
def post_by_id(request: HttpRequest, post_id: int) -> HttpResponse:
    """/posts/<id>: to the post's own address."""
    return HttpResponseRedirect(readable_post(request, post_id).get_absolute_url())
