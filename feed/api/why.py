"""Why this post, for clients: the words of the panel as JSON."""

from __future__ import annotations

from dataclasses import asdict

from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from feed import backends
from feed.models import Impression, Post


class WhyView(APIView):
    """GET: the newest time this post was shown to whoever asks, and why; 404 where it never was, or may not be read."""

    def get(self, request: Request, post_id: int) -> Response:
        post = Post.objects.visible_to(request.user).filter(pk=post_id).first()
        shown = Impression.objects.filter(person_id=request.user.pk, post=post).order_by("-shown_at") if post else None
        row = shown.first() if shown is not None else None
        if row is None:
            raise NotFound(_("There is no record of this any more."))
        why = backends.ranker().explain(row)
        return Response(
            {
                "id": str(row.pk),
                "status_id": str(post_id),
                "shown_at": row.shown_at,
                "sentence": why.sentence,
                "source": why.source,
                "model_version": why.model_version,
                "bars": [asdict(bar) for bar in why.bars],
                "acts": list(why.acts),
            }
        )
