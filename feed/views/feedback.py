"""Saying no, and saying more: each is answered with its undo."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from feed import actions, timelines
from feed.forms import ReportForm
from feed.models import Feedback, Post, Topic
from feed.views.access import after_impression, limited, person_named, readable_post, signed_in, verb
from feed.views.answers import back, partial, rendered, safe_next, undo_message, with_undo
from feed.views.requests import PersonRequest, by_htmx


def _done(request: PersonRequest, row: Feedback, text: str) -> HttpResponse:
    return with_undo(
        request,
        text,
        reverse("feed:undo_feedback", args=[row.pk]),
        post=row.post,
        feedback=row,
        reasons=Feedback.Reason.choices if row.kind != Feedback.Kind.MORE else (),
    )


@verb()
def not_interested(request: PersonRequest, post_id: int) -> HttpResponse:
    post = readable_post(request, post_id)
    row = actions.give_feedback(request.user, Feedback.Kind.NOT_INTERESTED, post=post, reason=_reason(request))
    return _done(request, row, _("You will see less like this."))


@verb()
def hide(request: PersonRequest, post_id: int) -> HttpResponse:
    """This one post never again, in any of one's timelines."""
    post = readable_post(request, post_id)
    row = actions.give_feedback(request.user, Feedback.Kind.HIDE, post=post)
    return _done(request, row, _("This post is hidden from your pages."))


@verb()
def more_like(request: PersonRequest, post_id: int) -> HttpResponse:
    post = readable_post(request, post_id)
    row = actions.give_feedback(request.user, Feedback.Kind.MORE, post=post)
    text = _("You will see more like this.")
    if by_htmx(request):
        undo = reverse("feed:undo_feedback", args=[row.pk])
        undo_message(request, text, undo, {})
        return rendered(request, "feed/_toasts.html", headers={"HX-Reswap": "none"})
    return _done(request, row, text)


@verb()
def fewer(request: PersonRequest, post_id: int) -> HttpResponse:
    """`kind=author`, or `kind=topic` with `topic=<id or name>`."""
    post = readable_post(request, post_id)
    reason = _reason(request)
    if request.POST.get("kind") == "topic":
        topic = _topic_of(post, request.POST.get("topic", ""))
        row = actions.give_feedback(request.user, Feedback.Kind.SEE_FEWER_TOPIC, post=post, topic=topic, reason=reason)
        return _done(request, row, _("You will see fewer posts about %(topic)s.") % {"topic": topic.title})
    row = actions.give_feedback(
        request.user, Feedback.Kind.SEE_FEWER_AUTHOR, post=post, author=post.author, reason=reason
    )
    return _done(request, row, _("You will see fewer posts by %(name)s.") % {"name": post.author.display_name})


def _reason(request: PersonRequest) -> str:
    return request.POST.get("reason", "").replace("\x00", "")[:40]


def _topic_of(post: Post, named: str) -> Topic:
    """A topic of the post, by id or name; by default its first."""
    topics = {topic.pk: topic for topic in post.topics.select_related("alias_of")}
    for topic in topics.values():
        if named in (str(topic.pk), topic.name):
            return topic.alias_of or topic
    if named or not topics:
        raise ValidationError(_("This post is not about that topic."))
    first = next(iter(topics.values()))
    return first.alias_of or first


@verb()
def say_reason(request: PersonRequest, feedback_id: int) -> HttpResponse:
    """Why one said no, said afterwards; the answer offers what helps against just that."""
    row = actions.say_reason(request.user, feedback_id, _reason(request))
    return partial(request, "feed/_reason_said.html", {"feedback": row}, "" if by_htmx(request) else _("Kept."))


@verb()
def undo_feedback(request: PersonRequest, feedback_id: int) -> HttpResponse:
    row = actions.undo_feedback(request.user, feedback_id)
    posts = timelines.cards(Post.objects.visible_to(request.user).filter(pk=row.post_id or 0), request.user)
    if by_htmx(request) and posts and row.kind != Feedback.Kind.MORE:
        return render(request, "feed/_post.html", {"post": posts[0], "viewer": request.user})
    return partial(request, "feed/_toasts.html", {}, _("Taken back."))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/h")
@after_impression
def report(request: PersonRequest, post_id: int) -> HttpResponse:
    post = readable_post(request, post_id)
    return _report(request, post.author, post)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/h")
@after_impression
def report_person(request: PersonRequest, username: str) -> HttpResponse:
    return _report(request, person_named(request, username), None)


def _report(request: PersonRequest, person: User, post: Post | None) -> HttpResponse:
    form = ReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data: dict[str, Any] = form.cleaned_data
        try:
            row = actions.report(request.user, person=person, post=post, reason=data["reason"], note=data["note"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            undo = reverse("feed:withdraw_report", args=[row.pk])
            text = _("Reported. A moderator will look at it, and you will be told.")
            return with_undo(request, text, undo, post=post, then=safe_next(request) or reverse("feed:home"))
    context = {"form": form, "person": person, "post": post, "next": safe_next(request), "viewer": request.user}
    return render(request, "feed/report.html", context, status=422 if form.errors else 200)


@verb()
def withdraw_report(request: PersonRequest, report_id: int) -> HttpResponse:
    if not actions.withdraw_report(request.user, report_id):
        raise PermissionDenied(_("This report cannot be withdrawn any more."))
    if by_htmx(request):
        return partial(request, "feed/_toasts.html", {}, _("Your report is withdrawn."))
    return back(request, _("Your report is withdrawn."))
