"""From a trained net to what is published: calibrated, as safetensors, as ONNX, with its card; knows no web."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import warnings
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ml.nets.ranker import objective
from ml.nets.ranker.data import Array, View
from ml.nets.ranker.net import Ranker, Shape
from ml.ranking.heads import HEADS
from ml.ranking.history import BUCKETS, KINDS

if TYPE_CHECKING:
    from ml.nets.ranker.fit import Run

WEIGHTS: Final = "model.safetensors"
GRAPH: Final = "model.onnx"
CARD: Final = "card.json"
INPUTS: Final = (
    "history",
    "history_kind",
    "history_age",
    "history_author",
    "history_mask",
    "post",
    "author",
    "row",
)
OUTPUT: Final = "probability"
VERSION: Final = re.compile(r"ranker-\d{8}-\d{6}-[0-9a-f]{8}")


class Served(nn.Module):
    """The net as the graph has it: inputs to calibrated probabilities."""

    def __init__(self, net: Ranker) -> None:
        super().__init__()
        self.net = net

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.net.probability(self.net(*inputs))


def load(folder: Path) -> Ranker:
    """The published net, in evaluation mode; `net.probability(net(*inputs))` is what the graph computes."""
    card = json.loads((Path(folder) / CARD).read_text())
    net = Ranker(Shape(**card["shape"]))
    net.load_state_dict(load_file(Path(folder) / WEIGHTS))
    return net.eval()


def publish(run: Run, privacy: dict[str, Any] | None) -> None:
    """Calibrate on validation, tell the figures, write the files; the card last, each replaced at once."""
    run.progress("calibrating", run.steps, run.steps)
    net = run.model.folded().eval()
    if privacy is None:
        calibrate(net, run.validation)
    metrics = {name: measured(net, part) for name, part in (("validation", run.validation), ("test", run.test))}
    run.progress("exporting", run.steps, run.steps)
    run.out.mkdir(parents=True, exist_ok=True)
    digests = {"safetensors_sha256": _weights(net, run.out), "onnx_sha256": _graph(net, run.out)}
    write_card(run.out, {**_told(run, digests["onnx_sha256"]), "metrics": metrics, "privacy": privacy, **digests})
    from ml.nets.ranker.fit import CHECKPOINT

    (run.out / CHECKPOINT).unlink(missing_ok=True)


@torch.no_grad()
def scored(net: Ranker, view: View, calibrated: bool = True) -> tuple[Array, Array, Array]:
    """Of all rows of a view, in their order: probabilities or logits (n, heads), labels (n, heads), weights (n,)."""
    from ml.nets.ranker.fit import tensors

    found = []
    for batch in view.batches(64):
        logits = net(*tensors(batch))
        found.append((net.probability(logits) if calibrated else logits).numpy()[batch.mask])
    rows = view.rows
    values = np.concatenate(found) if found else np.zeros((0, len(HEADS)), dtype=np.float32)
    return values, view.dataset.labels[rows], view.dataset.weight[rows]


def calibrate(net: Ranker, view: View) -> None:
    """Platt's slope and shift of every trained head, from a view the weights were not fitted to."""
    logits, labels, weight = scored(net, view, calibrated=False)
    for place in np.flatnonzero(net.trained.numpy()):
        known = labels[:, place] >= 0
        slope, shift = objective.platt(logits[known, place], labels[known, place], weight[known])
        net.slope[place], net.shift[place] = slope, shift


def measured(net: Ranker, view: View) -> dict[str, Any]:
    return {**view.figures(), "heads": objective.figures(*scored(net, view))}


def _weights(net: Ranker, folder: Path) -> str:
    return _replace(folder / WEIGHTS, save({name: value.contiguous() for name, value in net.state_dict().items()}))


def _graph(net: Ranker, folder: Path) -> str:
    file = io.BytesIO()
    people = {name: {0: "people", 1: "acts"} for name in INPUTS[:5]}
    candidates = {name: {0: "people", 1: "candidates"} for name in (*INPUTS[5:], OUTPUT)}
    with warnings.catch_warnings():
        # The newer exporter takes 15 seconds for this net instead of half a second; the graphs agree.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Served(net).eval(),
            example(net.shape, 2, 5, 3),
            file,  # type: ignore[arg-type]
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_axes={**people, **candidates},
            opset_version=17,
            dynamo=False,
        )
    return _replace(folder / GRAPH, file.getvalue())


def example(shape: Shape, people: int, acts: int, candidates: int, seed: int = 0) -> tuple[Tensor, ...]:
    """Inputs of these sizes: made-up unit vectors and numbers, for tracing and for measuring speed."""
    draw = torch.Generator().manual_seed(seed)

    def unit(*size: int) -> Tensor:
        return nn.functional.normalize(torch.randn(*size, shape.dimensions, generator=draw), dim=-1)

    def whole(below: int, *size: int) -> Tensor:
        return torch.randint(0, below, size, generator=draw)

    ages = 200 * torch.rand(people, acts, generator=draw)
    history = (unit(people, acts), whole(len(KINDS), people, acts), ages, whole(BUCKETS, people, acts))
    row = torch.randn(people, candidates, shape.features, generator=draw)
    mask = torch.ones(people, acts, dtype=torch.bool)
    return (*history, mask, unit(people, candidates), whole(BUCKETS, people, candidates), row)


def _told(run: Run, digest: str) -> dict[str, Any]:
    meta, now = run.data.meta, datetime.now(UTC)
    named = VERSION.fullmatch(run.out.name)
    return {
        "version": named.group() if named else f"ranker-{now:%Y%m%d-%H%M%S}-{digest[:8]}",
        "encoder": meta["encoder"],
        "dimensions": run.data.dimensions,
        "features": list(run.data.feature_names),
        "heads": list(HEADS),
        **{name: meta[name] for name in ("from", "to", "rows", "requests", "people", "left_out_by_consent")},
        "trained_on": run.train.figures(),
        "seed": run.config.seed,
        "commit": commit(),
        "config": asdict(run.config),
        "shape": asdict(run.net.shape),
        "base_rates": dict(zip(HEADS, run.rates.base.tolist(), strict=True)),
        "positives": dict(zip(HEADS, run.rates.positives.astype(int).tolist(), strict=True)),
        "trained_heads": [head for head, on in zip(HEADS, run.net.trained.tolist(), strict=True) if on],
        "calibration": {"slope": run.net.slope.tolist(), "shift": run.net.shift.tolist()},
        "scale": 1.0,
        "created_at": now.isoformat(timespec="seconds"),
    }


def commit() -> str:
    """The commit of the code, "" where it is not under git."""
    try:
        call = ["git", "rev-parse", "HEAD"]  # fixed words, no input
        told = subprocess.run(call, cwd=Path(__file__).parent, capture_output=True, text=True, check=False, timeout=10)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip()


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """card.json, replaced at once: also for adding to a card what is known only later (scale, figures of a gate)."""
    _replace(Path(folder) / CARD, (json.dumps(card, indent=1, allow_nan=False) + "\n").encode())


def _replace(path: Path, content: bytes) -> str:
    """Write beside, move over; answers with the SHA-256."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    return hashlib.sha256(content).hexdigest()
