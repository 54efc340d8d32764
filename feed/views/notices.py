"""Notifications, grouped; and bookmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from feed import actions, timelines
from feed.models import Group, Notification, Post
from feed.views.access import signed_in, verb
from feed.views.answers import back, more_url, page, timeline
from feed.views.requests import PersonRequest, by_htmx

PER_PAGE = 200  # rows that are bundled on one page
SHOWN_ACTORS = 3
ALONE = (Notification.Kind.COMMENT, Notification.Kind.MENTION, Notification.Kind.QUOTE)


@dataclass
class Bundle:
    """Notices of one kind about one thing: "alice, bob and 5 others liked your post"."""

    kind: str
    label: str
    post: Post | None
    group: Group | None
    newest: datetime
    unread: bool = False
    actors: list[User] = field(default_factory=list)
    more_count: int = 0


def bundled(notices: Sequence[Notification], posts: dict[int, Post]) -> list[Bundle]:
    """Newest first. Notices about a post the reader may not read any more are left out."""
    found: dict[tuple, Bundle] = {}
    for notice in notices:
        if notice.post_id and notice.post_id not in posts:
            continue
        key = (notice.kind, notice.post_id, notice.group_id, notice.pk if notice.kind in ALONE else None)
        post = posts.get(notice.post_id) if notice.post_id else None
        bundle = found.setdefault(
            key, Bundle(notice.kind, notice.get_kind_display(), post, notice.group, notice.created_at)
        )
        bundle.unread = bundle.unread or notice.read_at is None
        if notice.actor is not None and len(bundle.actors) < SHOWN_ACTORS:
            bundle.actors.append(notice.actor)
        elif notice.actor is not None:
            bundle.more_count += 1
    return list(found.values())


@signed_in
@require_safe
@timeline
def notifications(request: PersonRequest) -> HttpResponse:
    """What happened; opening the first page marks what it shows as read, after it was read for showing."""
    cursor = request.GET.get("cursor")
    rows = Notification.objects.filter(recipient=request.user).select_related("actor__profile", "group")
    if cursor:
        rows = rows.filter(pk__lt=timelines.read_id(cursor))
    notices = list(rows.order_by("-pk")[: PER_PAGE + 1])
    more = str(notices[PER_PAGE - 1].pk) if len(notices) > PER_PAGE else None
    notices = notices[:PER_PAGE]
    about = {notice.post_id for notice in notices if notice.post_id}
    posts = timelines.cards(Post.objects.visible_to(request.user).filter(pk__in=about), request.user)
    bundles = bundled(notices, {post.pk: post for post in posts})
    context = {"bundles": bundles, "more_url": more_url(request, more), "viewer": request.user}
    response = render(request, "feed/notifications.html", context)
    if notices and not cursor and any(notice.read_at is None for notice in notices):
        actions.mark_notices_read(request.user, up_to=notices[0].pk)
    return response


@verb()
def notices_read(request: PersonRequest) -> HttpResponse:
    actions.mark_notices_read(request.user)
    if by_htmx(request):
        return HttpResponse(status=204, headers={"HX-Trigger": "notices-read"})
    return back(request, _("All marked as read."))


@signed_in
@require_safe
@timeline
def bookmarks(request: PersonRequest) -> HttpResponse:
    return page(request, "feed/bookmarks.html", timelines.bookmarks(request.user, request.GET.get("cursor")))
