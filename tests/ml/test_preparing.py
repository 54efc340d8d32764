"""Unpacking, quantising, publishing: right numbers, and nothing half-made when a process dies."""

import json
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from onnx import TensorProto, helper, numpy_helper

from ml.embedding import calibration as check, weights
from ml.embedding.atomic import folder_written_whole
from ml.embedding.encoder import Encoder
from ml.embedding.tokens import load_tokens, unigram_model
from ml.nets import sentence
from ml.nets.quantise import quantise

SPACES_AND_SIGNS = [
    "two  spaces",
    "好吧～～",
    "ｆｕｌｌ　ｗｉｄｔｈ",
    "tab\tnew\nline",
    "ﬁne ①",
    "naïve café",
    "👩‍👩‍👧 家",
    "𠮷野家",
]


def test_a_block_of_four_bits() -> None:
    block = np.zeros(1, weights.Q4_BLOCK)
    block["scale"] = 0.5
    block["nibbles"][0, 0] = 0xF0  # low half 0: weight 0; high half 15: weight 16
    found = weights.unpack_q4(block)
    assert found.shape == (1, 32)
    assert found[0, [0, 16, 1, 17]].tolist() == [-4.0, 3.5, -4.0, -4.0]


def test_the_unpacked_model_is_the_one_in_the_wheel(encoder: Encoder, wheel_vectors: np.ndarray) -> None:
    model = sentence.load(str(site.MODELS_DIR / weights.PACKAGED_NAME))
    texts = check.calibration().texts
    cosines = check.cosines(model.encode(list(texts)), wheel_vectors)
    assert len(texts) >= 200
    assert cosines.mean() > 0.999
    assert cosines.min() > 0.995


def test_both_tokenizers_give_the_same_ids(encoder: Encoder, tmp_path: Path) -> None:
    told = (site.MODELS_DIR / weights.PACKAGED_NAME / "tokenizer.json").read_text(encoding="utf-8")
    lean, general = tmp_path / "lean", tmp_path / "general"
    for folder in (lean, general):
        folder.mkdir()
    (lean / "sentencepiece.model").write_bytes(unigram_model(told) or b"")
    (general / "tokenizer.json").write_text(told, encoding="utf-8")
    texts = [*check.calibration().texts, *SPACES_AND_SIGNS, " edges ", "", "long " * 200]
    assert load_tokens(lean, "query: ", 128)(texts) == load_tokens(general, "query: ", 128)(texts)


def _one_matrix(folder: Path, matrix: np.ndarray) -> Path:
    shape = ["n", "t", matrix.shape[0]]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "t", matrix.shape[1]])],
        [numpy_helper.from_array(matrix, "w")],
    )
    onnx.save_model(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "f.onnx"
    )
    return folder / "f.onnx"


def test_int8_is_near_and_each_token_has_its_own_scale(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(64, 32)).astype(np.float32)
    quantise(_one_matrix(tmp_path, matrix), tmp_path / "q.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "q.onnx", providers=["CPUExecutionProvider"])
    small = random.normal(size=(1, 3, 64)).astype(np.float32)
    loud = np.concatenate([small, small * 1000])
    loud[1, 2] = 0
    (alone,), (beside,) = session.run(None, {"x": small}), session.run(None, {"x": loud})
    assert np.abs(alone - small @ matrix).max() < 0.02 * np.abs(small @ matrix).max()
    assert np.array_equal(alone[0], beside[0])
    assert not beside[1, 2].any()


def _write_for_ever(target: Path, started: Any) -> None:
    with folder_written_whole(target) as folder:
        assert folder is not None
        (folder / "half").write_text("half")
        started.set()
        time.sleep(600)


def test_a_killed_process_leaves_nothing_half_made(tmp_path: Path) -> None:
    target = tmp_path / "model"
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    writer = context.Process(target=_write_for_ever, args=(target, started))
    writer.start()
    assert started.wait(60)
    assert not target.exists()
    os.kill(writer.pid or 0, signal.SIGKILL)
    writer.join(30)
    with folder_written_whole(target) as folder:
        assert folder is not None
        assert list(folder.iterdir()) == []
        (folder / "whole").write_text("whole")
    assert [path.name for path in target.iterdir()] == ["whole"]


def test_the_second_waits_and_then_skips(tmp_path: Path) -> None:
    target, answers = tmp_path / "model", []

    def second() -> None:
        with folder_written_whole(target) as folder:
            answers.append(folder)

    with folder_written_whole(target) as folder:
        assert folder is not None
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        assert answers == []
    thread.join(10)
    assert answers == [None]


def test_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), folder_written_whole(tmp_path / "model"):
        raise ZeroDivisionError
    assert not (tmp_path / "model").exists()


def test_a_model_nobody_has_is_a_plain_error(settings: Any, tmp_path: Path) -> None:
    settings.MODELS_DIR = tmp_path / "models"
    settings.EMBEDDER_MODEL = str(tmp_path / "no-such-folder")
    with pytest.raises(CommandError, match="could not be prepared"):
        call_command("prepare_models")
    assert not list(settings.MODELS_DIR.rglob("encoder.json"))


def test_encoder_json_holds_what_was_measured(encoder: Encoder) -> None:
    folder = site.MODELS_DIR / "encoders" / encoder.name
    about = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
    assert about["measured"]["texts"] == len(check.calibration().texts) >= 200
    assert 0.99 < about["measured"]["int8_cosine_worst"] <= about["measured"]["int8_cosine_mean"] <= 1
    assert about["prefix"] == "query: "
    assert len(about["mean"]) == len(about["language_axis"]) == about["dimensions"] == 384
