"""What exploring costs, counted from impressions and outcomes; and how a fresh post was received so far."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from accounts import actions as people
from accounts.models import ConsentChange, User
from feed.actions import publish
from feed.models import Impression, Outcome
from ml.models import OnlineFigure
from ml.ranking import counted
from ml.ranking.candidate import Found, merged
from ml.ranking.hydrators import PostFacts
from ml.ranking.rates import UNKNOWN_RATE, Rate, exploration_cost, usual_response
from ml.ranking.serve import query_for
from ml.ranking.thompson import posterior
from ml.ranking.viewer import TopicCentres

Show = Callable[..., Impression]


@pytest.fixture(autouse=True)
def _forget() -> Any:
    counted.forget()
    yield
    counted.forget()


def allowed_for_long(person: User) -> None:
    """As if they had let the site learn from them two months ago."""
    ConsentChange.objects.filter(person=person).update(at=timezone.now() - timedelta(days=60))


@pytest.fixture
def show(alice: User, bob: User) -> Show:
    """An impression of a post of its own (or `post`), answered by `acts`; alice's unless `by` says otherwise."""
    allowed_for_long(alice)

    def make(position: int, request: UUID, kind: str = "like", *acts: str, **how: Any) -> Impression:
        post, days = how.get("post"), how.get("days", 0)
        made = Impression.objects.create(
            person=how.get("by", alice),
            post=post or publish(bob, f"At {position} of {request}"),
            request_id=request,
            position=position,
            reason={"kind": kind},
            shown_at=timezone.now() - timedelta(days=days),
        )
        for act in acts:
            Outcome.objects.create(impression=made, kind=act)
        return made

    return make


def test_cost_of_exploring_against_the_places_beside_it(show: Show) -> None:
    one, other = uuid4(), uuid4()
    show(11, one, "explore")
    show(10, one, "follow", "like", "repost")  # beside it, answered twice: one answered impression
    show(12, one, "interest")
    show(13, one, "new-voice", "follow")  # near, but no ranked place
    show(20, one, "interest", "like")  # too far away
    show(11, other, "explore", "open")  # opening is no answer
    show(10, other, "interest", "hide")
    show(9, uuid4(), "interest", "like")  # another page
    show(11, uuid4(), "explore", "like", days=40)  # long ago
    cost = exploration_cost(days=28)
    assert cost.explored == Rate(2, 0)
    assert cost.beside_explored == Rate(3, 1)
    assert cost.lost_a_place == pytest.approx(1 / 3)
    assert cost.new_voices == Rate(1, 1)
    assert cost.beside_new_voices == Rate(1, 0)
    low, high = cost.beside_explored.interval
    assert 0 < low < 1 / 3 < high < 1


def test_cost_is_unknown_where_nothing_was_explored(show: Show) -> None:
    show(3, uuid4(), "interest", "like")
    cost = exploration_cost()
    assert cost.explored.value is None
    assert cost.lost_a_place is None


def test_the_ranker_knows_how_often_a_fresh_post_was_answered(show: Show, alice: User, charlie: User) -> None:
    post, other = publish(charlie, "Fresh"), publish(charlie, "Found by another")
    show(1, uuid4(), "explore", "like", "comment", post=post, days=1)
    show(1, uuid4(), "explore", "open", post=post, days=1)
    show(1, uuid4(), "rising", "like", post=other)
    candidates = merged([Found("exploration", [post.pk]), Found("rising", [other.pk])])
    columns = PostFacts()(query_for(alice, limit=10), candidates)
    assert columns["tried"].tolist() == [2, 0]
    assert columns["answered"].tolist() == [1, 0]


def test_the_views_of_whose_answers_are_not_stored_count_for_nothing(show: Show, alice: User, person: Any) -> None:
    """Whoever did not allow it, and what was shown before they did."""
    silent, late = person("dora", consents=False), person("edda")
    allowed = timezone.now() - timedelta(days=1)
    ConsentChange.objects.filter(person=late).update(at=allowed)
    post, page = publish(late, "Fresh"), uuid4()
    show(11, page, "explore", "like", post=post, days=3)
    show(10, page, "interest", days=3)
    for place in (20, 21):
        show(place, uuid4(), "explore", post=post, days=3, by=silent)
        show(place, uuid4(), "explore", post=post, days=2, by=late)
    show(11, uuid4(), "explore", post=post, days=0.5, by=late)
    cost = exploration_cost()
    assert (cost.explored, cost.beside_explored) == (Rate(2, 1), Rate(1, 0))
    columns = PostFacts()(query_for(alice, limit=10), merged([Found("exploration", [post.pk])]))
    assert (columns["tried"].tolist(), columns["answered"].tolist()) == ([2], [1])
    people.give_consent(alice, behaviour=False)
    columns = PostFacts()(query_for(silent, limit=10), merged([Found("exploration", [post.pk])]))
    assert columns["tried"].tolist() == [1]


def test_a_bot_that_likes_everything_recommends_nothing(show: Show, alice: User, person: Any) -> None:
    robot = person("robot")
    post, page = publish(alice, "Fresh"), uuid4()
    allowed_for_long(robot)
    for place in range(counted.BOT_SHOWN - 1):
        show(place, page, "explore", "like", by=robot, days=1)
    show(60, page, "explore", "like", post=post, by=robot, days=1)
    show(11, uuid4(), "explore", post=post, days=1)
    seen = query_for(alice, limit=10), merged([Found("exploration", [post.pk])])
    assert PostFacts()(*seen)["answered"].tolist() == [1]
    counted.note_robots(timezone.now())
    counted.forget()
    columns = PostFacts()(*seen)
    assert (columns["tried"].tolist(), columns["answered"].tolist()) == ([1], [0])
    assert exploration_cost().explored == Rate(1, 0)


def test_the_prior_is_how_the_site_answers(served: str, alice: User) -> None:
    from feed.models import Topic
    from ml.models import TopicVector
    from tests.ml.ranking.batches import axis

    asked = query_for(alice, limit=10)
    asked.model = served
    topic = Topic.objects.create(name="bread", shown_as="bread", curated=True)
    TopicVector.objects.create(topic=topic, model=served, vector=axis(0).tolist())
    OnlineFigure.objects.create(day=timezone.now().date(), band="1-5", impressions=980, counts={"positive": 199})
    OnlineFigure.objects.create(
        day=timezone.now().date() - timedelta(days=30), band="1-5", impressions=9000, counts={"positive": 9000}
    )
    TopicCentres()(asked)
    assert asked.usual_response == pytest.approx(0.2)
    assert usual_response(0, 0) == UNKNOWN_RATE
    import numpy as np

    a, b = posterior(np.array([0.0, 10.0]), np.array([0.0, 4.0]), 0.2)
    assert (a / (a + b)).tolist() == pytest.approx([0.2, 0.3])


def test_the_admin_is_shown_what_exploring_costs(show: Show) -> None:
    from ml.watching import series

    one = uuid4()
    show(11, one, "explore")
    show(10, one, "interest", "like")
    rows = {row.name: (row.impressions, row.rate) for row in series.exploration()}
    assert rows == {"Explored places": (1, "0.0 %"), "Ranked places beside them": (1, "100.0 %")}


def test_ones_own_visit_changes_no_draw(show: Show, alice: User, charlie: User) -> None:
    post = publish(charlie, "Fresh")
    show(1, uuid4(), "explore", post=post)
    show(1, uuid4(), "explore", post=post, days=1)
    columns = PostFacts()(query_for(alice, limit=10), merged([Found("exploration", [post.pk])]))
    assert columns["tried"].tolist() == [1]
    columns = PostFacts()(query_for(charlie, limit=10), merged([Found("exploration", [post.pk])]))
    assert columns["tried"].tolist() == [2]
