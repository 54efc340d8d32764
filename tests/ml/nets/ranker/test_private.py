"""Private training: the gradient that is clipped is a person's, and the card says what it spent."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from opacus import GradSampleModule

from ml.nets.ranker import fit, private, together
from ml.nets.ranker.data import Dataset
from tests.ml.nets.ranker.town import Town

PRIVACY = fit.Privacy(epsilon=4, delta=1e-3, steps=12, people=12, requests_a_person=3)
CONFIG = fit.Config(width=16, layers=1, attention_heads=2, dropout=0, threads=1, private=PRIVACY)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Town(people=40, requests=300, likes=-2).write(tmp_path_factory.mktemp("town"))


def run_of(town: Dataset, out: Path) -> fit.Run:
    return fit.Run(town, town.split(), out, CONFIG, together.Team(), lambda message, step, of: None)


def test_people_are_drawn_with_at_most_so_many_of_their_own_requests(town: Dataset) -> None:
    people = private.People(town.person[20:220], 20)
    assert len(people) == len(np.unique(town.person[20:220]))
    requests, of, drawn = people.drawn(1.0, 3, np.random.default_rng(0))
    assert drawn == len(people)
    assert np.bincount(of).max() == 3
    assert requests.min() >= 20
    assert requests.max() < 220
    owners = [set(town.person[requests[of == each]]) for each in range(drawn)]
    assert all(len(owner) == 1 for owner in owners)
    assert len(set.union(*owners)) == drawn


def test_what_is_clipped_is_the_sum_over_a_persons_requests(town: Dataset, tmp_path: Path) -> None:
    run = run_of(town, tmp_path)
    for parameter in run.model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    requests, of = np.array([1, 2, 3, 50, 51]), np.array([0, 0, 0, 1, 1])
    by_hand = []
    for person in (0, 1):
        batch = town.gather(requests[of == person])
        loss = run.objective(run.model(torch.from_numpy(batch.position), *fit.tensors(batch)), *fit.answers(batch))
        by_hand.append(torch.autograd.grad(loss.sum(), list(run.model.parameters())))
    model = GradSampleModule(run.model, loss_reduction="sum")
    model.train()
    optimizer = private._optimizer(run, PRIVACY, 1.0, 2)
    private._gradients(run, model, optimizer, requests, of, 2)
    for place, parameter in enumerate(run.model.parameters()):
        for person in (0, 1):
            assert torch.allclose(parameter.grad_sample[person], by_hand[person][place], atol=1e-4)


def test_the_card_tells_what_privacy_was_spent(town: Dataset, tmp_path: Path) -> None:
    card = fit.train(town.folder, tmp_path, CONFIG).card
    told = card["privacy"]
    assert 3.5 < told["epsilon"] <= 4
    assert (told["unit"], told["delta"], told["steps"], told["requests_a_person"]) == ("person", 1e-3, 12, 3)
    assert told["noise"] > 0.3
    assert "base_rates" in told["not_covered"]
    assert card["calibration"]["slope"] == [1.0] * 9


def test_a_stricter_promise_takes_more_noise() -> None:
    assert private._noise(replace(PRIVACY, epsilon=1), 0.1) > 1.5 * private._noise(PRIVACY, 0.1)
