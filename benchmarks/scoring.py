"""How fast candidates are scored: ONNX Runtime, as a web process does, against torch and against the hand-set recipe.

    python benchmarks/scoring.py [--candidates 600] [--acts 64] [--rounds 200]

One request at a time, the shipped ranker, random vectors and rows. The three are asked in turn, so that whatever else
the machine does falls on all of them alike. Prints a table and writes benchmarks/results/scoring.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "socialsite.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")

import django  # noqa: E402

django.setup()

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402

from ml.nets.ranker import export  # noqa: E402
from ml.ranking.features import NAMES  # noqa: E402
from ml.ranking.history import BUCKETS, KINDS  # noqa: E402
from ml.ranking.home import PLAIN  # noqa: E402
from ml.rehearsal import starter  # noqa: E402

RESULTS = HERE / "results" / "scoring.json"


def request(candidates: int, acts: int, dimensions: int) -> dict[str, np.ndarray]:
    """The inputs of one request, by the names of the graph."""
    random = np.random.default_rng(0)

    def unit(n: int) -> np.ndarray:
        vectors = random.normal(size=(1, n, dimensions)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=2, keepdims=True)

    return {
        "history": unit(acts),
        "history_kind": random.integers(0, len(KINDS), (1, acts)),
        "history_age": random.exponential(100, (1, acts)).astype(np.float32),
        "history_author": random.integers(0, BUCKETS, (1, acts)),
        "history_mask": np.ones((1, acts), dtype=np.bool_),
        "post": unit(candidates),
        "author": random.integers(0, BUCKETS, (1, candidates)),
        "row": random.random((1, candidates, len(NAMES))).astype(np.float32),
    }


def graph(threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(starter.FOLDER / "model.onnx", options, providers=["CPUExecutionProvider"])


def in_turn(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of the milliseconds of each way, and the median of processor time."""
    wall: dict[str, list[float]] = {name: [] for name in ways}
    processor: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(rounds + 5):
        for name, ask in ways.items():
            start, used = perf_counter(), process_time()
            ask()
            if round_ >= 5:  # the first ones warm up
                wall[name].append(1000 * (perf_counter() - start))
                processor[name].append(1000 * (process_time() - used))
    return {
        name: {
            "median_ms": round(median(times), 3),
            "p95_ms": round(sorted(times)[int(0.95 * (len(times) - 1))], 3),
            "processor_ms": round(median(processor[name]), 3),
        }
        for name, times in wall.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--candidates", type=int, default=600)
    parser.add_argument("--acts", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=200)
    given = parser.parse_args()
    card = starter.card()
    asked = request(given.candidates, given.acts, card["dimensions"])
    tensors = [torch.from_numpy(asked[name]) for name in export.INPUTS]
    net, one, two = export.load(starter.FOLDER), graph(1), graph(2)
    torch.set_num_threads(1)

    def eager() -> Any:
        with torch.inference_mode():
            return net.probability(net(*tensors))

    gap = float(np.abs(one.run(None, asked)[0] - eager().numpy()).max())
    ways = {
        "hand-set recipe": lambda: PLAIN.of_rows(asked["row"][0]),
        "ONNX Runtime, one thread (served)": lambda: one.run(None, asked),
        "ONNX Runtime, two threads": lambda: two.run(None, asked),
        "torch, one thread": eager,
    }
    measured = in_turn(ways, given.rounds)
    about = {"candidates": given.candidates, "acts": given.acts, "rounds": given.rounds, "version": card["version"]}
    RESULTS.write_text(json.dumps({**about, "greatest_difference": gap, "ways": measured}, indent=2) + "\n")
    print(f"{given.candidates} candidates, {given.acts} acts, one request; ONNX and torch differ by {gap:.1e} at most")
    print(f"{'':<36}{'median ms':>10}{'p95 ms':>10}{'processor':>11}")
    for name, row in measured.items():
        print(f"{name:<36}{row['median_ms']:>10.2f}{row['p95_ms']:>10.2f}{row['processor_ms']:>11.2f}")


if __name__ == "__main__":
    main()
