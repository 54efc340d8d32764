"""The feed's night: what is forgotten by itself. Each task may run twice."""

import structlog
from celery import shared_task

from feed import actions

log = structlog.get_logger(__name__)


@shared_task(name="feed.purge_deleted")
def purge_deleted() -> int:
    """Remove for good what was deleted thirty days ago, and pictures that were never used."""
    posts, pictures = actions.purge(), actions.drop_unused_pictures()
    log.info("purged", posts=posts, pictures=pictures)
    return posts


@shared_task(name="feed.expire_impressions")
def expire_impressions() -> int:
    gone = actions.expire_impressions()
    log.info("impressions_expired", gone=gone)
    return gone
