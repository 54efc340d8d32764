"""The packaged encoder: what its vectors mean, what it costs, and how it is found."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.embedding import calibration as check
from ml.embedding.encoder import BATCH_TEXTS, BATCH_TOKENS, Encoder, EncoderUnavailable, batches, centred, get_encoder

LEAN = """
import sys, django
django.setup()
from ml.embedding.encoder import get_encoder
for text in ("a search", "一次搜索", "a draft of a reply, somewhat longer than a search would be"):
    get_encoder().encode([text])
heavy = {"torch", "transformers", "sentence_transformers", "onnx"} & set(sys.modules)
resident = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(",".join(sorted(heavy)) or "none", resident // 1024)
"""
READY = """
import sys, django
django.setup()
from django.core.management import call_command
call_command("prepare_models")
print("torch" in sys.modules)
"""


def run(code: str) -> list[str]:
    """The words a fresh interpreter prints."""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return told.stdout.split()


def test_a_translation_is_nearer_than_any_other_text(encoder: Encoder) -> None:
    vectors = encoder.encode(check.calibration().texts)
    raw = encoder.raw(check.calibration().texts)
    assert check.cross_lingual_accuracy(vectors) >= 0.98
    assert check.mixed_accuracy(vectors) >= 0.95
    assert check.mixed_accuracy(raw) < 0.6  # why the direction of the language is taken out
    assert check.subject_separation(vectors) >= check.subject_separation(raw) + 0.08


def test_texts_that_were_not_calibrated_on(encoder: Encoder) -> None:
    question, answer, translation, elsewhere = encoder.encode(
        [
            "How do I get red wine out of a white shirt?",
            "Salt and cold water at once, then soak the shirt overnight.",
            "白衬衫上的红酒渍怎么洗掉？",
            "The parliament postponed the vote on the budget.",
        ]
    )
    assert question @ translation > question @ elsewhere + 0.3
    assert question @ answer > question @ elsewhere + 0.1


def test_unrelated_texts_sit_around_zero(encoder: Encoder) -> None:
    vectors = encoder.encode(check.calibration().texts)
    similarity = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    assert abs(similarity.mean()) < 0.03


def test_it_agrees_with_the_engine_in_the_wheel(encoder: Encoder, wheel_vectors: np.ndarray) -> None:
    cosines = check.cosines(encoder.raw(check.calibration().texts), wheel_vectors)
    assert encoder.about["precision"] == "int8"
    assert cosines.mean() > 0.998
    assert cosines.min() > 0.995


def test_centring_takes_out_the_mean_and_the_language() -> None:
    vectors = np.array([[3.0, 1, 0], [0, 1, 4], [0, 1, 0]], dtype=np.float32)
    mean, axis = np.array([0.0, 1, 0]), np.array([1.0, 0, 0])
    assert centred(vectors, mean, axis).tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_batches_are_bounded_and_complete() -> None:
    lengths = [5] * 70 + [128] * 20 + [3]
    found = list(batches(lengths))
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    assert all(len(batch) <= BATCH_TEXTS for batch in found)
    assert all(len(batch) * max(lengths[index] for index in batch) <= BATCH_TOKENS for batch in found)


def test_a_web_process_stays_lean(encoder: Encoder) -> None:
    heavy, megabytes = run(LEAN)
    assert heavy == "none"
    assert int(megabytes) < 300  # settings and every app included


def test_prepare_models_is_quick_when_all_is_ready(encoder: Encoder) -> None:
    assert run(READY)[-1] == "False"


def test_unprepared_says_what_to_run(settings: Any, tmp_path: Path) -> None:
    settings.MODELS_DIR = tmp_path
    with pytest.raises(EncoderUnavailable, match="prepare_models"):
        get_encoder()


@pytest.mark.parametrize("name", ["../../etc/passwd", "nobody/int8/00000000", "/", "a/float32/../../..", "\x00"])
def test_unknown_names_never_reach_the_files(name: str, encoder: Encoder) -> None:
    with pytest.raises(EncoderUnavailable):
        get_encoder(name)


def test_loaded_once_for_all_threads_and_by_its_name_too(encoder: Encoder) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: get_encoder(), range(16)))
    assert found == {encoder}
    assert get_encoder(encoder.name) is encoder


def _encode_in_child(answers: Any) -> None:
    answers.put(get_encoder().encode(["after the fork"]))


@pytest.mark.forks
def test_a_forked_worker_can_encode(encoder: Encoder) -> None:
    expected = encoder.encode(["after the fork"])
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=_encode_in_child, args=(answers,))
    child.start()
    assert check.cosines(answers.get(timeout=60), expected).min() > 0.9999
    child.join(timeout=30)
    assert child.exitcode == 0
