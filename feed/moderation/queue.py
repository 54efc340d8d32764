"""The queue of reports: what a moderator reads before deciding. Questions only; `decisions` writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from feed.models import Label, Post, Report

NEAR = 5  # posts of a thread shown above and below the reported one


def queue() -> QuerySet[Report]:
    """All reports, open ones first and among them the oldest: whoever waits longest is next."""
    waiting = Case(When(state=Report.State.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    return (
        Report.objects.annotate(waiting=waiting)
        .select_related("post__author", "person", "reporter", "handled_by")
        .order_by("waiting", Case(When(state=Report.State.OPEN, then="pk")), "-handled_at", "-pk")
    )


def next_open(after: Report | None = None) -> Report | None:
    """The report to look at next; never the one just looked at."""
    found = queue().filter(state=Report.State.OPEN)
    return (found.exclude(pk=after.pk) if after is not None else found).first()


@dataclass
class Dossier:
    """A report with all that helps to judge it."""

    report: Report
    post: Post | None
    above: list[Post] = field(default_factory=list)
    below: list[Post] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    others: list[Report] = field(default_factory=list)
    before: dict[str, int] = field(default_factory=dict)


def case(report: Report) -> Dossier:
    """The reported post in its thread, what else was said about it, and what was decided about its author before.

    Staff read what was reported whoever may see it otherwise: that is what reporting is for.
    """
    post = _posts().prefetch_related("attachments", "revisions").filter(pk=report.post_id or 0).first()
    same = Report.objects.filter(post_id=report.post_id) if report.post_id else Report.objects.filter(post=None)
    return Dossier(
        report=report,
        post=post,
        above=_above(post) if post else [],
        below=list(_posts().filter(parent=post).order_by("pk")[:NEAR]) if post else [],
        labels=list(post.labels.select_related("placed_by").order_by("-pk")) if post else [],
        others=list(
            same.filter(person=report.person).exclude(pk=report.pk).select_related("reporter").order_by("-pk")[:10]
        ),
        before=Report.objects.filter(person=report.person)
        .exclude(pk=report.pk)
        .aggregate(
            upheld=Count("pk", filter=Q(state=Report.State.UPHELD)),
            dismissed=Count("pk", filter=Q(state=Report.State.DISMISSED)),
            open=Count("pk", filter=Q(state=Report.State.OPEN)),
        ),
    )


def _posts() -> QuerySet[Post]:
    return Post.objects.select_related("author__profile", "group")


def _above(post: Post) -> list[Post]:
    """What the post answers, from the top of the thread or at most `NEAR` steps up."""
    found: list[Post] = []
    parent_id = post.parent_id
    while parent_id and len(found) < NEAR:
        parent = _posts().filter(pk=parent_id).first()
        if parent is None:
            break
        found.insert(0, parent)
        parent_id = parent.parent_id
    return found
