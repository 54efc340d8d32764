"""Computing a person's interests anew from their acts, and their own say in it. Knows no page and no queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Consent, User
from feed.models import Bookmark, Feedback, Like, Post, PostTopic, Repost
from ml import registry
from ml.conf import FORGOTTEN_AFTER, INTERESTS_AT_MOST, LEAST_STRENGTH, NEGATIVES_AT_MOST, SAME_INTEREST_COSINE
from ml.embedding.acts import Acts, acts_of
from ml.embedding.centre import less_centre, site_centres
from ml.embedding.clusters import clusters, similarities
from ml.embedding.interests import Interest, all_interests
from ml.embedding.nearest import vectors_of
from ml.embedding.topics import vectors_of_topics
from ml.embedding.words import typical_words
from ml.models import InterestAdjustment, InterestVector, Learner

FACTORS = (0.0, 0.3, 1.0)  # remove, turn down, as learned
SEVERAL = 20  # groups that are looked at, strongest first
SURE = 3  # so many interests are kept however weak they are


@dataclass(frozen=True)
class Items:
    """What an interest is made of: n posts and chosen topics, side by side."""

    vectors: np.ndarray  # float32, shape (n, d)
    centred: np.ndarray  # the same less the middle of the site, for comparing
    weights: np.ndarray  # shape (n,)
    topics: list[frozenset[int]]
    texts: list[str]  # "" for a topic
    authors: list[int]  # 0 for a topic
    chosen: np.ndarray  # bool, shape (n,): a topic that was chosen


def learn(person_id: int, now: datetime | None = None) -> int:
    """Compute the interests of a person from their recent acts, for every encoder in use; how many there are now.

    Nothing is carried over from the last time: a repeated task, an undone like or a lost message changes nothing.
    Of two that compute at the same time, the one that looked at the acts last is kept.
    """
    looked_at = now or timezone.now()
    acts, learned = acts_of(person_id, looked_at), 0
    for model in registry.encoders_to_fill():
        rows = [*_rows(acts, model, person_id), *_refused_rows(acts, model, person_id)]
        learned = max(learned, _replace(person_id, model, rows, looked_at))
    Learner.objects.filter(pk=person_id).update(learned_at=looked_at)
    return learned


def _rows(acts: Acts, model: str, person_id: int) -> list[InterestVector]:
    rows = _grouped(_items(acts.posts, acts.topics, model), model, person_id, negative=False)
    strong = [row for row in rows if row.rank < SURE or row.strength >= LEAST_STRENGTH or row.source == "chosen"]
    for rank, row in enumerate(strong):
        row.rank = rank
    return strong[:INTERESTS_AT_MOST]


def _refused_rows(acts: Acts, model: str, person_id: int) -> list[InterestVector]:
    items = _items(acts.refused_posts, acts.refused_topics, model)
    return _grouped(items, model, person_id, negative=True)[:NEGATIVES_AT_MOST]


def _items(posts: dict[int, float], topics: dict[int, float], model: str) -> Items:
    """Posts and topics that have a vector, as rows."""
    ids, vectors = vectors_of(list(posts), model)
    topic_ids, topic_vectors = vectors_of_topics(list(topics), model)
    written = {post.pk: post for post in Post.objects.filter(pk__in=ids).only("text", "language", "author")}
    about: dict[int, set[int]] = {}
    for post_id, topic_id in PostTopic.objects.filter(post__in=ids, topic__curated=True).values_list("post", "topic"):
        about.setdefault(post_id, set()).add(topic_id)
    found = [part for part in (vectors, topic_vectors) if len(part)]
    stacked = np.concatenate(found) if found else np.empty((0, 0), dtype=np.float32)
    centred = less_centre(vectors, [written[post_id].language for post_id in ids], site_centres(model))
    return Items(
        vectors=stacked,
        centred=np.concatenate([part for part in (centred, topic_vectors) if len(part)]) if found else stacked,
        weights=np.array([*(posts[key] for key in ids), *(topics[key] for key in topic_ids)], dtype=np.float64),
        topics=[frozenset(about.get(key, ())) for key in ids] + [frozenset([key]) for key in topic_ids],
        texts=[written[key].text for key in ids] + [""] * len(topic_ids),
        authors=[written[key].author_id for key in ids] + [0] * len(topic_ids),
        chosen=np.array([False] * len(ids) + [True] * len(topic_ids)),
    )


def _grouped(items: Items, model: str, person_id: int, *, negative: bool) -> list[InterestVector]:
    """One row a cluster, strongest first: the weighted mean of its members, its share of all weight, its words."""
    if not len(items.weights):
        return []
    similar = similarities(items.centred, items.topics)
    similar[np.ix_(items.chosen, items.chosen)] = -1.0  # chosen one by one, so kept apart
    found = _one_a_topic(items, clusters(similar))
    found.sort(key=lambda rows: -items.weights[rows].sum())
    total = items.weights.sum()
    return [
        InterestVector(
            person_id=person_id,
            model=model,
            rank=rank,
            vector=_middle(items, rows),
            strength=float(items.weights[rows].sum() / total),
            negative=negative,
            words=typical_words([(items.texts[r], items.weights[r], items.authors[r]) for r in rows if items.texts[r]]),
            topic_id=_topic_of(items, rows),
            acts=int((~items.chosen[rows]).sum()),
            source="chosen" if items.chosen[rows].all() else "acts",
        )
        for rank, rows in enumerate(found[:SEVERAL])
    ]


def _one_a_topic(items: Items, found: list[list[int]]) -> list[list[int]]:
    """Groups that are about the same curated topic, as one: people know it by one name."""
    merged: list[list[int]] = []
    of_topic: dict[int, list[int]] = {}
    for rows in found:
        topic = _topic_of(items, rows)
        if topic is not None and topic in of_topic:
            of_topic[topic] += rows
            continue
        merged.append(list(rows))
        if topic is not None:
            of_topic[topic] = merged[-1]
    return merged


def _middle(items: Items, rows: list[int]) -> np.ndarray:
    middle = (items.vectors[rows] * items.weights[rows, None]).sum(axis=0)
    return middle / max(np.linalg.norm(middle), 1e-12)


def _topic_of(items: Items, rows: list[int]) -> int | None:
    """The topic that carries at least half of the weight; a chosen one wins."""
    weights: dict[int, float] = {}
    for row in rows:
        for topic in items.topics[row]:
            weights[topic] = weights.get(topic, 0.0) + items.weights[row] * (10 if items.chosen[row] else 1)
    if not weights:
        return None
    best = max(weights, key=lambda topic: (weights[topic], -topic))
    return best if weights[best] >= items.weights[rows].sum() / 2 else None


@transaction.atomic
def _replace(person_id: int, model: str, rows: list[InterestVector], looked_at: datetime) -> int:
    """Put the rows in the place of the old ones, unless somebody looked at the acts later than we did."""
    Learner.objects.get_or_create(pk=person_id)
    learner = Learner.objects.select_for_update().get(pk=person_id)
    late = learner.learned_at is not None and learner.learned_at > looked_at
    reset_meanwhile = learner.reset_at is not None and learner.reset_at > looked_at
    old = InterestVector.objects.filter(person=person_id, model=model)
    if late or reset_meanwhile:
        return old.count()
    if not Consent.objects.filter(person=person_id, behaviour=True).exists():  # withdrawn while we computed
        rows = [row for row in rows if row.source == "chosen" and not row.negative]
    _keep_names(rows, list(old))
    old.delete()
    for row in rows:
        row.updated_at = looked_at
    InterestVector.objects.bulk_create(rows)
    return len(rows)


def _keep_names(rows: list[InterestVector], before: list[InterestVector]) -> None:
    """An interest that is still there keeps its id, so that a page opened before the last like still works."""
    if not rows or not before:
        return
    new, old = (np.array([row.vector for row in group], dtype=np.float32) for group in (rows, before))
    cosines = new @ old.T
    for place in np.argsort(-cosines, axis=None):
        one, other = divmod(int(place), len(before))
        if cosines[one, other] < SAME_INTEREST_COSINE:
            return
        if rows[one].pk is None and before[other].pk is not None and rows[one].negative == before[other].negative:
            rows[one].pk, before[other].pk = before[other].pk, None


@transaction.atomic
def adjust(person: User, interest_id: int, factor: float) -> Interest:
    """Turn an interest down (0.3), remove it (0) or leave it as learned (1). It holds for what will be learned later.

    Raises `PermissionDenied` for an interest that is not theirs or is gone, `ValidationError` for another factor.
    """
    if factor not in FACTORS:
        raise ValidationError(_("An interest can be left, turned down or removed."))
    row = InterestVector.objects.filter(pk=interest_id, person=person, negative=False).first()
    if row is None:
        raise PermissionDenied(_("This interest is not there any more. The list was computed anew."))
    before = InterestAdjustment.objects.filter(person=person, model=row.model)
    vector = np.array(row.vector, dtype=np.float32)
    near = [old.pk for old in before if float(np.dot(vector, old.vector)) >= SAME_INTEREST_COSINE]
    before.filter(pk__in=near).delete()
    if factor != 1.0:
        InterestAdjustment.objects.create(
            person=person, model=row.model, vector=row.vector, words=row.words, factor=factor
        )
    return next(one for one in all_interests(person.pk, row.model) if one.id == row.pk)


@transaction.atomic
def reset(person: User) -> None:
    """Forget everything that was learned of a person: interests, and what they said about them. Acts up to now count
    no more. What they chose themselves (topics, languages) stays theirs."""
    Learner.objects.update_or_create(pk=person.pk, defaults={"reset_at": timezone.now()})
    forget(person.pk)


def forget(person_id: int) -> None:
    """Delete everything that stands on a person's acts; the next `learn` makes what may still be made."""
    InterestVector.objects.filter(person=person_id).delete()
    InterestAdjustment.objects.filter(person=person_id).delete()


def overdue(limit: int | None = 500) -> list[int]:
    """People whose acts were not learned from: a message was lost, or their acts were brought in without one."""
    lost = Learner.objects.filter(stale_since__lt=timezone.now() - FORGOTTEN_AFTER).values_list("pk", flat=True)
    never = User.objects.present().filter(learner__learned_at=None, learner__stale_since=None)
    willing = never.filter(Q(consent__behaviour=True) | Q(topic_follows__isnull=False)).distinct()
    return list(lost[:limit]) + list(willing.values_list("pk", flat=True)[:limit])


def mark_waiting(post_ids: Sequence[int]) -> None:
    """These posts have new vectors: whoever acted on them is to be learned from again at the next sweep."""
    acts = [row.objects.filter(post__in=post_ids).values("person") for row in (Like, Bookmark, Repost, Feedback)]
    answers = Post.objects.filter(Q(parent__in=post_ids) | Q(quote__in=post_ids)).values("author")
    people = Q(person__in=answers)
    for found in acts:
        people |= Q(person__in=found)
    Learner.objects.filter(people, stale_since=None).update(stale_since=timezone.now() - FORGOTTEN_AFTER)


def lacking(model: str) -> list[int]:
    """People of whom something was learned, yet nothing by the encoder `model`."""
    theirs = InterestVector.objects.filter(person=OuterRef("person"), model=model)
    rows = InterestVector.objects.filter(~Exists(theirs)).order_by().values_list("person", flat=True)
    return list(rows.distinct())
