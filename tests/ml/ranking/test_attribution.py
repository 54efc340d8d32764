"""Why this post, of a learned ranker: the acts that are named are those that mattered; only what may be named is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils.html import escape

from accounts import actions as people
from accounts.models import User
from feed import actions, backends, timelines
from feed.models import Feedback, Impression, Post
from ml import registry
from ml.ranking import attribution, learned, weights
from ml.ranking.candidate import Query
from ml.ranking.features import NAMES
from ml.ranking.history import KINDS, History
from ml.ranking.learned import load
from tests.ml.ranking.artifacts import VERSION, publish, serve
from tests.ml.ranking.batches import SIZE, axis


@pytest.fixture(autouse=True)
def own_models(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MODELS_DIR = tmp_path
    for forget in (learned.forget, registry.forget, weights.forget):
        forget()
    yield
    for forget in (learned.forget, registry.forget, weights.forget):
        forget()


@pytest.fixture
def town(person: Callable[..., User], means: Callable[..., Post]) -> list[Post]:
    """Posts 0 to 3 are of tomatoes (axis 0), 4 to 7 of trains (axis 1)."""
    posts = []
    for i in range(8):
        post = actions.publish(person(f"writer{i}"), f"Words of number {i}", language="en")
        posts.append(means(post, (0.8 * axis(i // 4) + 0.6 * axis(2 + i)).astype(np.float32)))
    return posts


def shown(viewer: User, post: Post, client: Client) -> Impression:
    client.force_login(viewer)
    assert client.get("/").status_code == 200
    return Impression.objects.filter(person=viewer, post=post).latest("pk")


def test_the_act_that_counted_is_named_with_chances_and_weights(alice: User, town: list[Post], client: Client) -> None:
    serve()
    actions.like(alice, town[0])
    actions.like(alice, town[4])
    row = shown(alice, town[1], client)
    why = backends.ranker().explain(row)
    assert why.acts[0] == "You liked “Words of number 0” by Writer0, 0\xa0minutes ago"
    assert why.model_version == VERSION
    bars = {bar.name: bar for bar in why.bars}
    assert bars["head:comment"].label == "Chance that you answer it"
    assert bars["head:comment"].amount.endswith(f"% × {weights.DEFAULT['comment']}")
    assert bars["head:not_interested"].value < 0
    text = client.get(f"/why/{row.pk}").content.decode()
    assert "Words of number 0" in text
    assert "Chance that you answer it" in text
    assert "/about/ranking/" in text
    assert VERSION in text


def test_what_was_done_later_is_no_reason(alice: User, town: list[Post], client: Client) -> None:
    serve()
    row = shown(alice, town[1], client)
    actions.like(alice, town[0])
    assert backends.ranker().explain(row).acts == []


def test_what_was_done_between_two_pages_is_no_reason_on_the_second(
    alice: User, town: list[Post], settings: Any
) -> None:
    """The slate was scored before; and the chances are those of the weights of that moment."""
    serve()
    settings.PAGE_SIZE = 2
    first = timelines.home_ranked(alice)
    actions.like(alice, town[0])
    weights.change(None, {head: 5 * weight for head, weight in weights.DEFAULT.items()})
    timelines.home_ranked(alice, first.next_cursor)
    one, *_rest, last = Impression.objects.filter(person=alice).order_by("position")
    assert last.shown_at > one.shown_at
    why = backends.ranker().explain(last)
    assert why.acts == []
    chance = last.terms["head:like"] / (2.0 * weights.DEFAULT["like"])
    amount = {bar.name: bar.amount for bar in why.bars}["head:like"]
    assert " ".join(amount.split()) == f"{round(100 * chance)} % × 1.0"


def test_refusals_are_heard_beside_many_acts(alice: User, town: list[Post], means: Callable[..., Post]) -> None:
    """The history that is explained is the one that was scored: refusals have places of their own in it."""
    serve()
    actions.give_feedback(alice, Feedback.Kind.NOT_INTERESTED, post=town[0])
    for number in range(20):
        other = actions.publish(town[7].author, f"Train number {number}", language="en")
        actions.like(alice, means(other, axis(1)))
    timelines.home_ranked(alice)
    row = Impression.objects.get(person=alice, post=town[1])
    query = Query(viewer_id=alice.pk, now=row.scored_at)
    history, by = attribution.each_act(load(VERSION), query, row.post_id, attribution.row_logged(row.features))
    assert KINDS.index("refused") in history.kinds
    assert by[history.ids.index(town[0].pk)] < 0


def test_clients_are_told_what_the_panel_tells(alice: User, town: list[Post], client: Client) -> None:
    serve()
    actions.like(alice, town[0])
    row = shown(alice, town[1], client)
    told = client.get(f"/api/v1/courtyard/statuses/{town[1].pk}/why").json()
    panel = " ".join(client.get(f"/why/{row.pk}").content.decode().split())
    assert told["model_version"] == VERSION
    assert told["bars"]
    assert told["acts"]
    for words in (told["sentence"], told["source"], *told["acts"], *(bar["label"] for bar in told["bars"])):
        assert " ".join(escape(words).split()) in panel
    for amount in (bar["amount"] for bar in told["bars"] if bar["amount"]):
        assert " ".join(amount.split()) in panel


def test_what_was_refused_is_said_to_speak_against(alice: User, town: list[Post], client: Client) -> None:
    serve()
    actions.give_feedback(alice, Feedback.Kind.NOT_INTERESTED, post=town[0])
    row = shown(alice, town[1], client)
    assert backends.ranker().explain(row).acts[0].startswith("You said no to “Words of number 0”")
    assert "against" in backends.ranker().explain(row).acts[0]


def test_deleted_posts_are_not_named_and_consent_is_heeded(alice: User, town: list[Post], client: Client) -> None:
    serve()
    actions.like(alice, town[0])
    actions.like(alice, town[2])
    row = shown(alice, town[1], client)
    actions.delete(town[0].author, town[0])
    told = backends.ranker().explain(row).acts
    assert len(told) == 1
    assert "number 2" in told[0]
    people.give_consent(alice, behaviour=False)
    assert backends.ranker().explain(row).acts == []


def test_a_version_whose_artifact_is_gone_is_still_explained(alice: User, town: list[Post], client: Client) -> None:
    folder = serve()
    actions.like(alice, town[0])
    row = shown(alice, town[1], client)
    (folder / "model.onnx").unlink()
    learned.forget()
    why = backends.ranker().explain(row)
    assert why.acts == []
    assert why.bars
    assert why.sentence


def test_explain_feed_tells_the_model_and_the_acts(alice: User, town: list[Post]) -> None:
    serve()
    actions.like(alice, town[0])
    out = StringIO()
    call_command("explain_feed", "alice", stdout=out)
    assert f"scored by {VERSION}" in out.getvalue()
    assert "history it reads: 1 acts" in out.getvalue()
    call_command("explain_feed", "alice", str(town[1].pk), stdout=out)
    assert "You liked “Words of number 0”" in out.getvalue()
    assert "head:comment" in out.getvalue()


def test_leaving_an_act_out_is_what_having_done_less_would_say(db: None, served: str) -> None:
    """Occlusion masks; the score without the act is the score of the history without it."""
    publish()
    model, rng = load(VERSION), np.random.default_rng(1)
    history = some_history(rng, 6)
    vector, row = axis(0, 3), np.zeros(len(NAMES), dtype=np.float32)
    less = rng.normal(scale=0.1, size=(6, len(NAMES))).astype(np.float32)
    untouched = [NAMES.index(name) for name in ("feedback", "shown_times")]  # what is taken away is tested elsewhere
    row[untouched[0]], less[:, untouched] = 1, 0
    by = attribution.moved(model, history, vector, 1, row, less, weights.DEFAULT)
    table = np.array(list(weights.DEFAULT.values()), dtype=np.float32)
    asked = [(history, row), *((history.without(place), row + less[place]) for place in range(6))]
    scores = [
        float((model.chances(one, vector[None], np.array([1]), numbers[None])[0] @ table) * model.scale)
        for one, numbers in asked
    ]
    np.testing.assert_allclose(by, scores[0] - np.array(scores[1:]), atol=1e-4)


def some_history(rng: np.random.Generator, acts: int, dimensions: int = SIZE) -> History:
    vectors = rng.normal(size=(acts, dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ages = np.sort(rng.uniform(0, 300, acts)).astype(np.float32)
    return History(tuple(range(1, acts + 1)), vectors, rng.integers(0, 5, acts), ages, rng.integers(0, 1024, acts))
