"""Training with differential privacy (DP-SGD by Opacus): what one person did moves the weights by a bounded chance.

The unit of privacy is a person: with all their requests of the training part. Every step draws each person with the
same chance (Poisson sampling), sums the gradients of at most so many of their requests, clips that sum as one, and adds
Gaussian noise; the accountant composes the steps (Abadi et al. 2016, Deep learning with differential privacy; with the
person as the unit as in McMahan et al. 2018, Learning differentially private recurrent language models).

Two people who differ only in one of them being there get weights whose chances differ by at most the factor e^epsilon,
but for a chance of delta. It covers the weights. It does not cover what is counted over everybody and printed on the
card without noise: base rates, the mean and spread of the numbers of a row, and the figures on validation and test.
Weights are not stopped early nor calibrated here, for both would read validation labels. Acts of others in a row (how
many liked a post) are that row's numbers, not protected as those others' own. The post vectors are public.

Chance comes from the operating system, not from the seed: noise that can be drawn again protects nobody. So two private
runs differ, and a killed one starts anew.
"""

from __future__ import annotations

import secrets
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from opacus import GradSampleModule
from opacus.accountants import RDPAccountant
from opacus.accountants.utils import get_noise_multiplier
from opacus.optimizers import DPOptimizer

from ml.nets.ranker.data import Array

if TYPE_CHECKING:
    from ml.nets.ranker.fit import Privacy, Run

NOT_COVERED = [
    "base_rates",
    "mean and spread of the numbers of rows and of geometry",
    "how often each position was shown",
    "scale of the scores",
    "deciles that drift is measured against",
    "metrics",
]


def learn(run: Run, wanted: Privacy) -> dict[str, Any]:
    """Train run.model privately, on one process; answers with what the card says of it."""
    from ml.nets.ranker.fit import rate_at

    if run.team.size > 1:
        raise ValueError("Private training runs on one process.")
    people = People(run.data.person[run.train.first : run.train.last], run.train.first)
    chance = min(1.0, wanted.people / len(people))
    noise = _noise(wanted, chance)
    # A table of a thousand authors is mostly noise under noise, and the part that remembers single people: left out.
    torch.nn.init.zeros_(run.net.author.weight).requires_grad_(False)
    model = GradSampleModule(run.model, loss_reduction="sum")
    optimizer = _optimizer(run, wanted, noise, chance * len(people))
    rng = np.random.default_rng(secrets.randbits(128))
    torch.manual_seed(secrets.randbits(63))
    accountant = RDPAccountant()
    model.train()
    for step in range(wanted.steps):
        for group in optimizer.param_groups:
            group["lr"] = wanted.lr * rate_at(step, wanted.steps)
        requests, of, drawn = people.drawn(chance, wanted.requests_a_person, rng)
        _gradients(run, model, optimizer, requests, of, drawn)
        optimizer.step()
        optimizer.zero_grad()
        accountant.step(noise_multiplier=noise, sample_rate=chance)
        if (step + 1) % 50 == 0:
            run.progress("training privately", step + 1, wanted.steps)
    return {
        "unit": "person",
        "epsilon": float(accountant.get_epsilon(delta=wanted.delta)),
        "delta": wanted.delta,
        "noise": noise,
        "clip": wanted.clip,
        "steps": wanted.steps,
        "sample_rate": chance,
        "requests_a_person": wanted.requests_a_person,
        "accountant": "rdp",
        "not_covered": NOT_COVERED,
    }


class People:
    """Who asked for which requests of the training part."""

    def __init__(self, person: Array, first: int) -> None:
        self.requests = first + np.argsort(person, kind="stable")
        self.start = np.append(np.flatnonzero(np.diff(np.sort(person), prepend=person.min() - 1)), len(person))

    def __len__(self) -> int:
        return len(self.start) - 1

    def drawn(self, chance: float, most: int, rng: np.random.Generator) -> tuple[Array, Array, int]:
        """Requests of the people drawn for a step, whose each is (0, 1, …), and how many people that are."""
        chosen = np.flatnonzero(rng.random(len(self)) < chance)
        theirs = [self.requests[self.start[p] : self.start[p + 1]] for p in chosen]
        theirs = [rng.choice(found, min(most, len(found)), replace=False) for found in theirs]
        of = np.repeat(np.arange(len(theirs)), [len(found) for found in theirs])
        return np.concatenate([*theirs, np.zeros(0, dtype=np.int64)]).astype(np.int64), of, len(theirs)


def _noise(wanted: Privacy, chance: float) -> float:
    """The noise multiplier that spends epsilon over all steps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the accountant's grid of orders
        return float(
            get_noise_multiplier(
                target_epsilon=wanted.epsilon,
                target_delta=wanted.delta,
                sample_rate=chance,
                steps=wanted.steps,
                accountant="rdp",
            )
        )


def _optimizer(run: Run, wanted: Privacy, noise: float, expected: float) -> DPOptimizer:
    """Adam on clipped and noised sums; noise from a generator nobody can start again."""
    return DPOptimizer(
        torch.optim.Adam([part for part in run.model.parameters() if part.requires_grad], lr=wanted.lr),
        noise_multiplier=noise,
        max_grad_norm=wanted.clip,
        expected_batch_size=max(int(expected), 1),
        loss_reduction="mean",
        generator=torch.Generator().manual_seed(secrets.randbits(63)),
    )


def _gradients(
    run: Run, model: GradSampleModule, optimizer: DPOptimizer, requests: Array, of: Array, people: int
) -> None:
    """Leaves a gradient a person in grad_sample: the sum over the person's requests, which is clipped as one."""
    from ml.nets.ranker.fit import answers, tensors

    if people:
        batch = run.data.gather(requests)
        logits = model(torch.from_numpy(batch.position), *tensors(batch))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of hooks that fire though no input has a gradient: none is wanted
            run.objective(logits, *answers(batch)).sum().backward()
    owner = torch.from_numpy(of)
    for parameter in optimizer.params:
        each = getattr(parameter, "grad_sample", None)
        summed = torch.zeros(people, *parameter.shape)
        parameter.grad_sample = summed.index_add(0, owner, each) if each is not None else summed
