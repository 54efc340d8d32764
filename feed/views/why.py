"""Why this post: the panel for one impression of one's own."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from feed import backends, timelines
from feed.models import Impression, Post
from feed.views.access import signed_in
from feed.views.requests import PersonRequest, by_htmx


@signed_in
@require_safe
def why(request: PersonRequest, impression_id: int) -> HttpResponse:
    """A sentence, then the terms of the score as they were when it was shown; only for whom it was shown to."""
    row = Impression.objects.filter(pk=impression_id, person=request.user).first()
    posts = timelines.cards(Post.objects.visible_to(request.user).filter(pk=row.post_id), request.user) if row else []
    if row is None or not posts:
        raise Http404(_("There is no record of this any more."))
    row.post = posts[0]
    context = {"why": backends.ranker().explain(row), "impression": row, "post": posts[0], "viewer": request.user}
    return render(request, "feed/_why.html" if by_htmx(request) else "feed/why.html", context)
