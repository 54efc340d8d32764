"""Curating topics: giving one its titles and words in both languages, and merging hashtags of one meaning."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actions import announce
from accounts.models import User
from feed import signals
from feed.models import PostTopic, Topic, TopicFollow

CURATED_FIELDS = ("curated", "title_en", "title_zh", "about_en", "about_zh", "example_en", "example_zh")


@transaction.atomic
def curate_topic(curator: User, topic: Topic, **fields: str | bool) -> Topic:
    """Set what the site says of a topic; `fields` are of `CURATED_FIELDS`. Raises `ValidationError` on bad ones."""
    _must_curate(curator)
    unknown = set(fields) - set(CURATED_FIELDS)
    if unknown:
        raise ValueError(f"not curated: {', '.join(sorted(unknown))}")
    for name, value in fields.items():
        setattr(topic, name, value)
    if topic.curated and topic.alias_of_id:
        raise ValidationError(_("A topic merged into another cannot be curated itself."))
    if topic.curated and not (topic.title_en and topic.title_zh):
        raise ValidationError(_("A curated topic needs a title in both languages."))
    topic.clean_fields(exclude=["name", "shown_as", "alias_of"])
    topic.save(update_fields=list(fields))
    announce(signals.topic_changed, topic_id=topic.pk)
    return topic


@transaction.atomic
def merge_topics(curator: User, topics: Iterable[Topic], into: Topic) -> int:
    """Make `topics` aliases of `into`: their posts are about it too, their followers follow it. Returns how many are.

    Curated topics are not merged away, and an alias cannot be the target: both raise `ValidationError`.
    """
    _must_curate(curator)
    if into.alias_of_id:
        raise ValidationError(_("“%(name)s” is an alias itself.") % {"name": into.name})
    merged = 0
    for topic in Topic.objects.select_for_update().filter(pk__in=[row.pk for row in topics]).exclude(pk=into.pk):
        if topic.curated:
            raise ValidationError(_("“%(name)s” is curated; end that first.") % {"name": topic.name})
        if topic.alias_of_id != into.pk:
            _merge(topic, into)
            merged += 1
    Topic.objects.filter(pk=into.pk).update(followers_count=TopicFollow.objects.filter(topic=into).count())
    announce(signals.topic_changed, topic_id=into.pk)
    return merged


def _merge(topic: Topic, into: Topic) -> None:
    Topic.objects.filter(alias_of=topic).update(alias_of=into)
    topic.alias_of, topic.followers_count = into, 0
    topic.save(update_fields=["alias_of", "followers_count"])
    posts = PostTopic.objects.filter(topic=topic).values_list("post_id", "source")
    rows = [PostTopic(post_id=post_id, topic=into, source=source) for post_id, source in posts.iterator()]
    PostTopic.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    people = TopicFollow.objects.filter(topic=topic).values_list("person_id", flat=True)
    TopicFollow.objects.bulk_create(
        [TopicFollow(person_id=person_id, topic=into) for person_id in people], ignore_conflicts=True
    )
    TopicFollow.objects.filter(topic=topic).delete()


@transaction.atomic
def part_topic(curator: User, topic: Topic) -> bool:
    """End an alias: the hashtag is a topic of its own again. Posts keep both topics; followers stay with the other."""
    _must_curate(curator)
    return bool(Topic.objects.filter(pk=topic.pk).exclude(alias_of=None).update(alias_of=None))


def _must_curate(curator: User) -> None:
    if not curator.has_perm("feed.change_topic"):
        raise PermissionDenied(_("Only administrators can do this."))
