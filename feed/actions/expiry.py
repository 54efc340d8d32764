"""What is forgotten by itself: records of what was shown, and pictures that never made it into a post."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from feed.models import Attachment, Impression, SuggestionImpression

BATCH = 5000
UNUSED_PICTURE_DAYS = 3


def expire_impressions(now: datetime | None = None) -> int:
    """Delete impressions, and what was suggested, older than `IMPRESSIONS_KEPT_DAYS`, in batches so that no page waits.
    Returns how many.

    Their outcomes go with them. What is kept is what a ranker can be trained on.
    """
    limit = (now or timezone.now()) - timedelta(days=settings.IMPRESSIONS_KEPT_DAYS)
    return sum(_expire(model, limit) for model in (Impression, SuggestionImpression))


def _expire(model: type[Impression] | type[SuggestionImpression], limit: datetime) -> int:
    gone = 0
    while True:
        batch = list(model.objects.filter(shown_at__lt=limit).values_list("pk", flat=True)[:BATCH])
        if not batch:
            return gone
        gone += model.objects.filter(pk__in=batch).delete()[1].get(model._meta.label, 0)


def drop_unused_pictures(now: datetime | None = None) -> int:
    """Delete uploads that have been in no post for three days, files included."""
    limit = (now or timezone.now()) - timedelta(days=UNUSED_PICTURE_DAYS)
    rows = list(Attachment.objects.filter(post=None, created_at__lt=limit)[:BATCH])
    for row in rows:
        row.image.delete(save=False)
        row.delete()
    return len(rows)
