"""The net: a candidate is scored alone, what is masked or missing counts for nothing, unknown labels teach nothing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from ml.nets.ranker.export import example
from ml.nets.ranker.net import GEOMETRY, Ranker, Shape
from ml.nets.ranker.objective import Objective, Rates
from ml.ranking.heads import HEADS
from tests.ml.nets.ranker.town import LIKE, OPEN

SHAPE = Shape(dimensions=24, features=5)
HISTORY, POST, AUTHOR, ROW = slice(0, 5), 5, 6, 7


def net(shape: Shape = SHAPE) -> Ranker:
    """With random last layers too, so that everything that comes in shows."""
    torch.manual_seed(1)
    made = Ranker(shape).eval()
    for layer in (made.last_out, made.direct):
        torch.nn.init.normal_(layer.weight, std=0.3)
    made.mean.copy_(torch.randn(shape.features + GEOMETRY))
    made.spread.copy_(1 + torch.rand(shape.features + GEOMETRY))
    return made


def scores(inputs: tuple[torch.Tensor, ...]) -> torch.Tensor:
    with torch.no_grad():
        return net()(*inputs)


@settings(max_examples=15, deadline=None)
@given(acts=st.integers(1, 70), candidates=st.integers(2, 40), seed=st.integers(0, 1000))
def test_a_score_depends_on_no_other_candidate(acts: int, candidates: int, seed: int) -> None:
    inputs = example(SHAPE, 2, acts, candidates, seed)
    together = scores(inputs)
    place = seed % candidates
    alone = scores((*inputs[HISTORY], *(part[:, place : place + 1] for part in inputs[POST:])))
    assert torch.allclose(together[:, place], alone[:, 0], atol=1e-5)
    inputs[ROW][:, :place] = float("nan")
    inputs[POST][:, :place] = 9
    assert torch.allclose(scores(inputs)[:, place:], together[:, place:], atol=1e-5)


def test_masked_acts_and_the_order_of_people_do_not_matter() -> None:
    inputs = example(SHAPE, 3, 10, 4)
    inputs[4][:, 6:] = False
    shorter = tuple(part[:, :6] for part in inputs[HISTORY])
    assert torch.allclose(scores(inputs), scores((*shorter, *inputs[POST:])), atol=1e-5)
    turned = tuple(part.flip(0) for part in inputs)
    assert torch.allclose(scores(inputs), scores(turned).flip(0), atol=1e-5)


def test_acts_do_matter_and_nobody_has_scores_too() -> None:
    inputs = example(SHAPE, 1, 3, 4)
    full = scores(inputs)
    inputs[4][:] = False
    empty = scores(inputs)
    assert torch.isfinite(empty).all()
    assert (full - empty).abs().max() > 0.01


def test_a_missing_number_counts_as_the_mean() -> None:
    made, inputs = net(), example(SHAPE, 1, 3, 2)
    inputs[ROW][..., 2] = float("nan")
    missing = made(*inputs)
    middle = made.mean[2]
    inputs[ROW][..., 2] = middle.sign() * torch.expm1(middle.abs())
    assert torch.isfinite(missing).all()
    assert torch.allclose(missing, made(*inputs), atol=1e-5)


def test_broken_vectors_and_endless_numbers_have_finite_scores() -> None:
    inputs = example(SHAPE, 1, 3, 2)
    inputs[0][0, 0], inputs[POST][0, 0], inputs[2][0, 0] = float("nan"), float("inf"), float("nan")
    inputs[ROW][0, 0] = torch.tensor([float("inf"), -float("inf"), 1e30, float("nan"), 0])
    assert torch.isfinite(scores(inputs)[0, 1]).all()
    assert torch.isfinite(scores(inputs)).all()


def test_unknown_labels_and_untrained_heads_teach_nothing() -> None:
    counted = Rates(np.full(9, 500.0), np.full(9, 5000.0), np.full(9, 500.0), 250)
    trained = np.array([head != "comment" for head in HEADS])
    logits = torch.zeros(1, 3, len(HEADS), requires_grad=True)
    labels = torch.zeros(1, 3, len(HEADS))
    labels[0, 0, OPEN], labels[0, 1, LIKE] = -1, 1
    loss = Objective(counted, trained)(logits, labels, torch.tensor([[1.0, 2.0, 0.0]]))
    loss.sum().backward()
    pull = logits.grad[0]
    assert pull[0, OPEN] == 0
    assert pull[1, OPEN] > 0
    assert (pull[:, HEADS.index("comment")] == 0).all()
    assert (pull[2] == 0).all()
    assert pull[1, LIKE].item() == pytest.approx(-2 * pull[0, LIKE].item())


def test_predicting_the_base_rate_costs_one() -> None:
    rate, rows = 0.1, 20_000
    counted = Rates(np.full(9, rate * rows), np.full(9, float(rows)), np.full(9, rate * rows), rows // 20)
    labels = torch.zeros(rows // 20, 20, 9)
    labels[:, :2] = 1
    logits = torch.full(labels.shape, float(np.log(rate / (1 - rate))))
    cost = Objective(counted, np.ones(9, dtype=bool))(logits, labels, torch.ones(rows // 20, 20))
    assert cost.mean().item() == pytest.approx(1, abs=1e-3)


def test_the_listwise_part_asks_for_the_order_alone() -> None:
    counted = Rates(np.full(9, 500.0), np.full(9, 5000.0), np.full(9, 500.0), 250)
    among = Objective(counted, np.ones(9, dtype=bool), listwise=1.0)
    labels = torch.zeros(2, 4, 9)
    labels[0, 1] = 1
    weight = torch.tensor([[1.0, 1, 1, 0], [1, 1, 1, 1]])
    logits = torch.randn(2, 4, 9)
    assert among(torch.zeros(2, 4, 9), labels, weight)[0].item() == pytest.approx(1)
    assert among(logits, labels, weight).tolist() == pytest.approx(among(logits + 3, labels, weight).tolist(), abs=1e-5)
    assert among(logits + labels, labels, weight)[0] < among(logits, labels, weight)[0]
    assert among(logits, labels, weight)[1] == 0  # nothing was acted on
    kept = torch.tensor([[2.0, 1]])  # one of two rows passed over, for both
    doubled = among(logits[:1, [0, 0, 1]], labels[:1, [0, 0, 1]], torch.ones(1, 3))
    halved = among(logits[:1, [0, 1]], labels[:1, [0, 1]], kept)
    assert doubled.item() == pytest.approx(halved.item())
