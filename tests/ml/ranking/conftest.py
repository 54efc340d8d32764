"""Posts and people whose vectors are made by hand, for the whole pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from feed.models import Post
from ml import registry
from ml.embedding import centre
from ml.models import InterestVector, ModelVersion, PostVector
from ml.ranking import viewer
from tests.ml.ranking.batches import MODEL, axis


@pytest.fixture
def served(db: None) -> Iterator[str]:
    """A serving encoder of eight numbers whose vectors the test writes itself."""
    ModelVersion.objects.create(name=MODEL, kind=ModelVersion.Kind.ENCODER, state=ModelVersion.State.SERVING)
    registry.forget()
    centre.forget()
    viewer.forget()
    yield MODEL
    registry.forget()
    centre.forget()
    viewer.forget()


@pytest.fixture
def means(served: str) -> Callable[[Post, np.ndarray], Post]:
    """Says what a post means: `means(post, axis(0))`."""

    def write(post: Post, vector: np.ndarray) -> Post:
        PostVector.objects.create(post=post, model=served, vector=vector.tolist(), digest="0" * 64)
        return post

    return write


@pytest.fixture
def likes_axis(served: str) -> Callable[..., InterestVector]:
    """Gives a person one interest: `likes_axis(alice, 0)`."""

    def write(person: Any, *places: int, strength: float = 1.0, **fields: Any) -> InterestVector:
        rank = InterestVector.objects.filter(person=person).count()
        words = {"words": ["tomato", "soil"], **fields}
        vector = axis(*places).tolist()
        return InterestVector.objects.create(
            person=person, model=served, rank=rank, vector=vector, strength=strength, **words
        )

    return write
