"""A history as a model reads it: newest first, one act a post and kind, with consent, no longer than it may be."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from ml.ranking.candidate import Said
from ml.ranking.history import KINDS, LENGTH, bucket, history_of
from ml.ranking.learned import bucket_of_each
from tests.ml.ranking.batches import NOW, acted, axis, known, query


def test_history_is_newest_first_and_one_act_a_post_and_kind() -> None:
    asked = query(learns=True, acts=(*acted(3, 4, 3), *acted(4, kind="comment")), vector_of=known(3, 4))
    found = history_of(asked)
    assert [(i, KINDS[kind]) for i, kind in zip(found.ids, found.kinds, strict=True)] == [
        (3, "like"),
        (4, "comment"),
        (4, "like"),
    ]
    assert found.age_hours.tolist() == [0, 0, 1]
    assert found.authors.tolist() == [bucket(53), bucket(54), bucket(54)]
    np.testing.assert_array_equal(found.vectors[0], axis(3))


def test_history_counts_what_was_refused_but_not_before_a_reset() -> None:
    said = (Said("hide", 5, None, None, NOW - timedelta(hours=3), 70), Said("more", 6, None, None, NOW, 71))
    asked = query(learns=True, said=said, vector_of=known(5, 6))
    assert [KINDS[kind] for kind in history_of(asked).kinds] == ["refused"]
    asked.reset_at = NOW - timedelta(hours=2)
    assert len(history_of(asked)) == 0


def test_history_passes_over_posts_without_a_vector_and_needs_consent() -> None:
    asked = query(learns=True, acts=acted(1, 2, 3), vector_of=known(1, 3))
    assert history_of(asked).ids == (1, 3)
    asked.learns = False
    assert len(history_of(asked)) == 0


@pytest.mark.parametrize("acts", [1, LENGTH, 10_000])
def test_history_of_one_act_and_of_ten_thousand(acts: int) -> None:
    posts = range(1, acts + 1)
    found = history_of(query(learns=True, acts=acted(*posts), vector_of=known(*posts)))
    assert found.ids == tuple(posts)[:LENGTH]
    assert len(found.vectors) == min(acts, LENGTH)


def test_buckets_at_once_are_those_of_history() -> None:
    ids = np.array([1, 7, 123_456_789, 2**62 + 11, 2**63 - 1], dtype=np.int64)
    assert bucket_of_each(ids).tolist() == [bucket(int(i)) for i in ids]
