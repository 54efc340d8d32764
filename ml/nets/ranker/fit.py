"""Training: batches of requests, early stopping, kill and resume, several processes; knows no table and no web."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from ml.nets.ranker import checkpoint, export, objective, together
from ml.nets.ranker.batches import Batch, Sampling
from ml.nets.ranker.data import Dataset, View
from ml.nets.ranker.net import PLACES, Ranker, Shape, Trained, geometry
from ml.nets.ranker.prior import Prior
from ml.nets.ranker.warm import begin
from ml.ranking.heads import HEADS

Progress = Callable[[str, int, int], None]
CHECKPOINT: Final = "training.checkpoint"
MEASURED: Final = 4_000  # requests from which the mean and spread of the numbers are taken


@dataclass(frozen=True)
class Privacy:
    """Differential privacy with DP-SGD; see ml.nets.ranker.private."""

    epsilon: float = 8.0
    delta: float = 1e-5
    clip: float = 1.0
    steps: int = 600
    people: int = 64  # expected in a step
    requests_a_person: int = 4  # at most, in a step
    lr: float = 3e-3


@dataclass(frozen=True)
class Config:
    """All that decides what comes out, besides the data. Two runs on one machine give the same weights."""

    seed: int = 0
    epochs: int = 3
    least_steps: int = 600  # small datasets are gone through more often than `epochs`
    batch: int = 64  # requests, over all processes
    lr: float = 1e-3
    weight_decay: float = 0.01
    clip: float = 1.0  # of the gradient's norm
    patience: int = 4  # evaluations without a better one before it stops
    evaluations: int = 3  # an epoch, but 50 steps apart at least
    checkpoint_every: int = 100  # steps
    least_positives: int = 30  # a head with fewer predicts its base rate
    heads: tuple[str, ...] = HEADS
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    moments: tuple[float, float] | None = None  # cut there instead
    sampling: Sampling = field(default_factory=lambda: Sampling(cut_history=0.1))
    width: int = 64
    layers: int = 2
    attention_heads: int = 4
    dropout: float = 0.1
    listwise: float = 0.0  # share of the loss that asks which row of a request was acted on; see objective
    warm: bool = False  # begin as the regression on the numbers alone: for few rows; see warm
    prior: Prior | None = None  # a hand-set score that the net knows as one more number
    threads: int = 0  # 0: as torch has it
    private: Privacy | None = None


@dataclass(frozen=True)
class Result:
    """Where the artifact lies, what its card says."""

    folder: Path
    card: dict[str, Any]

    @property
    def version(self) -> str:
        return str(self.card["version"])


def train(
    dataset_folder: Path,
    out_folder: Path,
    config: Config | None = None,
    progress: Progress = lambda message, step, of: None,
) -> Result:
    """Train on the first part of a dataset, stop by the second, tell the figures of the second and third.

    Leaves model.safetensors, model.onnx and card.json in out_folder (the card last). Started again after a kill it goes
    on from its checkpoint there. Under torchrun each process takes its part of every batch, the first one writes.
    Raises ValueError when there is nothing to learn from.
    """
    config = config or Config()
    if config.threads:
        torch.set_num_threads(config.threads)
    data = Dataset(Path(dataset_folder))
    parts = data.split(config.fractions, config.moments)
    with together.processes() as team:
        run = Run(data, parts, Path(out_folder), config, team, progress)
        if config.private:
            from ml.nets.ranker import private

            about = private.learn(run, config.private)
        else:
            learn(run)
            about = None
        if team.first:
            export.publish(run, about)
        team.wait()
    return Result(Path(out_folder), json.loads((Path(out_folder) / export.CARD).read_text()))


class Run:
    """One training: its data, its net, its objective. The same in every process of it."""

    def __init__(
        self,
        data: Dataset,
        parts: tuple[View, View, View],
        out: Path,
        config: Config,
        team: together.Team,
        progress: Progress,
    ) -> None:
        self.data, self.out, self.config, self.team, self.progress = data, out, config, team, progress
        self.train, self.validation, self.test = parts
        if self.train.rows.stop == self.train.rows.start:
            raise ValueError("There is nothing to learn from: no request is old enough to train on.")
        progress("counting", 0, self.steps)
        self.rates = objective.rates(self.train)
        trained = self.rates.trained(config.heads, config.least_positives)
        self.objective = objective.Objective(self.rates, trained, config.listwise)
        torch.manual_seed(config.seed)
        self.model = Trained(Ranker(shape_of(data, config)))
        if config.prior is not None and self.net.hand_set is not None:
            self.net.hand_set.take(config.prior, data.feature_names)
        self.net.trained.copy_(torch.from_numpy(trained))
        self.net.base.copy_(torch.from_numpy(self.rates.log_odds))
        self._measure()

    @property
    def net(self) -> Ranker:
        return self.model.net

    @property
    def steps_an_epoch(self) -> int:
        return max(len(self.train) // self.config.batch, 1)

    @property
    def steps(self) -> int:
        epochs = max(self.config.epochs, -(-self.config.least_steps // self.steps_an_epoch))
        return epochs * self.steps_an_epoch

    @property
    def evaluate_every(self) -> int:
        return max(self.steps_an_epoch // self.config.evaluations, 50)

    def _measure(self) -> None:
        """Mean and spread of every number, and how often each place was seen, from evenly spaced requests."""
        spaced = np.linspace(self.train.first, self.train.last - 1, min(len(self.train), MEASURED)).astype(np.int64)
        numbers, places = [], np.zeros(PLACES)
        for chosen in np.array_split(np.unique(spaced), -(-len(spaced) // 200)):
            batch = self.data.gather(chosen)
            *others, row = tensors(batch)
            joined = self.net.joined(row, geometry(*others))
            numbers.append(joined[torch.from_numpy(batch.mask)])
            places += np.bincount(batch.position[batch.mask].clip(0, PLACES - 1), minlength=PLACES)
        found = torch.cat(numbers).double()
        mean = torch.nan_to_num(found.nanmean(dim=0))
        spread = torch.nan_to_num((found - mean).square().nanmean(dim=0)).sqrt()
        self.net.mean.copy_(mean)
        self.net.spread.copy_(torch.where(spread > 1e-6, spread, 1.0))
        self.model.often.copy_(torch.from_numpy(places / max(places.sum(), 1)))

    def fingerprint(self) -> str:
        """Of everything that a checkpoint must agree in."""
        parts = [asdict(self.config), self.data.meta, torch.__version__, self.team.size, self.steps]
        return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()

    def batch_of(self, step: int) -> Batch:
        """This process's share of the requests of a step: shuffled anew each epoch, by the seed alone."""
        epoch, place = divmod(step, self.steps_an_epoch)
        order = np.random.default_rng((self.config.seed, epoch)).permutation(len(self.train))
        chosen = self.train.first + order[place * self.config.batch : (place + 1) * self.config.batch]
        rng = np.random.default_rng((self.config.seed, step, self.team.rank))
        return self.data.gather(chosen[self.team.rank :: self.team.size], sampling=self.config.sampling, rng=rng)

    @torch.no_grad()
    def validation_loss(self) -> float:
        """A request's mean loss, without the bias of place; in the first process, and told to the others."""
        loss = 0.0
        if self.team.first:
            self.model.eval()
            for batch in self.validation.batches(self.config.batch):
                logits = self.model.without_place(*tensors(batch))
                loss += float(self.objective(logits, *answers(batch)).sum())
            self.model.train()
        return self.team.told(loss / max(len(self.validation), 1))


def shape_of(data: Dataset, config: Config) -> Shape:
    return Shape(
        data.dimensions,
        len(data.feature_names),
        config.width,
        config.layers,
        config.attention_heads,
        config.dropout,
        config.prior is not None,
    )


def tensors(batch: Batch) -> list[Tensor]:
    """What the net reads, in the order of Ranker.forward."""
    arrays = (batch.history, batch.history_kind, batch.history_age, batch.history_author, batch.history_mask)
    return [torch.from_numpy(array) for array in (*arrays, batch.post, batch.author, batch.row)]


def answers(batch: Batch) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(batch.labels).float(), torch.from_numpy(batch.weight)


def rate_at(step: int, steps: int) -> float:
    """Share of the learning rate: up for a twentieth of the way, then down along a cosine to a twentieth."""
    warm = max(steps // 20, 1)
    return (
        (step + 1) / warm
        if step < warm
        else 0.05 + 0.475 * (1 + math.cos(math.pi * (step - warm) / (steps - warm + 1)))
    )


def learn(run: Run) -> None:
    """AdamW until the steps are done or validation no longer improves; leaves the best weights in run.model."""
    config, path = run.config, run.out / CHECKPOINT
    optimizer = torch.optim.AdamW(run.model.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    model = run.team.wrap(run.model)
    state: dict[str, Any] = {"step": 0, "best": float("inf"), "stale": 0, "weights": None, "losses": []}
    kept = checkpoint.load(path, run.fingerprint())
    if kept:
        run.model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        state = kept["state"]
        run.progress("going on from a checkpoint", state["step"], run.steps)
    if config.warm and not state["step"]:
        begin(run)
    run.model.train()
    while state["step"] < run.steps and state["stale"] < config.patience:
        _step(run, model, optimizer, state["step"])
        state["step"] += 1
        if state["step"] % run.evaluate_every == 0 or state["step"] == run.steps:
            _evaluate(run, state)
        if run.team.first and state["step"] % config.checkpoint_every == 0:
            saved = {"fingerprint": run.fingerprint(), "model": run.model.state_dict(), "state": state}
            checkpoint.save(path, {**saved, "optimizer": optimizer.state_dict()})
    if state["weights"]:
        run.model.load_state_dict(state["weights"])


def _step(run: Run, model: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    config, batch = run.config, run.batch_of(step)
    torch.manual_seed(checkpoint.seeded(config.seed, step, run.team.rank))  # of dropout
    for group in optimizer.param_groups:
        group["lr"] = config.lr * rate_at(step, run.steps)
    optimizer.zero_grad()
    logits = model(torch.from_numpy(batch.position), *tensors(batch))
    # Gradients are averaged over processes: each one's sum over its share counts as many times as there are processes.
    loss = run.objective(logits, *answers(batch)).sum() * run.team.size / config.batch
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), config.clip)
    optimizer.step()


def _evaluate(run: Run, state: dict[str, Any]) -> None:
    loss = run.validation_loss()
    state["losses"].append([state["step"], loss])
    better = loss < state["best"] or not len(run.validation)
    state["stale"] = 0 if better else state["stale"] + 1
    if better:
        state["best"] = loss
        state["weights"] = {name: value.clone() for name, value in run.model.state_dict().items()}
    run.progress(f"validation loss {loss:.4f}", state["step"], run.steps)
