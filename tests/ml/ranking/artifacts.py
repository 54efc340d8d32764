"""A ranker as the nets publish one, small enough to know what it must say: nearness to the acts, and the row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from onnx import TensorProto, helper, numpy_helper

from ml.ranking.features import NAMES
from ml.ranking.heads import HEADS
from ml.ranking.history import KINDS
from ml.registry import promote_ranker, register_ranker
from tests.ml.ranking.batches import MODEL, SIZE

VERSION = "ranker-20260501-020000-0123abcd"
OTHER = "ranker-20260502-020000-4567abcd"
REFUSED = KINDS.index("refused")


def graph(nearness: float = 4.0, row: Mapping[str, float] | None = None, clean: bool = True) -> bytes:
    """probability = sigmoid(±nearness · Σ over unmasked acts of cosine / √acts + row · weights - 2): up for what one
    liked and down for what one refused; the two last heads the other way round. `clean` takes NaN for 0."""
    weights = np.zeros((len(NAMES), len(HEADS)), dtype=np.float32)
    for name, weight in (row or {"follows_author": 0.5}).items():
        weights[NAMES.index(name)] = weight
    signs = np.array([nearness] * (len(HEADS) - 2) + [-nearness] * 2, dtype=np.float32)
    constants = {
        "weights": weights,
        "signs": signs[None, None],
        "shift": np.float32(-2),
        "zero": np.float32(0),
        "two": np.float32(2),
        "one": np.float32(1),
        "refusal": np.int64(REFUSED),
        "middle": np.array([1], dtype=np.int64),
        "last": np.array([2], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Transpose", ["history"], ["acts"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["post", "acts"], ["cosines"]),
        helper.make_node("Cast", ["history_mask"], ["seen"], to=TensorProto.FLOAT),
        helper.make_node("Equal", ["history_kind", "refusal"], ["no"]),
        helper.make_node("Cast", ["no"], ["nos"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["nos", "two"], ["twice"]),
        helper.make_node("Sub", ["one", "twice"], ["liked"]),
        helper.make_node("Mul", ["seen", "liked"], ["signed"]),
        helper.make_node("Unsqueeze", ["signed", "middle"], ["each"]),
        helper.make_node("Mul", ["cosines", "each"], ["near"]),
        helper.make_node("ReduceSum", ["near", "last"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "signs"], ["told"]),
        *(
            [
                helper.make_node("IsNaN", ["row"], ["missing"]),
                helper.make_node("Where", ["missing", "zero", "row"], ["numbers"]),
            ]
            if clean
            else [helper.make_node("Identity", ["row"], ["numbers"])]
        ),
        helper.make_node("MatMul", ["numbers", "weights"], ["of_row"]),
        helper.make_node("Add", ["told", "of_row"], ["both"]),
        helper.make_node("Add", ["both", "shift"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["probability"]),
    ]
    number, whole = TensorProto.FLOAT, TensorProto.INT64
    inputs = [
        helper.make_tensor_value_info(name, kind, shape)
        for name, kind, shape in (
            ("history", number, ["B", "H", SIZE]),
            ("history_kind", whole, ["B", "H"]),
            ("history_age", number, ["B", "H"]),
            ("history_author", whole, ["B", "H"]),
            ("history_mask", TensorProto.BOOL, ["B", "H"]),
            ("post", number, ["B", "N", SIZE]),
            ("author", whole, ["B", "N"]),
            ("row", number, ["B", "N", len(NAMES)]),
        )
    ]
    outputs = [helper.make_tensor_value_info("probability", number, ["B", "N", len(HEADS)])]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    made = helper.make_model(
        helper.make_graph(nodes, "tiny", inputs, outputs, tensors),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    return bytes(made.SerializeToString())


def publish(name: str = VERSION, made: bytes | None = None, **card: Any) -> Path:
    """Write the artifacts of a version as the nets do; what `card` says takes the place of what is true."""
    made = graph() if made is None else made
    folder = Path(settings.MODELS_DIR) / "ranker" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(made)
    (folder / "model.safetensors").write_bytes(b"no weights")
    told = {
        "version": name,
        "encoder": MODEL,
        "dimensions": SIZE,
        "features": list(NAMES),
        "heads": list(HEADS),
        "base_rates": dict.fromkeys(HEADS, 0.1),
        "scale": 2.0,
        "rows": 1234,
        "people": 56,
        "from": 1777000000.0,
        "to": 1777600000.0,
        "left_out_by_consent": 7,
        "onnx_sha256": sha256(made).hexdigest(),
        "safetensors_sha256": sha256(b"no weights").hexdigest(),
        **card,
    }
    (folder / "card.json").write_text(json.dumps(told))
    return folder


def serve(name: str = VERSION, made: bytes | None = None, **card: Any) -> Path:
    """Publish, register and promote it."""
    folder = publish(name, made, **card)
    register_ranker(name, json.loads((folder / "card.json").read_text()))
    promote_ranker(name)
    return folder
