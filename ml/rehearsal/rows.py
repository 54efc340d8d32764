"""Writes what a visit left behind as the rows that the site's verbs would have written, each with its own moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F

from accounts.models import Follow, Profile, User
from feed import ids
from feed.models import Bookmark, Feedback, Impression, Like, Outcome, Post, Report, Repost

Done = tuple[str, Impression, Post, datetime]  # kind of outcome, after what, on what, when
COUNTED = {"like": (Like, "likes_count"), "repost": (Repost, "reposts_count"), "bookmark": (Bookmark, "")}
SAID = {"not_interested": Feedback.Kind.NOT_INTERESTED, "hide": Feedback.Kind.HIDE}


@dataclass
class Visit:
    """The acts of one person on one page load."""

    person: User
    done: list[Done] = field(default_factory=list)
    read: list[Impression] = field(default_factory=list)  # with their `read_ms`


def write(visit: Visit) -> None:
    """Store the visit. What was done before (liked twice) is left as it was."""
    Impression.objects.bulk_update(visit.read, ["read_ms"])
    Outcome.objects.bulk_create(Outcome(impression=row, kind=kind, at=at) for kind, row, _post, at in visit.done)
    for kind, (model, counter) in COUNTED.items():
        _react(visit, kind, model, counter)
    Feedback.objects.bulk_create(
        Feedback(person=visit.person, kind=SAID[kind], post=post, created_at=at)
        for kind, _row, post, at in visit.done
        if kind in SAID
    )
    for kind, _row, post, at in visit.done:
        if kind == "follow":
            _follow(visit.person, post.author_id, at)
        elif kind == "report":
            _report(visit.person, post, at)


def _react(visit: Visit, kind: str, model: Any, counter: str) -> None:
    done = [(post, at) for name, _row, post, at in visit.done if name == kind]
    posts = [post.pk for post, _at in done]
    before = set(model.objects.filter(person=visit.person, post__in=posts).values_list("post_id", flat=True))
    new = [(post, at) for post, at in done if post.pk not in before and _may(kind, post)]
    model.objects.bulk_create(
        model(person=visit.person, post=post, created_at=at, **({"id": ids.new_id(at)} if kind == "repost" else {}))
        for post, at in new
    )
    if counter and new:
        Post.objects.filter(pk__in=[post.pk for post, _at in new]).update(**{counter: F(counter) + 1})


def _may(kind: str, post: Post) -> bool:
    return kind != "repost" or post.visibility == "public"


def _follow(person: User, author: int, at: datetime) -> None:
    _row, new = Follow.objects.get_or_create(follower=person, followed_id=author, defaults={"created_at": at})
    if new:
        Profile.objects.filter(user=author).update(followers_count=F("followers_count") + 1)
        Profile.objects.filter(user=person).update(following_count=F("following_count") + 1)


def _report(person: User, post: Post, at: datetime) -> None:
    defaults = {"reason": Report.Reason.SPAM, "created_at": at}
    Report.objects.get_or_create(reporter=person, person_id=post.author_id, post=post, defaults=defaults)


def readable(viewer: User, posts: Sequence[int]) -> list[int]:
    """Those of `posts` that the viewer may read and has not muted, in their order, as the home page asks."""
    found = Post.objects.visible_to(viewer).without_muted(viewer).filter(pk__in=posts)
    allowed = set(found.values_list("pk", flat=True))
    return [post for post in posts if post in allowed]
