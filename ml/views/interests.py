"""The pages of a person's own interests, and of the models in use. They decide nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from feed import timelines
from feed.models import Post, Topic, TopicFollow
from feed.views.access import limited, signed_in, verb
from feed.views.answers import back
from feed.views.requests import PersonRequest
from ml.embedding import learning
from ml.embedding.interests import Interest, all_interests
from ml.embedding.nearest import nearest_to_each
from ml.models import Learner, ModelVersion
from ml.queueing import learn_soon
from ml.registry import serving_encoder
from ml.tasks import learn_interests

SAMPLES = 3
FACTORS = {"0": 0.0, "0.3": 0.3, "1": 1.0}


@dataclass(frozen=True)
class Shown:
    """One interest as its person sees it."""

    interest: Interest
    topic: Topic | None
    samples: list[Post]

    @property
    def name(self) -> str:
        if self.topic:
            return self.topic.title
        if len(self.interest.words) >= 2:
            return str(_(", ")).join(self.interest.words[:3])
        if self.samples and (beginning := Truncator(" ".join(self.samples[0].text.split())).chars(40)):
            return _("Posts like “%(text)s”") % {"text": beginning}
        return _("Without a name yet")

    @property
    def percent(self) -> int:
        return round(100 * self.interest.strength * self.interest.factor)

    @property
    def state(self) -> str:
        return {0.0: "removed", 1.0: "learned"}.get(self.interest.factor, "turned-down")


@signed_in
@require_safe
def interests(request: PersonRequest) -> HttpResponse:
    """Your interests: what was learned, from how much, and what one can do about it."""
    found = _shown(request.user, all_interests(request.user.pk, serving_encoder()))
    context = {
        "interests": [one for one in found if not one.interest.negative],
        "refused": [one for one in found if one.interest.negative],
        "consent": request.user.consent,
        "learner": Learner.objects.filter(pk=request.user.pk).first(),
        "chosen": TopicFollow.objects.filter(person=request.user).select_related("topic").order_by("-pk"),
    }
    return render(request, "ml/interests.html", context)


def _shown(viewer: User, found: list[Interest]) -> list[Shown]:
    """Names and sample posts, in three queries however many interests there are."""
    if not found:
        return []
    near = nearest_to_each(
        np.stack([one.vector for one in found]), 4 * SAMPLES, model=serving_encoder(), top_level=True
    )
    wanted = {post_id for rows in near for post_id, _cosine in rows}
    posts = Post.objects.visible_to(viewer).without_muted(viewer).for_cards(viewer).in_bulk(wanted)
    topics = Topic.objects.in_bulk({one.topic_id for one in found if one.topic_id})
    return [
        Shown(one, topics.get(one.topic_id), [posts[key] for key, _cosine in rows if key in posts][:SAMPLES])
        for one, rows in zip(found, near, strict=True)
    ]


@verb()
def interest_change(request: PersonRequest, interest_id: int) -> HttpResponse:
    """Turn one interest down, remove it, or restore it."""
    factor = FACTORS.get(request.POST.get("factor", ""), -1.0)
    changed = learning.adjust(request.user, interest_id, factor)
    timelines.drop_slates(request.user.pk)
    said = {
        0.0: _("Removed. Posts about this no longer count as your interest."),
        1.0: _("Restored as it was learned."),
    }.get(factor, _("Turned down. You will see less about this."))
    if getattr(request, "htmx", False):
        return render(request, "ml/_interest.html", {"one": _shown(request.user, [changed])[0], "said": said})
    return back(request, said)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited("10/m")
def interests_reset(request: PersonRequest) -> HttpResponse:
    """GET says what it means; POST forgets."""
    if request.method != "POST":
        return render(request, "ml/interests_reset.html")
    learning.reset(request.user)
    timelines.drop_slates(request.user.pk)
    learn_soon(request.user.pk, learn_interests)
    messages.success(request, _("Everything learned about you is forgotten. Learning starts anew from now."))
    return redirect("ml:interests")


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """The models in use, with their figures; anybody may look."""
    rows = ModelVersion.objects.order_by("kind", "-created_at")
    return render(request, "ml/models.html", {"models": rows[:100]})
