"""Background work: the Celery application and the clock of the site."""

import os

from celery import Celery
from celery.schedules import crontab

from socialsite.engines.redis import start_for_celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "socialsite.settings")

app = Celery("socialsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
start_for_celery(app)

app.conf.beat_schedule = {
    # Redis may forget a queue; PostgreSQL does not. This re-queues every post that has no vector yet.
    "sweep-posts-without-vector": {"task": "ml.sweep_posts", "schedule": 30.0},
    "sweep-interests": {"task": "ml.sweep_interests", "schedule": 60.0},
    "refresh-topics": {"task": "ml.refresh_topics", "schedule": crontab(minute=20)},
    "refresh-neighbours": {"task": "ml.refresh_neighbours", "schedule": crontab(minute=45)},
    "watch-the-ranker": {"task": "ml.watch", "schedule": crontab(minute=5)},
    "train-ranker": {"task": "ml.retrain", "schedule": crontab(hour=2, minute=30)},
    "expire-datasets": {"task": "ml.expire_datasets", "schedule": crontab(minute=50)},
    "purge-deleted-posts": {"task": "feed.purge_deleted", "schedule": crontab(hour=3, minute=10)},
    "expire-impressions": {"task": "feed.expire_impressions", "schedule": crontab(hour=3, minute=40)},
}
