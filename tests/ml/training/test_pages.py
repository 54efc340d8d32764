"""What a page is to training: one slate, one moment, numbers, each post once a visit, and no answer given away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from accounts import actions as people
from feed import timelines
from feed.actions import outcomes
from feed.models import Bookmark, Feedback, Impression, Like, Outcome, Post
from ml.ranking import serve
from ml.ranking.heads import HEADS
from ml.ranking.viewer import VISIT
from ml.training.people import TOLERANCE
from tests.ml.training.conftest import Site

LIKE, OPEN, DWELL = (HEADS.index(name) for name in ("like", "open", "dwell"))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@pytest.fixture
def reader(site: Site) -> Any:
    return site.person("reader")


@pytest.fixture
def posts(site: Site) -> list[Post]:
    one, two = site.person("one"), site.person("two")
    return site.write_many([((one, two)[number % 2], number % 6) for number in range(12)])


# --- Without numbers ---


def test_pages_without_numbers_are_left_out_and_counted(
    site: Site, reader: Any, posts: list[Post], collected: Any
) -> None:
    rows = site.show(reader, posts[:4], site.now - hours(24))
    bare = site.show(reader, posts[4:8], site.now - hours(20), features={})
    site.act(bare[0])
    stranger = site.person("stranger", training=False)
    site.show(stranger, posts[:2], site.now - hours(19), features={})
    data = collected()
    assert data.impression.tolist() == [row.pk for row in rows]
    assert np.isfinite(data.features).all()
    assert data.meta["left_out"]["without_numbers"] == 4
    assert data.meta["left_out_by_consent"] == 2


def test_the_arm_in_the_order_of_following_has_no_numbers(site: Site, reader: Any, posts: list[Post]) -> None:
    """What the dataset leaves out is what that arm logs."""
    people.follow(reader, posts[0].author)
    slate = serve.in_order_of_following(reader, "holdout", limit=5)
    found = list(Post.objects.filter(pk__in=[item.post_id for item in slate.items]))
    timelines.home.record(reader, slate, found, {item.post_id: at for at, item in enumerate(slate.items)})
    assert found
    assert all(row.features == {} for row in Impression.objects.all())


# --- One slate, one moment ---


def test_a_slate_that_ran_out_is_another_request_from_when_it_was_scored(
    site: Site, reader: Any, posts: list[Post], collected: Any
) -> None:
    """Both under one id, the first with two pages; what was done in between is history for the second alone."""
    first, second, key = site.now - hours(24), site.now - hours(23), uuid4()
    shown = [(posts[:2], first, first), (posts[2:4], first, first + minutes(20)), (posts[4:6], second, second)]
    rows = [site.show(reader, some, at, scored_at=scored) for some, scored, at in shown]
    Impression.objects.update(request_id=key)
    Like.objects.create(person=reader, post=posts[8], created_at=first + minutes(10))
    site.act(rows[0][0], after=600)
    data = collected()
    assert data.start.tolist() == [0, 4, 6]
    assert set(data.impression[:4].tolist()) == {row.pk for page in rows[:2] for row in page}
    assert data.impression[4:].tolist() == [row.pk for row in rows[2]]
    assert data.shown_at.tolist() == pytest.approx([first.timestamp(), second.timestamp()])
    assert (data.hist_post >= 0).sum(axis=1).tolist() == [0, 2]
    assert data.hist_age[1][:2] == pytest.approx([50 / 60, 50 / 60], abs=1e-3)


def test_what_came_between_scoring_and_showing_is_no_history(
    site: Site, reader: Any, posts: list[Post], collected: Any
) -> None:
    scored = site.now - hours(24)
    site.show(reader, posts[:2], scored + minutes(30), scored_at=scored)
    Like.objects.create(person=reader, post=posts[8], created_at=scored + minutes(10))
    Like.objects.create(person=reader, post=posts[9], created_at=scored - minutes(10))
    data = collected()
    assert (data.hist_post[0] >= 0).sum() == 1
    assert data.hist_age[0][0] == pytest.approx(10 / 60, abs=1e-3)


# --- A reload within a visit ---


def test_a_post_met_again_within_a_visit_is_the_row_that_was_answered(
    site: Site, reader: Any, posts: list[Post], collected: Any
) -> None:
    at = site.now - hours(24)
    pages = [site.show(reader, posts[:3], at + minutes(10 * again)) for again in range(3)]
    site.act(pages[1][0], "like")
    site.act(pages[2][1], "open")
    data = collected()
    kept = {row.pk: (page, place) for page, rows in enumerate(pages) for place, row in enumerate(rows)}
    assert sorted(kept[pk] for pk in data.impression.tolist()) == [(1, 0), (2, 1), (2, 2)]
    assert data.labels[data.impression == pages[1][0].pk, LIKE].tolist() == [1]
    assert data.labels[:, [LIKE, OPEN]].sum() == 2
    assert data.meta["left_out"]["shown_again"] == 6


def test_what_was_done_and_read_on_several_pages_of_a_visit_is_of_one_row(
    site: Site, reader: Any, posts: list[Post], collected: Any
) -> None:
    at = site.now - hours(24)
    pages = [site.show(reader, posts[:1], at + minutes(10 * again)) for again in range(3)]
    site.act(pages[0][0], "open")
    site.act(pages[1][0], "like")
    for (row,), ms in zip(pages, (3000, 2000, None), strict=True):
        Impression.objects.filter(pk=row.pk).update(read_ms=ms)
    data = collected()
    assert data.impression.tolist() == [pages[0][0].pk], "what was known before the first act"
    assert data.labels[0, [LIKE, OPEN, DWELL]].tolist() == [1, 1, 1], "five seconds in all"


def test_another_visit_is_another_row(site: Site, reader: Any, posts: list[Post], collected: Any) -> None:
    at = site.now - hours(24)
    (first,), (second,) = (site.show(reader, posts[:1], at + again * (VISIT + minutes(1))) for again in range(2))
    other = site.person("other")
    (theirs,) = site.show(other, posts[:1], at + minutes(1))
    site.act(first, "open")
    data = collected()
    assert sorted(data.impression.tolist()) == sorted([first.pk, second.pk, theirs.pk])
    assert "shown_again" not in data.meta["left_out"]


# --- Clocks ---


def test_one_tolerance_for_storing_and_for_learning(site: Site, reader: Any, posts: list[Post], collected: Any) -> None:
    assert TOLERANCE == outcomes.SKEW
    rows = site.show(reader, posts[:3], site.now - hours(24))
    site.act(rows[0], after=-TOLERANCE.total_seconds() + 1)
    site.act(rows[1], after=-TOLERANCE.total_seconds() - 1)
    data = collected()
    assert data.impression.tolist() == [rows[0].pk, rows[2].pk]
    assert data.labels[:, LIKE].tolist() == [1, 0]
    assert data.meta["left_out"]["outcome_before_impression"] == 1


@pytest.mark.parametrize("seconds", [1, 59, 240])
def test_an_act_that_is_stamped_before_its_page_does_not_tell_the_answer(
    seconds: int, site: Site, reader: Any, posts: list[Post], collected: Any
) -> None:
    at = site.now - hours(24)
    rows = site.show(reader, posts[:3], at)
    early = at - timedelta(seconds=seconds)
    site.act(rows[0], after=-seconds)
    Outcome.objects.create(impression=rows[1], kind="not_interested", at=early)
    Feedback.objects.create(person=reader, post=posts[1], kind="not_interested", created_at=early)
    Bookmark.objects.create(person=reader, post=posts[8], created_at=early)
    data = collected()
    assert data.labels[0, LIKE] == 1
    acted = data.hist_post[0][data.hist_post[0] >= 0]
    assert len(acted) == 1, "what was kept elsewhere, and nothing of this page"
    assert np.abs(data.posts[acted[0]] - site.vectors[posts[8].pk]).max() < 1e-3
