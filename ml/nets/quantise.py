"""A float32 ONNX sentence model in eight bits; knows graphs, not what the vectors are for.

Weights get one scale for each output channel, activations one for each token, found on the fly. ONNX Runtime's own
dynamic quantisation takes one activation scale for the whole batch: there a text's vector depends on its neighbours
(cosine down to 0.993 between two batchings) and is further from float32. This one is as fast.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

TABLE_AT_LEAST = 1_000_000  # elements: the word embeddings, not the positions
LEAST_SCALE = 1e-9  # for rows of zeros
Initializers = dict[str, TensorProto]


def quantise(source: Path, target: Path) -> None:
    """Writes `target` (with its weights in `<target>.data`): every matrix and the word table of `source` in int8."""
    model = onnx.load(source)
    weights: Initializers = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, value in _constants().items():
        weights[name] = numpy_helper.from_array(value, name)
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        nodes += _in_int8(node, weights, {name for done in nodes for name in done.output})
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    model.graph.initializer.extend(tensor for name, tensor in weights.items() if name in used)
    save(model, target)


def _constants() -> dict[str, np.ndarray]:
    return {
        "int8.step": np.array(1 / 127, np.float32),
        "int8.least": np.array(LEAST_SCALE, np.float32),
        "int8.one": np.array(1, np.float32),
        "int8.zero_point": np.array(128, np.uint8),
    }


def _in_int8(node: NodeProto, weights: Initializers, known: set[str]) -> list[NodeProto]:
    """The nodes that stand for `node`: itself unless it multiplies by a matrix or looks rows up in a large table."""
    if node.op_type == "MatMul" and node.input[1] in weights and len(weights[node.input[1]].dims) == 2:
        activation = node.input[0]
        first = [] if f"{activation}.uint8" in known else _token_scales(activation)
        return first + _matrix(node, weights)
    if node.op_type == "Gather" and _elements(weights.get(node.input[0])) >= TABLE_AT_LEAST:
        return _table(node, weights)
    return [node]


def _elements(tensor: TensorProto | None) -> int:
    return int(np.prod(tensor.dims)) if tensor is not None else 0


def _token_scales(activation: str) -> list[NodeProto]:
    """x (…, k) -> x.scale (…, 1) and x.uint8 = x / scale + 128. A matrix product's queries, keys, values share it."""
    name = activation
    return [
        helper.make_node("Abs", [name], [f"{name}.abs"]),
        helper.make_node("ReduceMax", [f"{name}.abs"], [f"{name}.largest"], axes=[-1], keepdims=1),
        helper.make_node("Mul", [f"{name}.largest", "int8.step"], [f"{name}.step"]),
        helper.make_node("Max", [f"{name}.step", "int8.least"], [f"{name}.scale"]),
        helper.make_node("Div", [name, f"{name}.scale"], [f"{name}.scaled"]),
        # Divided first: QuantizeLinear with a scale for each row is ten times slower than with a constant one.
        helper.make_node("QuantizeLinear", [f"{name}.scaled", "int8.one", "int8.zero_point"], [f"{name}.uint8"]),
    ]


def _matrix(product: NodeProto, weights: Initializers) -> list[NodeProto]:
    """x @ w = (x.uint8 - 128) @ w.int8 * x.scale * w.scale"""
    activation, matrix = product.input
    result = product.output[0]
    _split(matrix, weights, axis=0)
    return [
        helper.make_node(
            "MatMulInteger", [f"{activation}.uint8", f"{matrix}.int8", "int8.zero_point"], [f"{result}.whole"]
        ),
        helper.make_node("Cast", [f"{result}.whole"], [f"{result}.real"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{result}.real", f"{activation}.scale"], [f"{result}.token"]),
        helper.make_node("Mul", [f"{result}.token", f"{matrix}.scale"], [result]),
    ]


def _table(lookup: NodeProto, weights: Initializers) -> list[NodeProto]:
    """table[id] = table.int8[id] * table.scale[id]"""
    table, ids = lookup.input
    rows = lookup.output[0]
    _split(table, weights, axis=1)
    return [
        helper.make_node("Gather", [f"{table}.int8", ids], [f"{rows}.whole"]),
        helper.make_node("Cast", [f"{rows}.whole"], [f"{rows}.real"], to=TensorProto.FLOAT),
        helper.make_node("Gather", [f"{table}.scale", ids], [f"{rows}.scale"]),
        helper.make_node("Mul", [f"{rows}.real", f"{rows}.scale"], [rows]),
    ]


def _split(name: str, weights: Initializers, axis: int) -> None:
    """Adds `name.int8` and `name.scale` (largest over `axis` / 127) to the weights."""
    if f"{name}.int8" in weights:
        return
    values = numpy_helper.to_array(weights[name])
    scale = np.maximum(np.abs(values).max(axis=axis, keepdims=True) / 127, LEAST_SCALE).astype(np.float32)
    whole = np.rint(values / scale).astype(np.int8)
    weights[f"{name}.int8"] = numpy_helper.from_array(whole, f"{name}.int8")
    weights[f"{name}.scale"] = numpy_helper.from_array(scale, f"{name}.scale")


def save(model: onnx.ModelProto, target: Path) -> None:
    """The graph in `target`, its weights beside it in `<target>.data`.

    ONNX Runtime maps such a file: of a table of 96 MB only the rows in use take memory.
    """
    onnx.save_model(
        model,
        target,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=f"{target.name}.data",
        size_threshold=1024,
    )
