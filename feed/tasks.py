"""The feed's night: what is forgotten by itself. Each task may run twice."""

import structlog
from celery import shared_task

from feed import actions
from feed.actions import outcomes

log = structlog.get_logger(__name__)


@shared_task(name="feed.purge_deleted")
def purge_deleted() -> int:
    """Remove for good what was deleted thirty days ago, and pictures that were never used."""
    posts, pictures = actions.purge(), actions.drop_unused_pictures()
    log.info("purged", posts=posts, pictures=pictures)
    return posts


@shared_task(name="feed.expire_impressions")
def expire_impressions() -> int:
    """Forget what was shown long ago, and what stands without consent."""
    gone, refused = actions.expire_impressions(), outcomes.sweep()
    log.info("impressions_expired", gone=gone, without_consent=refused)
    return gone
