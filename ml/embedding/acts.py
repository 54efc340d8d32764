"""What a person did lately, and how much each act says: post ids and topic ids with weights. Knows no vector."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import Consent, Follow
from feed.models import Bookmark, Feedback, Like, Post, Repost, TopicFollow
from feed.models.post import Visibility
from ml.conf import ACT_WEIGHTS, ACTS_AT_MOST, FOLLOWED_AUTHORS_AT_MOST, HALF_LIFE, POSTS_OF_FOLLOWED
from ml.models import Learner

Dated = tuple[int | None, str, datetime]  # post id, kind, when


@dataclass
class Acts:
    """Weights by post and by topic: what they were drawn to, and what they said no to."""

    posts: dict[int, float] = field(default_factory=dict)
    topics: dict[int, float] = field(default_factory=dict)
    refused_posts: dict[int, float] = field(default_factory=dict)
    refused_topics: dict[int, float] = field(default_factory=dict)


def fade(weight: float, age_seconds: float) -> float:
    """weight · 2^(-age / half-life): exponential decay, as in PinnerSage (Pal et al. 2020, section 4.3)."""
    return weight * 0.5 ** (max(age_seconds, 0.0) / HALF_LIFE.total_seconds())


def acts_of(person_id: int, now: datetime | None = None) -> Acts:
    """The newest acts since the person's last reset, faded. Without the consent `behaviour`: only the chosen topics."""
    now = now or timezone.now()
    acts = Acts(topics=dict.fromkeys(_chosen_topics(person_id), ACT_WEIGHTS["topic"]))
    if not Consent.objects.filter(person=person_id, behaviour=True).exists():
        return acts
    since = Learner.objects.filter(pk=person_id, reset_at__isnull=False).values_list("reset_at", flat=True).first()
    acts.posts = _faded(list(_drawn_to(person_id, since)), now)
    for post_id, weight in _posts_of_followed(person_id, since).items():
        acts.posts[post_id] = acts.posts.get(post_id, 0.0) + weight
    acts.refused_posts = _faded(list(_refused(person_id, since)), now)
    for post_id in acts.refused_posts:
        acts.posts.pop(post_id, None)
    for topic_id, at in _since(
        Feedback.objects.in_force().filter(person=person_id, kind=Feedback.Kind.SEE_FEWER_TOPIC), since
    ).values_list("topic_id", "created_at"):
        acts.refused_topics[topic_id] = fade(ACT_WEIGHTS["fewer_topic"], (now - at).total_seconds())
        acts.topics.pop(topic_id, None)
    return acts


def _chosen_topics(person_id: int) -> list[int]:
    rows = TopicFollow.objects.filter(person=person_id).values_list("topic_id", "topic__alias_of_id")
    return [alias_of or topic for topic, alias_of in rows]


def _since(rows: QuerySet, since: datetime | None) -> QuerySet:
    return rows if since is None else rows.filter(created_at__gt=since)


def _drawn_to(person_id: int, since: datetime | None) -> Iterator[Dated]:
    """The newest acts of each kind. What people do with their own posts says nothing."""
    for kind, rows in (
        ("like", Like.objects.filter(person=person_id).exclude(post__author=person_id)),
        ("bookmark", Bookmark.objects.filter(person=person_id).exclude(post__author=person_id)),
        ("repost", Repost.objects.filter(person=person_id).exclude(post__author=person_id)),
        ("more", Feedback.objects.in_force().filter(person=person_id, kind=Feedback.Kind.MORE)),
    ):
        for post_id, at in _newest(rows, since).values_list("post_id", "created_at"):
            yield post_id, kind, at
    written = Post.objects.alive().filter(author=person_id)
    for kind, field_name in (("comment", "parent"), ("quote", "quote")):
        others = written.filter(**{f"{field_name}__isnull": False}).exclude(**{f"{field_name}__author": person_id})
        for post_id, at in _newest(others, since).values_list(f"{field_name}_id", "created_at"):
            yield post_id, kind, at


def _refused(person_id: int, since: datetime | None) -> Iterator[Dated]:
    no = (Feedback.Kind.NOT_INTERESTED, Feedback.Kind.HIDE)
    rows = Feedback.objects.in_force().filter(person=person_id, kind__in=no)
    for post_id, at in _newest(rows, since).values_list("post_id", "created_at"):
        yield post_id, "not_interested", at


def _newest(rows: QuerySet, since: datetime | None) -> QuerySet:
    return _since(rows, since).order_by("-created_at", "-pk")[:ACTS_AT_MOST]


def _faded(dated: list[Dated], now: datetime) -> dict[int, float]:
    """Weights of the newest `ACTS_AT_MOST` acts, summed by post."""
    weights: dict[int, float] = defaultdict(float)
    for post_id, kind, at in sorted(dated, key=lambda act: act[2], reverse=True)[:ACTS_AT_MOST]:
        if post_id is not None:
            weights[post_id] += fade(ACT_WEIGHTS[kind], (now - at).total_seconds())
    return dict(weights)


def _posts_of_followed(person_id: int, since: datetime | None) -> dict[int, float]:
    """The newest public posts of the people followed last: a follow that stands does not fade."""
    follows = _since(Follow.objects.filter(follower=person_id), since).order_by("-pk")
    authors = list(follows.values_list("followed_id", flat=True)[:FOLLOWED_AUTHORS_AT_MOST])
    number = Window(RowNumber(), partition_by=F("author"), order_by=F("id").desc())
    posts = Post.objects.alive().top_level().filter(author__in=authors, visibility=Visibility.PUBLIC)
    newest = posts.annotate(number=number).filter(number__lte=POSTS_OF_FOLLOWED)
    weight = ACT_WEIGHTS["follow"] / POSTS_OF_FOLLOWED
    return dict.fromkeys(newest.values_list("pk", flat=True), weight)
