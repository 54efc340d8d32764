"""A small site whose people like posts by their meaning, as rows of the database: what a night learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import Consent, User
from feed.ids import id_at
from feed.models import Impression, Like, Outcome, Post
from ml import registry
from ml.models import ModelVersion, PostVector
from ml.ranking import weights
from ml.ranking.features import NAMES

MODEL = "made-up/float16/00000000"
DIMENSIONS, SUBJECTS = 8, 6


@dataclass
class Site:
    """Writes people, posts with vectors, and pages they were shown."""

    now: datetime
    seed: int = 0
    people: list[User] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    vectors: dict[int, np.ndarray] = field(default_factory=dict)
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self._pages = 0

    def person(self, name: str, **consent: bool) -> User:
        user = User.objects.create(username=name, email=f"{name}@example.org")
        given = {"behaviour": True, "opens": True, "reading_time": True, "training": True, **consent}
        Consent.objects.filter(person=user).update(**given)
        self.people.append(user)
        return user

    def write(self, author: User, subject: int = 0, hours_ago: float = 1000.0) -> Post:
        return self.write_many([(author, subject)], hours_ago)[0]

    def write_many(self, wanted: list[tuple[User, int]], hours_ago: float = 1000.0) -> list[Post]:
        """A post of each author about each subject, with its vector."""
        at, posts = self.now - timedelta(hours=hours_ago), []
        for number, (author, subject) in enumerate(wanted, len(self.posts)):
            key = id_at(at, number)
            posts.append(Post(id=key, author=author, text="x" * 100, html="x", created_at=at, language="en"))
            vector = np.eye(DIMENSIONS)[subject] + 0.15 * self.rng.normal(size=DIMENSIONS)
            self.vectors[key] = vector / np.linalg.norm(vector)
        Post.objects.bulk_create(posts)
        PostVector.objects.bulk_create(
            [
                PostVector(post=post, model=MODEL, vector=self.vectors[post.pk].tolist(), digest="0" * 64)
                for post in posts
            ]
        )
        self.posts += posts
        return posts

    def show(self, person: User, posts: list[Post], at: datetime, **fields: Any) -> list[Impression]:
        """One page, scored as it was shown, with the numbers of posts about which nothing is known."""
        return Impression.objects.bulk_create(self._page(person, posts, at, **fields))

    def _page(self, person: User, posts: list[Post], at: datetime, **fields: Any) -> list[Impression]:
        self._pages += 1
        key = UUID(int=(self._pages * 0x9E3779B97F4A7C15) % 2**64)
        fields = {"scored_at": at, **fields}
        plain = dict.fromkeys(NAMES, 0.0) | {"feedback": 1.0, "acted_days_ago": 999.0, "language_read": 1.0}
        return [
            Impression(
                person=person,
                post=post,
                request_id=key,
                position=place,
                source="follows",
                shown_at=at,
                **{"features": plain | {"freshness": float(self.rng.random())}, **fields},
            )
            for place, post in enumerate(posts)
        ]

    def act(self, row: Impression, kind: str = "like", after: float = 60.0) -> None:
        """What came of an impression, `after` seconds later; a like is a like in the tables of the site too."""
        at = row.shown_at + timedelta(seconds=after)
        Outcome.objects.create(impression=row, kind=kind, at=at)
        if kind == "like":
            Like.objects.get_or_create(person_id=row.person_id, post_id=row.post_id, defaults={"created_at": at})

    def live(self, pages: int = 400, shown: int = 10, shuffled: bool = False) -> None:
        """Pages of random posts to random people who like what is about their two subjects; shuffled: by chance."""
        authors = [self.person(f"author{number}") for number in range(6)]
        readers = [self.person(f"reader{number}") for number in range(16)]
        posts = self.write_many([(authors[number % 6], number % SUBJECTS) for number in range(120)])
        begun, rows, liked = self.now - timedelta(days=20), [], []
        for page in range(pages):
            reader = int(self.rng.integers(len(readers)))
            chosen = self.rng.permutation(len(posts))[:shown]
            at = begun + timedelta(days=20) * page / pages
            rows += self._page(readers[reader], [posts[place] for place in chosen], at)
            cares = np.isin(chosen % SUBJECTS, [reader % SUBJECTS, (reader + 1) % SUBJECTS])
            likes = self.rng.random(shown) < np.where(cares, 0.75, 0.03)
            liked += (self.rng.permutation(likes) if shuffled else likes).tolist()
        Impression.objects.bulk_create(rows)
        self._like([row for row, one in zip(rows, liked, strict=True) if one])

    def _like(self, rows: list[Impression]) -> None:
        later = timedelta(minutes=1)
        Outcome.objects.bulk_create([Outcome(impression=row, kind="like", at=row.shown_at + later) for row in rows])
        Like.objects.bulk_create(
            [Like(person_id=row.person_id, post_id=row.post_id, created_at=row.shown_at + later) for row in rows],
            ignore_conflicts=True,
        )


@pytest.fixture
def site(db: None, settings: Any, tmp_path: Path) -> Iterator[Site]:
    """An empty site with a serving encoder whose vectors the test writes itself, and folders of its own."""
    settings.VAR_DIR, settings.MODELS_DIR = tmp_path, tmp_path / "models"
    ModelVersion.objects.create(
        name=MODEL, kind=ModelVersion.Kind.ENCODER, state=ModelVersion.State.SERVING, card={"dimensions": DIMENSIONS}
    )
    registry.forget()
    weights.forget()
    yield Site(timezone.now())
    registry.forget()
    weights.forget()


@pytest.fixture
def collected(site: Site, tmp_path: Path) -> Callable[[], Any]:
    """`collected()` writes the dataset of the last thirty days and opens it."""
    from ml.nets.ranker.data import Dataset
    from ml.training.dataset import collect
    from ml.training.people import Span

    def write() -> Dataset:
        folder = tmp_path / "dataset"
        collect(folder, Span.of_days(30, site.now))
        return Dataset(folder)

    return write
