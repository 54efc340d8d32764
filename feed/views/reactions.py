"""Like, repost, bookmark and their undoing: six verbs with one shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse

from feed import actions, timelines
from feed.actions import outcomes
from feed.models import Post
from feed.views.access import readable_post, verb
from feed.views.answers import partial
from feed.views.requests import PersonRequest


def _view(name: str, act: Callable[[Any, Post], Any]) -> Callable[..., HttpResponse]:
    def view(request: PersonRequest, post_id: int) -> HttpResponse:
        act(request.user, readable_post(request, post_id))
        posts = timelines.cards(Post.objects.visible_to(request.user).filter(pk=post_id), request.user)
        timelines.attach_impression(posts[0], outcomes.named(), request.user)
        return partial(request, "feed/_post_actions.html", {"post": posts[0]})

    view.__name__ = name
    return verb("120/m")(view)


like = _view("like", actions.like)
unlike = _view("unlike", actions.unlike)
repost = _view("repost", actions.repost)
unrepost = _view("unrepost", actions.unrepost)
bookmark = _view("bookmark", actions.bookmark)
unbookmark = _view("unbookmark", actions.unbookmark)
