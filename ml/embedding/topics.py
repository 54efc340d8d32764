"""Curated topics as vectors, and which of them a post is about. Knows no author and no reader: only what is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction

from feed import actions
from feed.models import Post, PostTopic, Topic
from ml import registry
from ml.conf import TOPIC_SCORE, TOPIC_TEMPERATURE
from ml.embedding.centre import forget as forget_centres, less_centre, site_centres
from ml.embedding.encoder import get_encoder
from ml.embedding.nearest import from_bytes, vectors_of
from ml.models import TopicVector

NEWEST = 3000  # public posts that take part in the vectors of the topics
ROUNDS = 10


@dataclass(frozen=True)
class Sample:
    """Posts that shape the topics; `known` is the column of the topic their author or group gave them, or -1."""

    ids: list[int]
    centred: np.ndarray  # float32, shape (n, d), less the middle of the site
    known: np.ndarray  # int, shape (n,)


def vectors_of_topics(topic_ids: Sequence[int] | None, model: str) -> tuple[list[int], np.ndarray]:
    """The topic ids that have a vector of `model` (None: all), and the vectors, float32, shape (k, d)."""
    rows = TopicVector.objects.filter(model=model)
    rows = rows if topic_ids is None else rows.filter(topic__in=topic_ids)
    ids = list(rows.order_by("topic_id").values_list("topic_id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT halfvec_send(vector) FROM ml_topicvector WHERE model = %s AND topic_id = ANY(%s) ORDER BY topic_id",
            [model, ids],
        )
        sent = [row[0] for row in cursor.fetchall()]
    return ids, from_bytes(sent)


def topics_of(vectors: np.ndarray, languages: Sequence[str], model: str) -> list[dict[int, float]]:
    """For each post vector, shape (n, d), the curated topics it is about with a probability, mostly one or none.

    A softmax over the cosines to the topics, less the middle of the site as theirs are. What stays below `TOPIC_SCORE`
    is left out: there precision on the demo town is 0.8 (docs/experiments.md).
    """
    ids, centres = vectors_of_topics(None, model)
    if not ids or not len(vectors):
        return [{} for _ in vectors]
    sure = soften(less_centre(vectors, languages, site_centres(model)) @ centres.T)
    return [
        {ids[column]: round(float(row[column]), 3) for column in np.flatnonzero(row >= TOPIC_SCORE)} for row in sure
    ]


def soften(cosines: np.ndarray) -> np.ndarray:
    """Cosines, shape (n, k), to probabilities that sum to one in each row."""
    raised = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / TOPIC_TEMPERATURE)
    return raised / raised.sum(axis=1, keepdims=True)


def label_posts(post_ids: Sequence[int], model: str | None = None) -> int:
    """Write what these posts are about where it differs from what is written; how many changed."""
    model = model or registry.serving_encoder()
    ids, vectors = vectors_of(post_ids, model)
    posts = Post.objects.in_bulk(ids)
    found = topics_of(vectors, [posts[key].language for key in ids], model)
    before: dict[int, dict[int, float]] = {}
    for row in PostTopic.objects.filter(post__in=ids, source=PostTopic.Source.MODEL):
        before.setdefault(row.post_id, {})[row.topic_id] = row.score
    changed = [(key, scores) for key, scores in zip(ids, found, strict=True) if before.get(key, {}) != scores]
    for key, scores in changed:
        actions.label_topics(posts[key], scores, model)
    return len(changed)


def refresh_topic_vectors(model: str) -> int:
    """Make the vector of every curated topic anew: half from what the site says about it, half from posts about it.

    Posts join by their author's hashtag, by the topic of their group, or because they are nearer to this topic than
    to all others together; the last are found in turn with the vectors, ten rounds: spherical k-means seeded by
    descriptions (Basu et al. 2002, "Semi-supervised clustering by seeding"). All of it, and the vectors kept, are less
    the middle of the site. Returns how many topics there are.
    """
    topics = list(Topic.objects.filter(curated=True).order_by("pk"))
    if not topics:
        return 0
    forget_centres()
    said = _described(topics, model)
    sample = _sample([topic.pk for topic in topics], model)
    vectors, taking_part = _settled(said, sample)
    rows = [
        TopicVector(topic=topic, model=model, vector=vector, posts=int(n))
        for topic, vector, n in zip(topics, vectors, taking_part, strict=True)
    ]
    with transaction.atomic():
        TopicVector.objects.filter(model=model).exclude(topic__in=topics).delete()
        TopicVector.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["topic", "model"],
            update_fields=["vector", "posts", "updated_at"],
        )
    return len(topics)


def newest_posts() -> list[int]:
    """Ids of the posts that take part in the vectors of the topics."""
    posts = Post.objects.alive().top_level().filter(visibility="public").order_by("-pk")
    return list(posts.values_list("pk", flat=True)[:NEWEST])


def _described(topics: Sequence[Topic], model: str) -> np.ndarray:
    """Mean vector of title, description and example in both languages, as unit vectors, shape (k, d)."""
    texts, of, languages = [], [], []
    for row, topic in enumerate(topics):
        for language in ("en", "zh"):
            title, about, example = (getattr(topic, f"{part}_{language}") for part in ("title", "about", "example"))
            for text in filter(None, (f"{title}. {about}".strip(". ") or topic.shown_as, example)):
                texts.append(text)
                of.append(row)
                languages.append(language)
    vectors = less_centre(get_encoder(model).encode(texts), languages, site_centres(model))
    return _unit(np.stack([vectors[np.array(of) == row].mean(axis=0) for row in range(len(topics))]))


def _sample(topic_ids: Sequence[int], model: str) -> Sample:
    ids, vectors = vectors_of(newest_posts(), model)
    told: dict[int, set[int]] = {}
    for key, topic in PostTopic.objects.filter(
        post__in=ids, topic__in=topic_ids, source=PostTopic.Source.HASHTAG
    ).values_list("post_id", "topic_id"):
        told.setdefault(key, set()).add(topic)
    column = {topic: index for index, topic in enumerate(topic_ids)}
    facts: dict[int, list[Any]] = {
        key: rest for key, *rest in Post.objects.filter(pk__in=ids).values_list("pk", "language", "group__topic")
    }
    known = [
        column.get(next(iter(told[key]))) if len(told.get(key, ())) == 1 else column.get(facts[key][1]) for key in ids
    ]
    return Sample(
        ids,
        less_centre(vectors, [facts[key][0] for key in ids], site_centres(model)),
        np.array([-1 if found is None else found for found in known], dtype=int),
    )


def _settled(said: np.ndarray, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of the topics, shape (k, d), and how many posts took part in each, shape (k,)."""
    vectors, taking_part = said, np.zeros(len(said))
    if not sample.ids:
        return vectors, taking_part
    given = np.flatnonzero(sample.known >= 0)
    for _round in range(ROUNDS):
        share = soften(sample.centred @ vectors.T)
        share[given] = 0.0
        share[given, sample.known[given]] = 1.0
        share *= share.max(axis=1, keepdims=True) > 0.5
        vectors = _unit(said + _unit(share.T @ sample.centred))
        taking_part = (share > 0.5).sum(axis=0)
    return vectors, taking_part


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
