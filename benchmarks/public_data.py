"""Where the public data sets lie, and vectors of their texts made once; knows no set in particular."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
VAR = Path(os.environ.get("VAR_DIR", ROOT / "var"))
CACHE = VAR / "benchmarks"


def folder(name: str, *files: str) -> Path:
    """The folder of a data set: $BENCHMARK_DATA/<name>, else ../shared/data/<name> beside the project.

    Leaves the program with a sentence, and no error, where one of its files is missing: the sets are not the project's
    to give away.
    """
    base = Path(os.environ.get("BENCHMARK_DATA", ROOT.parent / "shared" / "data"))
    missing = [file for file in files if not (base / name / file).is_file()]
    if missing:
        print(f"Nothing measured: {base / name} lacks {', '.join(missing)}.")
        print("The data is not the project's to give; BENCHMARK_DATA names the folder that holds the sets.")
        sys.exit(0)
    return base / name


def vectors(name: str, texts: Sequence[str]) -> tuple[str, np.ndarray]:
    """The site's encoder by name, and its unit vectors float32 (n, d) of the texts, kept under var/."""
    from ml.embedding.encoder import Encoder, prepared
    from ml.embedding.weights import PACKAGED_NAME
    from ml.nets import prepare

    prepare.prepare_encoder(PACKAGED_NAME, VAR / "models", lambda line: print(line, file=sys.stderr))
    where = prepared(VAR / "models", PACKAGED_NAME)
    assert where is not None
    encoder = Encoder(where, 2)
    digest = sha256("\0".join([encoder.name, *texts]).encode()).hexdigest()[:16]
    path = CACHE / f"{name}-{digest}.npy"
    if not path.is_file():
        print(f"{name}: vectors of {len(texts)} texts, once, a few minutes …", file=sys.stderr, flush=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.npy")
        np.save(unfinished, encoder.encode(texts).astype(np.float16))
        unfinished.replace(path)
    return encoder.name, np.load(path).astype(np.float32)


def about() -> dict[str, object]:
    """When and where a result was measured."""
    return {"at": datetime.now(UTC).isoformat(timespec="seconds"), "processors": os.cpu_count()}
