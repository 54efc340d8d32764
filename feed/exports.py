"""A person's own words and acts, as plain values, for the file with their data."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from feed.models import (
    Bookmark,
    Dismissal,
    Draft,
    Feedback,
    Impression,
    Like,
    Membership,
    MutedTopic,
    Outcome,
    Post,
    Report,
    Repost,
    SuggestionImpression,
    TopicFollow,
)


def own_data(person: User) -> dict[str, Any]:
    """What the feed keeps about `person`: everything they wrote and did, the newest 50,000 of each."""
    most = 50_000
    return {
        "posts": [
            {
                "id": str(post.pk),
                "at": post.created_at.isoformat(),
                "text": post.text,
                "content_warning": post.content_warning,
                "visibility": post.visibility,
                "answers": str(post.parent_id) if post.parent_id else None,
                "pictures": [attachment.image.url for attachment in post.attachments.all()],
                "deleted_at": post.deleted_at.isoformat() if post.deleted_at else None,
            }
            for post in Post.objects.filter(author=person).prefetch_related("attachments")[:most]
        ],
        "likes": _acts(Like, person, most),
        "reposts": _acts(Repost, person, most),
        "bookmarks": _acts(Bookmark, person, most),
        "topics": list(TopicFollow.objects.filter(person=person).values_list("topic__name", flat=True)),
        "muted_topics": list(MutedTopic.objects.filter(person=person).values_list("topic__name", flat=True)),
        "groups": list(Membership.objects.filter(person=person).values("group__slug", "role", "state")),
        "feedback": [
            {
                "kind": row.kind,
                "post": str(row.post_id),
                "at": row.created_at.isoformat(),
                "undone": bool(row.undone_at),
            }
            for row in Feedback.objects.filter(person=person)
        ],
        "suggestions_refused": list(
            Dismissal.objects.filter(person=person).values("who__username", "topic__name", "group__slug")
        ),
        "suggestions_shown": list(
            SuggestionImpression.objects.filter(person=person)
            .order_by("-shown_at")
            .values("who__username", "topic__name", "group__slug", "reason", "day", "answer")[:most]
        ),
        "done_after_seeing": _outcomes(person, most),
        "read_for": [
            {"post": str(post), "milliseconds": ms, "shown": at.isoformat()}
            for post, ms, at in Impression.objects.filter(person=person, read_ms__isnull=False)
            .order_by("-shown_at")
            .values_list("post_id", "read_ms", "shown_at")[:most]
        ],
        "drafts": list(Draft.objects.filter(person=person).values("place", "fields")),
        "reports": [
            {"reason": row.reason, "note": row.note, "state": row.state}
            for row in Report.objects.filter(reporter=person)
        ],
    }


def _acts(rows: Any, person: User, most: int) -> list[dict[str, str]]:
    found = rows.objects.filter(person=person).order_by("-created_at").values_list("post_id", "created_at")[:most]
    return [{"post": str(post), "at": at.isoformat()} for post, at in found]


def _outcomes(person: User, most: int) -> list[dict[str, str]]:
    """What was stored of what they did about posts they had been shown, newest first."""
    rows = Outcome.objects.filter(impression__person=person).order_by("-at")
    found = rows.values_list("impression__post_id", "kind", "at", "impression__shown_at")[:most]
    return [
        {"post": str(post), "what": kind, "at": at.isoformat(), "shown": shown.isoformat()}
        for post, kind, at, shown in found
    ]
