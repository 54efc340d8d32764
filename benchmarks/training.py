"""A night's training on a made-up million of impressions: seconds, processor seconds and peak memory of each part.

    python benchmarks/training.py [--requests 50000]

50,000 page loads of 20 posts, every history full (64 acts), vectors of 384 numbers, rows of 29: the most there is to do
for so many rows. Labels follow the cosine of a post to the taste of its reader, so that training has something to find.
"""

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
RESULTS = HERE / "results" / "training.json"
POSTS, PEOPLE, SHOWN, DIMENSIONS, FEATURES, CHUNK = 100_000, 5_000, 20, 384, 29, 1_000


def write(folder: Path, requests: int) -> None:
    """In pieces, as the site writes a dataset from its database."""
    from ml.nets.ranker.data import Writer
    from ml.ranking.heads import HEADS
    from ml.ranking.history import BUCKETS, KINDS, LENGTH

    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(POSTS, DIMENSIONS)).astype(np.float32)
    vectors += 0.5 * rng.normal(size=(50, DIMENSIONS))[rng.integers(50, size=POSTS)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    acts = rng.integers(POSTS, size=(PEOPLE, LENGTH))
    taste = vectors[acts].mean(axis=1)
    taste /= np.linalg.norm(taste, axis=1, keepdims=True)
    with Writer(folder, [f"number_{n}" for n in range(FEATURES)], DIMENSIONS) as writer:
        writer.add_posts(vectors)
        for first in range(0, requests, CHUNK):
            many = min(CHUNK, requests - first)
            person, rows = rng.integers(PEOPLE, size=many), many * SHOWN
            shown = rng.integers(POSTS, size=(many, SHOWN))
            liking = np.einsum("rnd,rd->rn", vectors[shown], taste[person]).reshape(-1, 1) * 20
            odds = liking + rng.uniform(-6, -3, size=len(HEADS)).astype(np.float32)
            writer.add(
                np.full(many, SHOWN),
                person=person,
                shown_at=np.arange(first, first + many),
                hist_post=acts[person],
                hist_kind=rng.integers(len(KINDS), size=(many, LENGTH)),
                hist_age=np.sort(rng.exponential(200, size=(many, LENGTH)), axis=1),
                hist_author=rng.integers(BUCKETS, size=(many, LENGTH)),
                features=rng.normal(size=(rows, FEATURES)),
                row_post=shown.ravel(),
                row_author=rng.integers(BUCKETS, size=rows),
                position=np.tile(np.arange(SHOWN), many),
                labels=rng.random((rows, len(HEADS))) < 1 / (1 + np.exp(-odds)),
                impression=np.arange(first * SHOWN, first * SHOWN + rows),
            )
        writer.close(encoder="made-up")


@contextmanager
def measured(into: dict[str, float], name: str) -> Iterator[None]:
    wall, processor = time.perf_counter(), time.process_time()
    yield
    into[f"{name}_seconds"] = round(time.perf_counter() - wall, 1)
    into[f"{name}_processor_seconds"] = round(time.process_time() - processor, 1)
    into[f"{name}_peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--requests", type=int, default=50_000)
    asked.add_argument("--epochs", type=int, default=3)
    asked.add_argument("--threads", type=int, default=os.cpu_count())
    told = asked.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as work:
        with measured(figures, "writing"):
            write(Path(work) / "data", told.requests)
        from ml.nets.ranker import fit

        config = fit.Config(epochs=told.epochs, least_steps=0, threads=told.threads)
        with measured(figures, "training"):
            show = lambda message, step, of: print(f"{step}/{of} {message}", flush=True)  # noqa: E731
            result = fit.train(Path(work) / "data", Path(work) / "out", config, show)
    card = result.card
    report = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load_at_the_end": os.getloadavg()[0],
        "rows": card["rows"],
        "requests": card["requests"],
        "rows_trained_on": card["trained_on"]["rows"],
        "epochs_at_most": told.epochs,
        "threads": told.threads,
        **figures,
        "like_auc": card["metrics"]["test"]["heads"]["like"]["auc"],
    }
    for name, value in report.items():
        print(f"{name:32} {value}")
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
