"""Whether an act still stands when it comes to be noted or forgotten; knows which table each kind of outcome is from.

An act is noted after it was committed, so the undoing of it, in another process, may be heard first. Both ask here what
stands, one at a time for the same act: whoever asks last sees what was committed last, and leaves the outcome so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Model, QuerySet

from accounts.models import Block, Follow, Mute
from feed.actions import outcomes
from feed.models import Bookmark, Feedback, Like, Outcome, Post, Report, Repost

Kind = Outcome.Kind
Rows = QuerySet[Any, Any]
SAID: Final[dict[str, str]] = {
    Feedback.Kind.NOT_INTERESTED: Kind.NOT_INTERESTED,
    Feedback.Kind.HIDE: Kind.HIDE,
    Feedback.Kind.SEE_FEWER_AUTHOR: Kind.FEWER,  # "fewer" of the author and of a topic are one outcome
    Feedback.Kind.SEE_FEWER_TOPIC: Kind.FEWER,
}


def _on_post(model: type[Model]) -> Callable[[int, int], Rows]:
    return lambda person, post: model._default_manager.filter(person=person, post=post)


def _said(kind: str) -> Callable[[int, int], Rows]:
    same = [feedback for feedback, outcome in SAID.items() if outcome == kind]
    return lambda person, post: Feedback.objects.in_force().filter(person=person, post=post, kind__in=same)


def _reports() -> Rows:
    return Report.objects.exclude(state=Report.State.WITHDRAWN)


_OF_POSTS: Final[dict[str, Callable[[int, int], Rows]]] = {
    Kind.LIKE: _on_post(Like),
    Kind.REPOST: _on_post(Repost),
    Kind.BOOKMARK: _on_post(Bookmark),
    Kind.COMMENT: lambda person, post: Post.objects.alive().filter(author=person, parent=post),
    Kind.QUOTE: lambda person, post: Post.objects.alive().filter(author=person, quote=post),
    Kind.REPORT: lambda person, post: _reports().filter(reporter=person, post=post),
    **{kind: _said(kind) for kind in SAID.values()},
}
_OF_AUTHORS: Final[dict[str, Callable[[int, int], Rows]]] = {
    Kind.FOLLOW: lambda person, author: Follow.objects.filter(follower=person, followed=author),
    Kind.MUTE: lambda person, author: Mute.objects.filter(muter=person, muted=author),
    Kind.BLOCK: lambda person, author: Block.objects.filter(blocker=person, blocked=author),
    Kind.REPORT: lambda person, author: _reports().filter(reporter=person, person=author, post=None),
}


def done(person_id: int, post_id: int, kind: str, *, at: datetime | None = None) -> None:
    """The person did this about the post: note it, unless it was undone meanwhile."""
    with _alone(person_id, f"post {post_id}", kind):
        if _OF_POSTS[kind](person_id, post_id).exists():
            outcomes.note(person_id, post_id, kind, at=at)


def undone(person_id: int, post_id: int, kind: str) -> None:
    """The person took it back: forget it, unless it was done again, or another such act still stands."""
    with _alone(person_id, f"post {post_id}", kind):
        if not _OF_POSTS[kind](person_id, post_id).exists():
            outcomes.forget(person_id, post_id, kind)


def done_author(person_id: int, author_id: int, kind: str) -> None:
    with _alone(person_id, f"author {author_id}", kind):
        if _OF_AUTHORS[kind](person_id, author_id).exists():
            outcomes.note_author(person_id, author_id, kind)


def undone_author(person_id: int, author_id: int, kind: str) -> None:
    with _alone(person_id, f"author {author_id}", kind):
        if not _OF_AUTHORS[kind](person_id, author_id).exists():
            outcomes.forget_author(person_id, author_id, kind)


@contextmanager
def _alone(person_id: int, about: str, kind: str) -> Iterator[None]:
    """Hold this act of this person until the end of the transaction. The question must be a statement of its own: one
    that waited for the lock would answer from before the wait."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"outcome {person_id} {kind} {about}"]
            )
        yield
