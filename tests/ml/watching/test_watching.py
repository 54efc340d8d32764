"""Arms, daily sums, drift and shadow: figures that are what was stored, and say nothing of anybody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from accounts import actions as people
from accounts.models import User
from feed import actions
from feed.models import Impression, Outcome, Post
from ml.models import DriftFigure, Experiment, ModelVersion, OnlineFigure
from ml.ranking import arms, serve
from ml.ranking.arms import FOLLOWING, SERVING, Arm
from ml.watching import drift, online, shadow

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget() -> Any:
    arms.forget()
    yield
    arms.forget()


Show = Callable[..., Impression]


@pytest.fixture
def show(alice: User, bob: User) -> Show:
    """Shows alice a post of bob: `show(0, "like", version="a")`."""

    def make(position: int, *kinds: str, post: Post | None = None, **fields: Any) -> Impression:
        post = post or actions.publish(bob, text=f"Post at {position}, {uuid4()}")
        fields = {"request_id": uuid4(), "model_version": "a", "source": "follows", **fields}
        shown = Impression.objects.create(person=alice, post=post, position=position, **fields)
        Outcome.objects.bulk_create([Outcome(impression=shown, kind=kind) for kind in kinds])
        return shown

    return make


def test_shares_of_people_fall_as_the_arms_say_and_stay() -> None:
    given = [Arm("holdout", 0.1, FOLLOWING), Arm("new", 0.4, SERVING)]
    drawn = [arms.arm_at(arms.point(person, "salt"), given) for person in range(20_000)]
    names = [arm.name if arm else "" for arm in drawn]
    assert names.count("holdout") / len(names) == pytest.approx(0.1, abs=0.01)
    assert names.count("new") / len(names) == pytest.approx(0.4, abs=0.015)
    assert drawn == [arms.arm_at(arms.point(person, "salt"), given) for person in range(20_000)]
    other = [arms.arm_at(arms.point(person, "other"), given) for person in range(20_000)]
    assert other != drawn


def test_one_experiment_runs_and_its_end_is_heard_at_once(alice: User) -> None:
    assert arms.arm_of(alice.pk) is None
    started = arms.start("holdout", [Arm("all", 1.0, FOLLOWING)], by=alice)
    assert arms.arm_of(alice.pk) == Arm("all", 1.0, FOLLOWING)
    with pytest.raises(ValidationError, match="runs already"):
        arms.start("second", [Arm("all", 1.0, SERVING)])
    arms.end(started)
    assert arms.arm_of(alice.pk) is None
    assert Experiment.objects.get().ended_at is not None


@pytest.mark.parametrize(
    "given",
    [
        [],
        [Arm("a", 0.6, SERVING), Arm("b", 0.6, SERVING)],
        [Arm("a", 0.0, SERVING)],
        [Arm("a", float("nan"), SERVING)],
        [Arm("a", 0.1, SERVING), Arm("a", 0.1, FOLLOWING)],
        [Arm("", 0.1, SERVING)],
        [Arm("a" * 21, 0.1, SERVING)],
        [Arm("a", 0.1, "a model that never was")],
    ],
)
def test_arms_that_make_no_sense_are_refused(given: list[Arm]) -> None:
    with pytest.raises(ValidationError):
        arms.start("nonsense", given)
    assert not Experiment.objects.exists()


def test_a_version_whose_files_are_gone_is_not_tried(tmp_path: Any, settings: Any) -> None:
    """Its arm would be served by the recipe, and nobody would know."""
    settings.MODELS_DIR = tmp_path
    name = "ranker-20260501-020000-0123abcd"
    ModelVersion.objects.create(name=name, kind=ModelVersion.Kind.RANKER)
    with pytest.raises(ValidationError, match="cannot be tried"):
        arms.start("a try", [Arm("a", 0.5, name)])
    assert not Experiment.objects.exists()


def test_the_holdout_is_not_shown_what_for_you_leaves_out(alice: User, bob: User) -> None:
    """Nobody answers their own posts, or twice what they answered: the holdout would look worse than it is."""
    liked, new = (actions.publish(bob, text, language="en") for text in ("liked before", "not seen yet"))
    actions.publish(alice, "my own words", language="en")
    actions.like(alice, liked)
    slate = serve.in_order_of_following(alice, "holdout", limit=10)
    assert [item.post_id for item in slate.items] == [new.pk]


def test_views_of_people_whose_answers_are_not_stored_do_not_count(show: Show, alice: User) -> None:
    show(0, "like")
    show(1)
    people.give_consent(alice, behaviour=False)
    assert online.sum_up(timezone.now().date()) == 0
    people.give_consent(alice, behaviour=True)
    assert online.sum_up(timezone.now().date()) == 0  # what was shown before has no answers that could be stored
    show(2, shown_at=timezone.now() + timedelta(seconds=1))
    assert online.sum_up(timezone.now().date()) == 1


def test_sliders_count_for_neither_side_of_a_shadow() -> None:
    assert shadow.unsteered(5.0, {"head:like": 3.0, "slider:people": 1.5, "slider:fresh": 0.5}) == 3.0


def test_the_sums_of_a_day_are_what_was_shown_and_answered(show: Show) -> None:
    today = timezone.now()
    show(0, "like", "open")
    show(1)
    show(4, "not_interested", read_ms=30_000)
    show(7, "like", "comment")
    show(8, "repost", shown_at=today - timedelta(days=1))
    show(0, "like", model_version="b", bucket="new", source="interests")
    for _twice in range(2):
        assert online.sum_up(today.date()) == 3
    first = OnlineFigure.objects.get(version="a", band="1-5")
    assert (first.impressions, first.counts) == (
        3,
        {"like": 1, "open": 1, "not_interested": 1, "positive": 1, "negative": 1, "read": 1},
    )
    second = OnlineFigure.objects.get(version="a", band="6-20")
    assert (second.impressions, second.counts) == (1, {"like": 1, "comment": 1, "positive": 1})
    found = online.rates(OnlineFigure.objects.all(), "version")
    assert (found[("a",)].answered, found[("a",)].impressions) == (2, 4)
    assert found[("b",)].value == 1.0
    low, high = found[("a",)].interval
    assert 0 < low < 0.5 < high < 1


def test_drift_is_nought_on_the_same_and_large_on_another_spread() -> None:
    random = np.random.default_rng(0)
    trained = random.normal(size=(4000, 2))
    trained[:, 1] = random.random(4000) < 0.05  # mostly 0: deciles coincide
    known = drift.reference(trained, ["a", "b"], trained[:, 0])
    for column, name in ((0, "a"), (1, "b")):
        same = drift.shares(trained[:, column], known[name]["edges"])
        assert drift.stability_index(known[name]["shares"], same.tolist()) < 1e-3
        moved = drift.shares(trained[:, column] + 1.5, known[name]["edges"])
        assert drift.stability_index(known[name]["shares"], moved.tolist()) > drift.MOVED


def test_the_drift_of_a_day_is_written_for_the_numbers_that_the_card_knows(show: Show, bob: User) -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=500)
    card = {"reference": drift.reference(values[:, None], ["interest"], values)}
    ModelVersion.objects.create(name="a", kind=ModelVersion.Kind.RANKER, card=card)
    post = actions.publish(bob, text="One post for many")
    for number in range(60):
        show(number, post=post, features={"interest": 5.0 + number / 60, "noise": None}, score=values[number])
    assert drift.watch(timezone.now().date()) == 2
    assert DriftFigure.objects.get(number="interest").psi > drift.MOVED
    assert DriftFigure.objects.get(number="interest").mean == pytest.approx(5.49, abs=0.01)
    assert DriftFigure.objects.get(number="score").psi < DriftFigure.objects.get(number="interest").psi


def test_a_shadow_that_orders_backwards_disagrees_and_loses(show: Show) -> None:
    request = uuid4()
    for position in range(6):
        kinds = ("like",) if position < 2 else ()
        fields = {"score": 6.0 - position, "shadow_score": float(position), "shadow_version": "s"}
        show(position, *kinds, request_id=request, **fields)
    [found] = shadow.compare(timezone.now() - timedelta(days=1))
    assert found.version == "s"
    assert found.agreement == pytest.approx(-1.0)
    assert (found.pairs, found.serving_wins, found.shadow_wins) == (8, 1.0, 0.0)


@pytest.fixture
def watching(person: Any, client: Any) -> Callable[..., str]:
    """`watching("zh-hans")`: the page that staff watch the ranker on."""
    user = person("analyst", is_staff=True)
    user.groups.add(Group.objects.get(name="analyst"))
    client.force_login(user)

    def page(language: str = "en") -> str:
        with translation.override("en"):  # the request leaves its language behind
            answer = client.get(reverse("admin:ml_onlinefigure_changelist"), headers={"accept-language": language})
        return str(answer.content.decode())

    return page


def test_drift_says_why_it_is_empty(watching: Callable[..., str], show: Show) -> None:
    """Without a model, with a card that holds no reference, before a day was summed up: each its own sentence."""
    known = {"reference": drift.reference(np.arange(100.0)[:, None], ["interest"], np.arange(100.0))}
    none, no_reference, too_little = "none serves.", "There is no reference on this card", "has served too little"

    def said() -> list[bool]:
        page = watching()
        return [words in page for words in (none, no_reference, too_little, 'id="chart-drift"')]

    assert said() == [True, False, False, False]
    version = ModelVersion.objects.create(name="a", kind=ModelVersion.Kind.RANKER, state="serving", card={})
    assert said() == [False, True, False, False]
    assert "下一个训练出的版本会有" in watching("zh-hans")
    DriftFigure.objects.create(day=timezone.now().date(), version="a", number="interest", psi=0.3)
    assert said() == [False, True, False, False]
    ModelVersion.objects.filter(pk=version.pk).update(card=known)
    assert said() == [False, False, False, True]
    DriftFigure.objects.all().delete()
    assert said() == [False, False, True, False]


def test_what_has_no_figures_says_so(watching: Callable[..., str], show: Show) -> None:
    page = watching()
    assert 'id="chart-auc"' not in page
    assert "No learned version has figures of held-out days yet." in page
    assert "No model scored in the shadow in the last 7 days." in page
    test = {"auc": {"like": 0.7}, "ndcg10": 0.4}
    ModelVersion.objects.create(name="a", kind=ModelVersion.Kind.RANKER, card={"metrics": {"test": test}})
    assert 'id="chart-auc"' in watching()
