"""Lived days leave the rows that the site's verbs would have left, each in its own time, and know no future."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db.models import Count, F

from accounts.models import Follow, User
from feed.models import Bookmark, Feedback, Impression, Like, Outcome, Post, Repost
from ml.embedding.encoder import Encoder
from ml.models import InterestVector
from ml.ranking.features import NAMES
from ml.rehearsal.days import CLOSES, Rehearsal
from tests.ml.rehearsal.town import quarter

DAY = 8


@pytest.fixture
def lived(learning: Encoder) -> Rehearsal:
    rehearsal = Rehearsal(quarter(), seed=7, elsewhere=False)
    for day in (DAY, DAY + 1):
        rehearsal.live_evening(rehearsal.evening_of(day))
    return rehearsal


def test_two_evenings(lived: Rehearsal) -> None:
    _nothing_lies_in_the_future(lived)
    _rows_and_outcomes_agree()
    _what_was_shown_is_what_was_ranked(lived)
    _interests_were_learned(lived)


def _nothing_lies_in_the_future(lived: Rehearsal) -> None:
    last = lived.evening_of(DAY + 1)
    end = last + timedelta(hours=CLOSES)
    assert Post.objects.filter(created_at__gt=last).count() == 0
    assert Post.objects.count() < len(lived.town.posts) + len(lived.town.comments)
    assert Impression.objects.filter(shown_at__gte=lived.evening_of(DAY), shown_at__lt=end).count() > 50
    for model, moment in ((Impression, "shown_at"), (Outcome, "at"), (Like, "created_at"), (Feedback, "created_at")):
        assert not model.objects.filter(**{f"{moment}__gt": end}).exists()
    assert not Impression.objects.filter(post__created_at__gt=F("shown_at")).exists()
    assert not Outcome.objects.filter(at__lte=F("impression__shown_at")).exists()


def _rows_and_outcomes_agree() -> None:
    for kind, model in (("like", Like), ("bookmark", Bookmark), ("repost", Repost)):
        outcomes = Outcome.objects.filter(kind=kind, impression__post__visibility="public")
        pairs = set(outcomes.values_list("impression__person", "impression__post"))
        assert pairs == set(model.objects.values_list("person", "post"))
    assert Like.objects.exists()
    for post in Post.objects.annotate(liked=Count("likes")):
        assert post.likes_count == post.liked
    said = Outcome.objects.filter(kind__in=("not_interested", "hide"))
    assert said.count() == Feedback.objects.count()
    followed = Outcome.objects.filter(kind="follow")
    pairs = followed.values_list("impression__person", "impression__post__author")
    assert all(Follow.objects.filter(follower=one, followed=other).exists() for one, other in pairs)


def _what_was_shown_is_what_was_ranked(lived: Rehearsal) -> None:
    row = Impression.objects.exclude(read_ms=None).order_by("pk").first()
    assert row is not None
    assert set(row.features) == set(NAMES)
    hours = (row.shown_at - row.post.created_at).total_seconds() / 3600
    assert row.features["age_hours"] == pytest.approx(hours, abs=0.01)
    assert row.surface == "for-you"
    assert row.model_version
    assert abs(sum(row.terms.values()) - row.score) < 0.01


def _interests_were_learned(lived: Rehearsal) -> None:
    liker = Like.objects.values_list("person", flat=True).first()
    found = InterestVector.objects.filter(person=liker)
    assert found.exists()
    assert all(row.updated_at <= lived.evening_of(DAY + 1) + timedelta(hours=CLOSES) for row in found)


def test_visits_are_the_same_for_the_same_seed(learning: Encoder) -> None:
    rehearsal = Rehearsal(quarter(), seed=7)
    evening = rehearsal.evening_of(3)
    assert rehearsal.visits(evening) == rehearsal.visits(evening)
    assert len(rehearsal.visits(evening)) >= len(rehearsal.town.people)
    assert {one.at for one in rehearsal.visits(evening)} != {
        one.at - timedelta(days=1) for one in rehearsal.visits(evening + timedelta(days=1))
    }
    _twice_an_hour_apart(rehearsal, evening)


def _twice_an_hour_apart(rehearsal: Rehearsal, evening: datetime) -> None:
    by_name: dict[str, list[datetime]] = {}
    for one in rehearsal.visits(evening):
        by_name.setdefault(one.person.name, []).append(one.at)
    assert any(len(moments) == 2 for moments in by_name.values())
    assert all(later - earlier >= timedelta(hours=1) for earlier, *rest in by_name.values() for later in rest)


def test_a_town_that_comes_day_by_day_is_the_town_that_comes_at_once(learning: Encoder) -> None:
    from feed.demo.load import Arrival, unload

    def everything() -> dict[str, object]:
        return {
            "posts": sorted(Post.objects.values_list("text", "html", "likes_count", "comments_count", "reposts_count")),
            "likes": sorted(Like.objects.values_list("person__username", "post__text", "created_at")),
            "follows": sorted(Follow.objects.values_list("follower__username", "followed__username")),
            "profiles": sorted(
                User.objects.values_list("username", *(f"profile__{n}_count" for n in ("posts", "followers")))
            ),
        }

    town = quarter()
    Arrival(town).bring(town.now)
    at_once = everything()
    unload()
    by_day = Arrival(town)
    for days in range(12, -1, -1):
        by_day.bring(town.now - timedelta(days=days))
    assert everything() == at_once
    assert len(at_once["posts"]) == len(town.posts) + len(town.comments)  # type: ignore[arg-type]
