"""Saying no: feedback, muted topics, reports; and what moderators place on posts. Each has its undo."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actions import announce
from accounts.models import User
from accounts.races import update_or_create
from feed import signals
from feed.actions.notices import notify
from feed.models import Feedback, Label, MutedTopic, Notification, Post, Report, Topic


@transaction.atomic
def give_feedback(
    person: User,
    kind: str,
    *,
    post: Post | None = None,
    topic: Topic | None = None,
    author: User | None = None,
    reason: str = "",
) -> Feedback:
    """Steer one's own feed. The same feedback again gives the first one. Raises `ValidationError` on a wrong kind."""
    if kind not in Feedback.Kind.values:
        raise ValidationError(_("There is no such feedback."))
    if post is not None and not Post.objects.visible_to(person).filter(pk=post.pk).exists():
        raise PermissionDenied(_("This post is not available to you."))
    if kind == Feedback.Kind.SEE_FEWER_AUTHOR and author is None:
        author = post.author if post is not None else None
    needed = {Feedback.Kind.SEE_FEWER_TOPIC: topic, Feedback.Kind.SEE_FEWER_AUTHOR: author}.get(kind, post)  # type: ignore[call-overload]
    if needed is None:
        raise ValidationError(_("Say what this is about."))
    about: dict[str, Any] = {"kind": kind, "author": author, "topic": topic}
    if kind in (Feedback.Kind.NOT_INTERESTED, Feedback.Kind.MORE, Feedback.Kind.HIDE):
        about["post"] = post
    User.objects.select_for_update(no_key=True).get(pk=person.pk)  # two clicks at once are one feedback
    standing = Feedback.objects.in_force().filter(person=person, **about).first()
    if standing is not None:
        return standing
    row = Feedback.objects.create(person=person, reason=reason[:40], **{**about, "post": post})
    announce(signals.feedback_given, person_id=person.pk, feedback_id=row.pk)
    return row


@transaction.atomic
def undo_feedback(person: User, feedback_id: int) -> Feedback:
    """Take one's feedback back. Raises `PermissionDenied` for anybody else's."""
    row = Feedback.objects.select_for_update().filter(pk=feedback_id, person=person).first()
    if row is None:
        raise PermissionDenied(_("This is not yours to undo."))
    if row.undone_at is None:
        row.undone_at = timezone.now()
        row.save(update_fields=["undone_at"])
        announce(signals.feedback_undone, person_id=person.pk, feedback_id=row.pk)
    return row


def say_reason(person: User, feedback_id: int, reason: str) -> Feedback:
    """Keep why one gave this feedback; an empty reason forgets it. Raises `PermissionDenied`, `ValidationError`."""
    if reason not in ("", *Feedback.Reason.values):
        raise ValidationError(_("There is no such reason."))
    row = Feedback.objects.in_force().filter(pk=feedback_id, person=person).first()
    if row is None:
        raise PermissionDenied(_("This is not yours to change."))
    row.reason = reason
    row.save(update_fields=["reason"])
    return row


@transaction.atomic
def mute_topic(person: User, topic: Topic, until: datetime | None = None) -> MutedTopic:
    row, _new = update_or_create(MutedTopic.objects.all(), person=person, topic=topic, defaults={"until": until})
    announce(signals.topic_muted, person_id=person.pk, topic_id=topic.pk)
    return row


@transaction.atomic
def unmute_topic(person: User, topic: Topic) -> bool:
    gone, _kinds = MutedTopic.objects.filter(person=person, topic=topic).delete()
    if gone:
        announce(signals.topic_unmuted, person_id=person.pk, topic_id=topic.pk)
    return bool(gone)


@transaction.atomic
def report(reporter: User, *, person: User, post: Post | None = None, reason: str, note: str = "") -> Report:
    """Tell the moderators. One open report a reporter and thing: the same again changes its reason and note."""
    if reason not in Report.Reason.values:
        raise ValidationError({"reason": _("Choose a reason.")})
    if len(note) > 1000:
        raise ValidationError({"note": _("A note can have at most 1,000 characters.")})
    if post is not None:
        if not Post.objects.visible_to(reporter).filter(pk=post.pk).exists():
            raise PermissionDenied(_("This post is not available to you."))
        person = post.author
    if person.pk == reporter.pk:
        raise ValidationError(_("You cannot report yourself."))
    row, new = Report.objects.update_or_create(
        reporter=reporter,
        person=person,
        post=post,
        state=Report.State.OPEN,
        defaults={"reason": reason, "note": note.strip()},
    )
    if new:
        announce(signals.reported, report_id=row.pk)
    return row


@transaction.atomic
def withdraw_report(reporter: User, report_id: int) -> bool:
    """Take one's own open report back."""
    mine = Report.objects.filter(pk=report_id, reporter=reporter, state=Report.State.OPEN)
    gone = bool(mine.update(state=Report.State.WITHDRAWN))
    if gone:
        announce(signals.report_withdrawn, report_id=report_id)
    return gone


@transaction.atomic
def handle_report(moderator: User, row: Report, state: str) -> Report:
    """Uphold or dismiss a report, and tell the person who made it."""
    if not moderator.has_perm("feed.change_report"):
        raise PermissionDenied(_("Only moderators can do this."))
    if state not in (Report.State.UPHELD, Report.State.DISMISSED, Report.State.OPEN):
        raise ValidationError(_("There is no such decision."))
    row.state, row.handled_by, row.handled_at = state, moderator, timezone.now()
    row.save(update_fields=["state", "handled_by", "handled_at"])
    if state != Report.State.OPEN:
        notify(row.reporter_id, Notification.Kind.REPORT_DONE, post=row.post)
    return row


@transaction.atomic
def label(
    post: Post,
    name: str,
    *,
    placed_by: User | None = None,
    score: float = 1.0,
    model_version: str = "",
    reason: str = "",
) -> Label:
    """Put a label on a post: a moderator by hand, or a model with its score and version."""
    if placed_by is not None and not placed_by.has_perm("feed.add_label"):
        raise PermissionDenied(_("Only moderators can do this."))
    row, new = Label.objects.get_or_create(
        post=post,
        name=name,
        placed_by=placed_by,
        model_version=model_version,
        lifted_at=None,
        defaults={"score": score, "reason": reason[:200]},
    )
    if new:
        announce(signals.labelled, post_id=post.pk, name=name)
    return row


def lift_label(moderator: User, row: Label) -> None:
    if not moderator.has_perm("feed.change_label"):
        raise PermissionDenied(_("Only moderators can do this."))
    row.lifted_at = timezone.now()
    row.save(update_fields=["lifted_at"])
