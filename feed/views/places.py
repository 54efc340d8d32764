"""Topics and groups: their pages, and the verbs of joining and running them."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.models import User
from feed import actions, search, timelines
from feed.forms import GroupForm, PostForm, until
from feed.models import Group, Membership, MutedTopic, Topic, TopicFollow
from feed.views.access import group_or_404, limited, signed_in, topic_or_404, verb
from feed.views.answers import page, partial, timeline, with_undo
from feed.views.requests import PersonRequest, by_htmx


@require_safe
def topics(request: HttpRequest) -> HttpResponse:
    """Curated topics, and the hashtags that are rising."""
    curated = Topic.objects.filter(curated=True, alias_of=None).order_by("name")
    followed = _followed_topics(request)
    context = {"curated": curated, "rising": timelines.rising_topics(most=24), "followed_ids": followed}
    return render(request, "feed/topics.html", context)


def _followed_topics(request: HttpRequest) -> set[int]:
    if not request.user.is_authenticated:
        return set()
    return set(TopicFollow.objects.filter(person=request.user).values_list("topic_id", flat=True))


@require_safe
@timeline
def topic(request: HttpRequest, name: str) -> HttpResponse:
    subject = topic_or_404(name)
    if subject.alias_of is not None:
        return HttpResponseRedirect(subject.alias_of.get_absolute_url())
    stretch = timelines.topic(subject, request.user, request.GET.get("cursor"))
    return page(request, "feed/topic.html", stretch, **_standing(request, subject))


def _standing(request: HttpRequest, subject: Topic) -> dict:
    person = request.user if request.user.is_authenticated else None
    return {
        "topic": subject,
        "following": bool(person) and TopicFollow.objects.filter(person=person, topic=subject).exists(),
        "muting": bool(person) and MutedTopic.objects.active().filter(person=person, topic=subject).exists(),
    }


def _topic_answer(request: PersonRequest, subject: Topic, text: str) -> HttpResponse:
    return partial(request, "feed/_topic_relation.html", _standing(request, subject), text)


@verb()
def follow_topic(request: PersonRequest, name: str) -> HttpResponse:
    subject = topic_or_404(name)
    actions.follow_topic(request.user, subject)
    return _topic_answer(request, subject, _("You follow %(topic)s.") % {"topic": subject.title})


@verb()
def unfollow_topic(request: PersonRequest, name: str) -> HttpResponse:
    subject = topic_or_404(name)
    actions.unfollow_topic(request.user, subject)
    return _topic_answer(request, subject, _("You no longer follow %(topic)s.") % {"topic": subject.title})


@verb()
def mute_topic(request: PersonRequest, name: str) -> HttpResponse:
    subject = topic_or_404(name)
    actions.mute_topic(request.user, subject, until(request.POST.get("days", "")))
    text = _("%(topic)s is muted.") % {"topic": subject.title}
    if by_htmx(request) and request.POST.get("from") != "card":
        return _topic_answer(request, subject, text)
    return with_undo(request, text, reverse("feed:unmute_topic", args=[subject.name]), topic=subject)


@verb()
def unmute_topic(request: PersonRequest, name: str) -> HttpResponse:
    subject = topic_or_404(name)
    actions.unmute_topic(request.user, subject)
    return _topic_answer(request, subject, _("%(topic)s is no longer muted.") % {"topic": subject.title})


@signed_in
@require_GET
def complete_topics(request: PersonRequest) -> JsonResponse:
    found = search.topics(request.GET.get("q", ""), most=6)
    rows = [
        {"name": topic.shown_as, "title": topic.title, "posts": topic.posts_count}  # type: ignore[attr-defined]
        for topic in found
    ]
    return JsonResponse(rows, safe=False)


@require_safe
def groups(request: HttpRequest) -> HttpResponse:
    """The groups one is in, and the others."""
    every = Group.objects.visible_to(request.user).select_related("topic", "owner__profile")
    mine = list(every.joined_by(request.user).order_by("name")) if request.user.is_authenticated else []
    others = every.exclude(pk__in=[group.pk for group in mine]).order_by("-members_count", "name")[:60]
    return render(request, "feed/groups.html", {"mine": mine, "others": others})


def membership_of(request: HttpRequest, group: Group) -> Membership | None:
    if not request.user.is_authenticated:
        return None
    return Membership.objects.filter(group=group, person=request.user).first()


def runs(membership: Membership | None) -> bool:
    """Whether this membership may admit and remove."""
    return (
        membership is not None
        and membership.state == Membership.State.ACTIVE
        and membership.role in (Membership.Role.OWNER, Membership.Role.MODERATOR)
    )


@require_safe
@timeline
def group(request: HttpRequest, slug: str) -> HttpResponse:
    place = group_or_404(request, slug)
    membership = membership_of(request, place)
    active = membership is not None and membership.state == Membership.State.ACTIVE
    stretch = timelines.group(place, request.user, request.GET.get("cursor"))
    writer = request.user if active and "cursor" not in request.GET else None
    context = {
        "group": place,
        "membership": membership,
        "can_read": active or not place.approval,
        "can_run": runs(membership),
        "form": PostForm.opened(writer, f"group:{place.slug}") if isinstance(writer, User) else None,
        "place": f"group:{place.slug}",
    }
    return page(request, "feed/group.html", stretch, **context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited("10/h")
def group_new(request: PersonRequest) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            place = actions.create_group(request.user, **form.cleaned_data)
        except ValidationError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("The group is open."))
            return HttpResponseRedirect(place.get_absolute_url())
    return render(request, "feed/group_edit.html", {"form": form, "group": None}, status=422 if form.errors else 200)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def group_edit(request: PersonRequest, slug: str) -> HttpResponse:
    place = group_or_404(request, slug)
    if not runs(membership_of(request, place)):
        raise PermissionDenied(_("Only the owner and the moderators of the group can do this."))
    start = {"name": place.name, "about": place.about, "approval": place.approval, "topic": place.topic_id}
    form = GroupForm(request.POST if request.method == "POST" else None, group=place, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_group(request.user, place, **form.cleaned_data)
        except ValidationError as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(place.get_absolute_url())
    return render(request, "feed/group_edit.html", {"form": form, "group": place}, status=422 if form.errors else 200)


def _add_errors(form: GroupForm, error: ValidationError) -> None:
    """What the model refused, beside its field where the form has it."""
    for name, texts in getattr(error, "message_dict", {None: error.messages}).items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)


@signed_in
@require_safe
def group_members(request: PersonRequest, slug: str) -> HttpResponse:
    place = group_or_404(request, slug)
    membership = membership_of(request, place)
    if place.approval and (membership is None or membership.state != Membership.State.ACTIVE):
        raise PermissionDenied(_("Only members see who is in this group."))
    rows = place.memberships.select_related("person__profile").filter(person__is_active=True)
    asked = rows.filter(state=Membership.State.ASKED).order_by("pk") if runs(membership) else []
    context = {
        "group": place,
        "membership": membership,
        "can_run": runs(membership),
        "owns": place.owner_id == request.user.pk,
        "members": rows.active().order_by("pk")[:500],
        "asked": asked,
        "roles": Membership.Role.choices,
    }
    return render(request, "feed/group_members.html", context)


def _joined(request: PersonRequest, place: Group, text: str) -> HttpResponse:
    place.refresh_from_db()
    membership = membership_of(request, place)
    context = {"group": place, "membership": membership, "can_run": runs(membership)}
    return partial(request, "feed/_membership.html", context, text)


@verb()
def join_group(request: PersonRequest, slug: str) -> HttpResponse:
    place = group_or_404(request, slug)
    membership = actions.join_group(request.user, place)
    joined = membership.state == Membership.State.ACTIVE
    text = _("You are in %(group)s.") if joined else _("You asked to join %(group)s. Its moderators will answer.")
    return _joined(request, place, text % {"group": place.name})


@verb()
def leave_group(request: PersonRequest, slug: str) -> HttpResponse:
    place = group_or_404(request, slug)
    actions.leave_group(request.user, place)
    return _joined(request, place, _("You left %(group)s.") % {"group": place.name})


def _member(place: Group, username: str) -> Membership:
    row = place.memberships.select_related("person__profile", "group").filter(person__username=username.lower()).first()
    if row is None:
        raise Http404(_("This person is not in the group."))
    return row


@verb()
def group_admit(request: PersonRequest, slug: str, username: str) -> HttpResponse:
    row = _member(group_or_404(request, slug), username)
    actions.admit_member(request.user, row)
    return _member_answer(request, slug, _("%(name)s is in the group."), row)


@verb()
def group_remove(request: PersonRequest, slug: str, username: str) -> HttpResponse:
    row = _member(group_or_404(request, slug), username)
    actions.remove_member(request.user, row)
    return _member_answer(request, slug, _("%(name)s is not in the group any more."), row)


@verb()
def group_role(request: PersonRequest, slug: str, username: str) -> HttpResponse:
    row = _member(group_or_404(request, slug), username)
    actions.set_member_role(request.user, row, request.POST.get("role", ""))
    return _member_answer(request, slug, _("The role of %(name)s is changed."), row)


def _member_answer(request: PersonRequest, slug: str, text: str, row: Membership) -> HttpResponse:
    messages.success(request, text % {"name": row.person.display_name})
    return HttpResponseRedirect(reverse("feed:group_members", args=[slug]))
