"""The learned ranker in the web process: what it sees, what it says, and what happens when it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from hypothesis import given, settings as hypothesis_settings, strategies as st

from accounts import actions as people
from accounts.models import User
from feed import actions, backends, timelines
from feed.models import Feedback, Impression, Like, Post
from ml import registry
from ml.embedding import learning
from ml.ranking import arms, home, learned, serve as serving, weights
from ml.ranking.arms import FOLLOWING, RECIPE, Arm
from ml.ranking.candidate import Sliders
from ml.ranking.heads import HEADS
from ml.ranking.history import history_of
from ml.ranking.learned import load
from ml.ranking.scorers import FALLBACKS, ScoreBy, Unfit
from ml.ranking.viewer import Acts, Relations
from ml.registry import promote_ranker, set_shadow
from tests.ml.ranking.artifacts import OTHER, VERSION, graph, publish, serve
from tests.ml.ranking.batches import MODEL, SIZE, acted, axis, batch, known, query

Means = Callable[[Post, np.ndarray], Post]


@pytest.fixture(autouse=True)
def own_models(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MODELS_DIR = tmp_path
    for forget in (learned.forget, registry.forget, weights.forget, arms.forget):
        forget()
    yield
    for forget in (learned.forget, registry.forget, weights.forget, arms.forget):
        forget()


@pytest.fixture
def town(person: Callable[..., User], means: Means) -> list[Post]:
    """Six people, each of whom wrote of tomatoes (axis 0) and of trains (axis 1)."""
    posts = []
    for i in range(6):
        author = person(f"writer{i}")
        for subject, direction in (("tomatoes", 0), ("trains", 1)):
            post = actions.publish(author, f"About {subject}, says number {i}", language="en")
            posts.append(means(post, (0.8 * axis(direction) + 0.6 * axis(2 + i)).astype(np.float32)))
    return posts


def rank(viewer: User) -> Any:
    return serving.rank(User.objects.get(pk=viewer.pk), limit=200)


def fallbacks(reason: str) -> float:
    return float(FALLBACKS.labels(reason)._value.get())


# --- History ---------------------------------------------------------------------------------------------------------


def test_what_was_done_before_a_reset_is_done_but_not_learned_from(alice: User, town: list[Post]) -> None:
    actions.like(alice, town[0])
    learning.reset(alice)
    actions.like(alice, town[2])
    asked = serving.query_for(alice, limit=10)
    Relations()(asked)
    Acts()(asked)
    assert [act.post_id for act in asked.acts] == [town[2].pk]
    assert [act.post_id for act in asked.acts_before_reset] == [town[0].pk]
    shown = [item.post_id for item in rank(alice).items]
    assert town[0].pk not in shown  # liked this week: away, reset or not


def test_a_deleted_post_is_in_no_history(alice: User, town: list[Post]) -> None:
    serve()
    actions.like(alice, town[0])
    actions.give_feedback(alice, Feedback.Kind.NOT_INTERESTED, post=town[3])
    for post in (town[0], town[3]):
        actions.delete(post.author, post)
    asked = serving.query_for(alice, limit=50)
    slate, _selected, _trace = serving.traced(asked)
    assert len(history_of(asked)) == 0
    assert slate.model_version == VERSION


def test_history_as_it_stood_then(alice: User, town: list[Post]) -> None:
    actions.like(alice, town[0])
    moment = Like.objects.get().created_at
    actions.like(alice, town[2])
    asked = serving.query_for(alice, limit=10, now=moment)
    Relations()(asked)
    Acts()(asked)
    assert [act.post_id for act in asked.acts] == [town[0].pk]


# --- Scores ----------------------------------------------------------------------------------------------------------


def test_scores_are_weights_times_chances(db: None, served: str) -> None:
    publish()
    candidates = batch({"vector": axis(0)}, {"vector": axis(1)})
    asked = query(learns=True, model=MODEL, acts=acted(24), vector_of={24: axis(0)})
    columns = ScoreBy(home.PLAIN, lambda _query: load(VERSION))(asked, candidates)
    assert asked.scored_by == VERSION
    chance = 1 / (1 + np.exp(-(4.0 - 2.0)))
    for head in ("like", "comment"):
        expected = 2.0 * weights.DEFAULT[head] * chance
        assert columns[f"term:head:{head}"][0] == pytest.approx(expected, rel=1e-4)
    refusal = 1 / (1 + np.exp(-(-4.0 - 2.0)))
    assert columns["term:head:reject"][0] == pytest.approx(2.0 * weights.DEFAULT["reject"] * refusal, rel=1e-3)
    scores = sum(column for name, column in columns.items() if name.startswith("term:"))
    assert scores[0] > scores[1]


def test_the_table_of_weights_rules_the_next_page(db: None, served: str) -> None:
    publish()
    weights.change(None, {**weights.DEFAULT, "like": 7.0, "comment": 0.0})
    columns = ScoreBy(home.PLAIN, lambda _query: load(VERSION))(query(model=MODEL), batch({}))
    scale = 2 * sum(map(abs, weights.DEFAULT.values())) / (sum(map(abs, weights.DEFAULT.values())) + 6 - 2)
    assert columns["term:head:like"][0] == pytest.approx(scale * 7 / (1 + np.exp(2.0)), rel=1e-4)
    assert "term:head:comment" not in columns


def test_a_table_twice_as_heavy_spreads_scores_no_wider(db: None, served: str) -> None:
    """The stages behind compare scores with constants, and sliders add to them: only proportions may count."""
    publish()
    score = ScoreBy(home.PLAIN, lambda _query: load(VERSION))
    before = score(query(model=MODEL), batch({"follows_author": True}, {}))
    weights.change(None, {head: 2 * weight for head, weight in weights.DEFAULT.items()})
    after = score(query(model=MODEL), batch({"follows_author": True}, {}))
    for name in (name for name in before if name.startswith("term:")):
        np.testing.assert_allclose(after[name], before[name], rtol=1e-5)


def test_see_fewer_takes_its_share_and_what_was_shown_is_left_to_the_graph(db: None, served: str) -> None:
    publish()
    asked = query(model=MODEL, learns=True, acts=acted(24), vector_of={24: axis(0)})
    posts = batch(
        {"vector": axis(0)},
        {"vector": axis(0), "shown_times": 1.0},
        {"vector": axis(0), "feedback": 0.0},
    )
    columns = ScoreBy(home.PLAIN, lambda _query: load(VERSION))(asked, posts)
    speaks = sum(np.maximum(columns[f"term:head:{head}"], 0) for head in HEADS)
    assert columns["term:shown"].tolist() == [0, 0, 0]
    assert columns["term:fewer"].tolist() == pytest.approx([0, 0, -speaks[2]], rel=1e-4)


posts_of = st.fixed_dictionaries(
    {
        "vector": st.integers(0, SIZE - 1).map(axis),
        "likes": st.one_of(st.integers(0, 500).map(float), st.just(float("nan"))),
        "friends": st.integers(0, 9).map(float),
        "age_hours": st.floats(0, 700, width=32),
        "shown_times": st.integers(0, 3).map(float),
        "feedback": st.floats(0, 1, width=32),
        "author": st.integers(1, 4),
    }
)


@pytest.mark.django_db
def test_a_learned_score_does_not_depend_on_the_batch(tmp_path: Path) -> None:
    publish(made=graph(row={"follows_author": 0.5, "likes": 0.01, "freshness": 1.0}))
    one, asked = load(VERSION), query(followed=frozenset({2}), learns=True, model=MODEL)
    asked.acts, asked.vector_of = acted(3, 5), known(3, 5)
    asked.sliders = Sliders(people=0.5, fresh=-1.0, broad=0.3, talk=1.0)
    score = ScoreBy(home.PLAIN, lambda _query: one)

    @hypothesis_settings(max_examples=60, deadline=None)
    @given(st.lists(posts_of, min_size=1, max_size=12), st.data())
    def holds(many: list[dict[str, Any]], data: st.DataObject) -> None:
        row = data.draw(st.integers(0, len(many) - 1))
        together, alone = score(asked, batch(*many)), score(asked, batch(many[row]))
        for name in alone:
            np.testing.assert_allclose(together[name][row], alone[name][0], rtol=1e-4, atol=1e-5)

    holds()


# --- What cannot serve -----------------------------------------------------------------------------------------------


def broken(name: str, folder: Path) -> None:
    """Damage an artifact in one of the ways that artifacts are damaged."""
    if name == "missing":
        (folder / "model.onnx").unlink()
    elif name == "corrupt":
        (folder / "model.onnx").write_bytes(b"\x00" * 40)
    elif name == "card":
        (folder / "card.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "card", "reason"),
    [
        ("missing", {}, "missing"),
        ("corrupt", {}, "corrupt"),
        ("card", {}, "missing"),
        ("", {"features": ["interest"]}, "features"),
        ("", {"heads": ["like"]}, "heads"),
        ("", {"encoder": "other/float32/11111111"}, "encoder"),
        ("", {"dimensions": 384}, "encoder"),
        ("", {"scale": "large"}, "corrupt"),
    ],
)
def test_what_cannot_serve_is_scored_by_hand_and_counted(
    damage: str, card: dict[str, Any], reason: str, alice: User, town: list[Post], client: Client
) -> None:
    broken(damage, serve(**card))
    learned.forget()
    before = fallbacks(reason)
    slate = rank(alice)
    assert slate.items
    assert slate.model_version == home.PLAIN.version
    assert fallbacks(reason) == before + 1
    client.force_login(alice)
    assert client.get("/").status_code == 200


def test_a_graph_that_is_no_graph_is_scored_by_hand(alice: User, town: list[Post]) -> None:
    serve(made=b"no graph at all")
    assert rank(alice).model_version == home.PLAIN.version


def test_the_reason_is_told_to_the_operator(alice: User, client: Client) -> None:
    assert client.get("/readyz").json()["ranker"] == "hand-set recipe"
    folder = serve()
    assert client.get("/readyz").json()["ranker"] == "ok"
    broken("corrupt", folder)
    learned.forget()
    told = client.get("/readyz")
    assert told.status_code == 200  # pages are served all the same
    assert "damaged" in told.json()["ranker"]


def test_chances_that_are_not_finite_become_base_rates(db: None, served: str) -> None:
    publish(made=graph(row={"likes": 1.0}, clean=False))
    one = load(VERSION)
    columns = ScoreBy(home.PLAIN, lambda _query: one)(query(model=MODEL), batch({"likes": float("nan")}, {}))
    assert columns["term:head:like"][0] == pytest.approx(2 * weights.DEFAULT["like"] * 0.1)
    assert np.isfinite(columns["term:head:like"]).all()


def test_nan_in_a_row_breaks_neither_the_learned_nor_the_hand_set(db: None, served: str) -> None:
    publish()
    odd = {"likes": float("nan"), "shown_times": float("nan"), "feedback": float("inf"), "interest": float("nan")}
    for model in (lambda _query: load(VERSION), lambda _query: home.PLAIN):
        columns = ScoreBy(home.PLAIN, model)(query(model=MODEL), batch(odd))
        assert all(np.isfinite(column).all() for name, column in columns.items() if name.startswith("term:"))


def test_a_post_without_a_vector_is_scored(db: None, served: str) -> None:
    publish()
    posts = batch({"has_vector": False})
    columns = ScoreBy(home.PLAIN, lambda _query: load(VERSION))(query(model=MODEL, learns=True), posts)
    assert columns["term:head:like"][0] == pytest.approx(2 * weights.DEFAULT["like"] / (1 + np.exp(2.0)), rel=1e-4)


def test_nothing_to_score_is_no_error(db: None, served: str) -> None:
    publish()
    columns = ScoreBy(home.PLAIN, lambda _query: load(VERSION))(query(model=MODEL), batch({}).take(np.array([], int)))
    assert len(columns["row"]) == 0


def test_promotion_during_a_request_changes_the_next_one(alice: User, town: list[Post]) -> None:
    serve()
    serve_next = {"done": False}

    def choose(asked: Any) -> Any:
        model = home.model_for(asked)
        if not serve_next["done"]:
            serve(OTHER)
            serve_next["done"] = True
        return model

    pipeline = home.home()
    during = replace(pipeline, scorers=[ScoreBy(home.PLAIN, choose)])
    slate, _selected, _trace = serving.traced(serving.query_for(alice, limit=20), during)
    assert slate.model_version == VERSION
    assert rank(alice).model_version == OTHER


def test_a_version_is_read_once_a_process_and_failures_are_remembered(db: None, served: str) -> None:
    folder = publish()
    first = load(VERSION)
    broken("corrupt", folder)
    assert load(VERSION) is first
    learned.forget()
    with pytest.raises(Unfit):
        load(VERSION)
    publish()
    with pytest.raises(Unfit):  # looked at again after half a minute
        load(VERSION)


# --- The page --------------------------------------------------------------------------------------------------------


def test_the_learned_order_is_served_and_logged(alice: User, town: list[Post], client: Client) -> None:
    serve()
    actions.like(alice, town[0])
    client.force_login(alice)
    assert client.get("/").status_code == 200
    rows = list(Impression.objects.filter(person=alice).order_by("position"))
    assert {row.model_version for row in rows} == {VERSION}
    assert all("head:like" in row.terms for row in rows)
    assert "tomatoes" in rows[0].post.text
    assert all(row.reason.get("kind") for row in rows)


def test_nothing_is_learned_from_without_consent(alice: User, town: list[Post]) -> None:
    serve()
    actions.like(alice, town[0])
    people.give_consent(alice, behaviour=False)
    slate = rank(alice)
    assert slate.model_version == VERSION
    likes = {round(item.terms["head:like"], 3) for item in slate.items}
    assert len(likes) == 1  # nearness to acts is the only thing that tells these posts apart


def test_shadow_and_arm_are_logged(alice: User, town: list[Post], client: Client) -> None:
    serve()
    folder = publish(OTHER, graph(row={"freshness": 1.0}))
    registry.register_ranker(OTHER, json.loads((folder / "card.json").read_text()))
    set_shadow(OTHER)
    arms.start("by hand", [Arm("hand", 1.0, RECIPE)])
    client.force_login(alice)
    client.get("/")
    row = Impression.objects.filter(person=alice).first()
    assert row is not None
    assert (row.bucket, row.model_version, row.shadow_version) == ("hand", home.PLAIN.version, OTHER)
    assert row.shadow_score is not None
    assert row.shadow_score != pytest.approx(row.score)


def test_the_holdout_sees_the_order_of_following(alice: User, bob: User, client: Client) -> None:
    older, newer = (actions.publish(bob, text, language="en") for text in ("first words", "second words"))
    arms.start("hold out", [Arm("plain", 1.0, FOLLOWING)])
    client.force_login(alice)
    client.get("/")
    rows = list(Impression.objects.filter(person=alice).order_by("position"))
    assert [row.post_id for row in rows] == [newer.pk, older.pk]
    assert {(row.model_version, row.bucket) for row in rows} == {(serving.FOLLOWING_ORDER, "plain")}
    assert backends.ranker().explain(rows[0]).sentence == "Newest first, from whom you follow"


def test_kept_pages_are_dropped_when_told_so(alice: User, town: list[Post], settings: Any) -> None:
    settings.PAGE_SIZE = 4
    first = timelines.home_ranked(User.objects.get(pk=alice.pk))
    serve()  # the following page was kept from before …
    kept = timelines.home_ranked(User.objects.get(pk=alice.pk), first.next_cursor)
    assert {row.model_version for row in Impression.objects.filter(post__in=kept.posts)} == {home.PLAIN.version}
    timelines.drop_slates(alice.pk)
    fresh = timelines.home_ranked(User.objects.get(pk=alice.pk), kept.next_cursor)
    assert {row.model_version for row in Impression.objects.filter(post__in=fresh.posts)} == {VERSION}
    assert not {post.pk for post in fresh.posts} & {post.pk for post in (*first.posts, *kept.posts)}


def test_a_promotion_needs_no_restart(alice: User, town: list[Post]) -> None:
    assert rank(alice).model_version == home.PLAIN.version
    serve()
    assert rank(alice).model_version == VERSION
    promote_ranker("")
    assert rank(alice).model_version == home.PLAIN.version
