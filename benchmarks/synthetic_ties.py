"""What the people of the synthetic site have beside posts, likes and follows, so that no source and no hydrator is
idle: groups, reposts, bookmarks, refusals, answers to what was shown, and what the site learned from all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from feed.models import Group, Topic
from ml.models import TopicVector

PEOPLE_A_GROUP, GROUPS_A_PERSON, IN_GROUPS = 100, 3, 0.1  # of posts
REPOSTS, BOOKMARKS = 6, 5  # a person
NEIGHBOURS, LEAST_LIKES = 30, 2  # posts that the same people like: how many, and of which posts
REFUSALS = 3  # posts that each of the first hundred did not want to see
RESPONSE = 30  # one impression of so many was liked
Array = np.ndarray[Any, Any]
Copy = Callable[[str, Iterable[tuple[Any, ...]]], None]


def is_new(person: int) -> bool:
    """One in ten came lately: hardly followed, has liked nothing, and nothing is known of them."""
    return person % 10 == 0


def topics(centres: Array, model: str, posts: int) -> list[int]:
    """A curated topic for each centre of meaning, with its vector."""
    made = Topic.objects.bulk_create(
        Topic(name=f"t{i}", shown_as=f"t{i}", curated=True, title_en=f"Subject {i}", title_zh=f"主题{i}")
        for i in range(len(centres))
    )
    each = posts // len(centres)
    TopicVector.objects.bulk_create(
        TopicVector(topic=topic, model=model, vector=vector, posts=each)
        for topic, vector in zip(made, centres, strict=True)
    )
    return [topic.pk for topic in made]


def groups(topic_ids: Sequence[int], people: int) -> list[int]:
    """Open groups, each about a topic, one after the other."""
    count = max(people // PEOPLE_A_GROUP, len(topic_ids))
    made = Group.objects.bulk_create(
        Group(slug=f"g{i}", name=f"Group {i}", topic_id=topic_ids[i % len(topic_ids)], owner_id=i % people + 1)
        for i in range(count)
    )
    return [group.pk for group in made]


def group_of(post: int, about: int, group_ids: Sequence[int], centres: int) -> int | None:
    """The group a post is in: one post in ten is in one about its subject."""
    if post % round(1 / IN_GROUPS):
        return None
    same = range(about, len(group_ids), centres)
    return group_ids[same[(post // 10) % len(same)]]


def join(random: Any, copy: Copy, tastes: Array, group_ids: Sequence[int]) -> None:
    """Everybody is in groups of their tastes."""
    centres, now = int(tastes.max()) + 1, timezone.now()
    pairs = {
        (group_ids[int(random.choice(range(taste, len(group_ids), centres)))], person + 1)
        for person in range(len(tastes))
        for taste in tastes[person, :GROUPS_A_PERSON].tolist()
    }
    columns = "feed_membership (group_id, person_id, role, state, created_at)"
    copy(columns, ((group, person, "member", "active", now) for group, person in sorted(pairs)))


def keep_and_pass_on(random: Any, copy: Copy, ids: Sequence[int], people: int, now: datetime) -> None:
    """Reposts and bookmarks, of whatever came by; a repost's id tells its moment, as a post's does."""
    active = [person for person in range(1, people + 1) if not is_new(person)]
    reposts = {(who, int(post)) for who in active for post in random.integers(0, len(ids), REPOSTS)}
    rows = []
    for place, (who, post) in enumerate(sorted(reposts)):
        at = min(_moment(ids[post]) + timedelta(hours=float(random.exponential(6))), now)
        rows.append(((int(at.timestamp() * 1000) << 16) | (place & 0x7FFF), who, ids[post], at))
    copy("feed_repost (id, person_id, post_id, created_at)", _once(rows))
    kept = {(who, int(post)) for who in active for post in random.integers(0, len(ids), BOOKMARKS)}
    copy("feed_bookmark (person_id, post_id, created_at)", ((who, ids[post], now) for who, post in sorted(kept)))


def _moment(post_id: int) -> datetime:
    return datetime.fromtimestamp((post_id >> 16) / 1000, tz=timezone.get_current_timezone())


def _once(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list({row[0]: row for row in rows}.values())


def refuse(random: Any, copy: Copy, ids: Sequence[int], topic_ids: Sequence[int], people: int, now: datetime) -> None:
    """The first hundred have said no to some posts, to one person and to one topic."""
    rows: list[tuple[Any, ...]] = []
    for person in range(1, min(100, people) + 1):
        posts = random.choice(ids[-len(ids) // 5 :], REFUSALS, replace=False)
        rows += [(person, "not_interested", int(post), None, None, "", now) for post in posts]
        rows.append((person, "fewer_author", None, person % people + 1, None, "too_much", now - timedelta(days=40)))
        rows.append((person, "fewer_topic", None, None, int(random.choice(topic_ids)), "", now - timedelta(days=40)))
    copy("feed_feedback (person_id, kind, post_id, author_id, topic_id, reason, created_at)", rows)


def answer() -> None:
    """Some of what was shown was liked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO feed_outcome (impression_id, kind, at)"
            " SELECT id, 'like', shown_at FROM feed_impression WHERE id %% %s = 0",
            [RESPONSE],
        )


def neighbours(random: Any, copy: Copy, ids: Sequence[int], about: Array, likes: Array, now: datetime) -> None:
    """What is liked has neighbours of its own subject, not much older or younger: as people like what is new."""
    of = [np.flatnonzero(about == centre) for centre in range(int(about.max()) + 1)]
    place = np.empty(len(ids), dtype=np.int64)
    for same in of:
        place[same] = np.arange(len(same))
    scores = [round(0.5 / (rank + 1) ** 0.5, 4) for rank in range(NEIGHBOURS)]

    def rows() -> Iterable[tuple[Any, ...]]:
        for post in np.flatnonzero(likes >= LEAST_LIKES).tolist():
            same = of[about[post]]
            near = np.clip(place[post] + random.integers(-80, 81, NEIGHBOURS), 0, len(same) - 1)
            found = [ids[int(same[one])] for one in dict.fromkeys(near.tolist()) if same[one] != post]
            yield (ids[post], found, scores[: len(found)], now)

    copy("ml_postneighbours (post_id, ids, scores, made_at)", rows())
