"""Speed, memory and agreement of the sentence encoder in each precision, on bilingual posts of about 25 tokens.

    python benchmarks/embedding.py

Every engine runs in a process of its own, in turn, on the same texts; the whole round is run twice and the
best of each figure is kept, because other work on the machine only ever slows one down.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "embedding.json"
ENGINES = {
    "sentence-transformers float32": "torch float32",
    "sentence-transformers bfloat16": "torch bfloat16",
    "ONNX Runtime float32": "onnx float32",
    "ONNX Runtime int8 (served)": "onnx int8",
}
ROUNDS, TEXTS, THREADS = 2, 240, 2
Encode = Callable[[list[str]], np.ndarray]


def posts() -> list[str]:
    """Two calibration texts a post, so that a post has about 25 tokens; both languages."""
    from ml.embedding.calibration import calibration

    found = calibration()
    sides = [
        [text for text, en in zip(found.texts, found.english, strict=True) if en is side] for side in (True, False)
    ]
    joined = [f"{a} {b}" for texts in sides for a, b in zip(texts, texts[1:] + texts[:1], strict=True)]
    return joined[:TEXTS]


def torch_engine(precision: str, folder: str) -> Encode:
    import torch

    from ml.nets.sentence import load, quiet

    torch.set_num_threads(THREADS)
    with quiet():
        model = load(folder)
    if precision == "bfloat16":
        model = model.bfloat16()
    return lambda texts: model.encode(texts, batch_size=32, show_progress_bar=False).astype(np.float32)


def onnx_engine(precision: str, folder: str) -> Encode:
    from ml.embedding.encoder import Encoder

    return Encoder(Path(folder), THREADS).raw


def resident() -> int:
    """Megabytes of memory this process holds now."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def measure(kind: str, precision: str, folder: str, vectors: str) -> None:
    """In a process of its own: prints one JSON line, leaves the vectors in a file."""
    encode = (torch_engine if kind == "torch" else onnx_engine)(precision, folder)
    texts = posts()
    encode(texts[:1])
    after_one = resident()
    found = encode(texts)
    started = time.perf_counter()
    encode(texts)
    rate = len(texts) / (time.perf_counter() - started)
    singles = []
    for text in texts[:30]:
        started = time.perf_counter()
        encode([text])
        singles.append((time.perf_counter() - started) * 1000)
    np.save(vectors, found)
    figures = {"texts_per_second": rate, "one_text_ms": statistics.median(singles)}
    print(json.dumps({**figures, "mb_after_one_text": after_one, "mb_after_batches": resident()}))


def folders(work: Path) -> dict[str, str]:
    """Where each engine's model lies, prepared where needed; float32 ONNX is exported as preparing does it."""
    from ml.embedding.encoder import prepared
    from ml.embedding.weights import PACKAGED_NAME
    from ml.nets import prepare

    models = Path(os.environ.get("VAR_DIR", ROOT / "var")) / "models"
    prepare.prepare_encoder(PACKAGED_NAME, models, print)
    source, served = str(models / PACKAGED_NAME), prepared(models, PACKAGED_NAME)
    prepare.LEAST_WORST_COSINE = 1.01  # so that int8 is refused and float32 comes out
    full = prepare.prepare_encoder(source, work, print)
    return {"torch float32": source, "torch bfloat16": source, "onnx float32": str(full), "onnx int8": str(served)}


def run(work: Path) -> dict[str, dict[str, float]]:
    """The best figures of every engine over all rounds, and its cosine to sentence-transformers float32."""
    where, best = folders(work), {}
    for number in range(ROUNDS):
        for title, engine in ENGINES.items():
            print(f"round {number + 1} of {ROUNDS}: {title}", file=sys.stderr, flush=True)
            vectors = str(work / f"{engine}.npy")
            call = [sys.executable, __file__, *engine.split(), where[engine], vectors]
            told = subprocess.run(call, check=True, capture_output=True, text=True, cwd=ROOT)
            figures = json.loads(told.stdout.splitlines()[-1])
            before = best.setdefault(title, figures)
            for key, value in figures.items():
                before[key] = max(before[key], value) if key == "texts_per_second" else min(before[key], value)
    reference = np.load(work / "torch float32.npy")
    for title, engine in ENGINES.items():
        cosines = (np.load(work / f"{engine}.npy") * reference).sum(axis=1)
        best[title] |= {"cosine_mean": float(cosines.mean()), "cosine_worst": float(cosines.min())}
    return best


def show(results: dict[str, dict[str, float]]) -> None:
    base = next(iter(results.values()))
    columns = {"texts/s": 9, "ratio": 7, "one, ms": 9, "ratio ": 7, "MB one": 8, "MB all": 8, "cosine": 9, "worst": 8}
    print(" " * 32 + "".join(f"{name.strip():>{width}}" for name, width in columns.items()))
    for title, found in results.items():
        speed = found["texts_per_second"] / base["texts_per_second"]
        quick = base["one_text_ms"] / found["one_text_ms"]
        print(
            f"{title:32}{found['texts_per_second']:9.0f}{speed:7.2f}{found['one_text_ms']:9.1f}{quick:7.2f}"
            f"{found['mb_after_one_text']:8.0f}{found['mb_after_batches']:8.0f}"
            f"{found['cosine_mean']:9.5f}{found['cosine_worst']:8.4f}"
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        results = run(Path(work))
    show(results)
    about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "processors": os.cpu_count(), "threads": THREADS}
    about |= {"machine": platform.machine(), "texts": TEXTS, "rounds": ROUNDS, "load": os.getloadavg()[0]}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    measure(*sys.argv[1:]) if len(sys.argv) > 1 else main()
