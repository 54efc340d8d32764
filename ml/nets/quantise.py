"""A float32 ONNX sentence model in eight bits; knows graphs, not what the vectors are for."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

TABLE_AT_LEAST = 1_000_000  # elements: the word embeddings, not the positions


def quantise(source: Path, target: Path) -> None:
    """Writes `target` (with its weights in `<target>.data`): int8 weights, activations quantised on the fly.

    One scale for each output channel of a matrix and for each row of the word table. The weights lie in a
    file of their own because ONNX Runtime maps that: of a 96 MB table only the rows in use take memory.
    """
    halfway = target.with_suffix(".halfway.onnx")
    quantize_dynamic(
        source,
        halfway,
        op_types_to_quantize=["MatMul"],
        weight_type=QuantType.QInt8,
        per_channel=True,
        extra_options={"MatMulConstBOnly": True},
    )
    model = onnx.load(halfway)
    halfway.unlink()
    for node in [node for node in model.graph.node if node.op_type == "Gather"]:
        table = next((weights for weights in model.graph.initializer if weights.name == node.input[0]), None)
        if table is not None and int(np.prod(table.dims)) >= TABLE_AT_LEAST:
            _quantise_table(model.graph, node, table)
    save(model, target)


def _quantise_table(graph: onnx.GraphProto, gather: onnx.NodeProto, table: onnx.TensorProto) -> None:
    """row of float32 -> row of int8 * the row's scale."""
    rows = numpy_helper.to_array(table)
    scales = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-12) / 127
    whole = np.rint(rows / scales).astype(np.int8)
    graph.initializer.remove(table)
    graph.initializer.append(numpy_helper.from_array(whole, f"{table.name}.int8"))
    graph.initializer.append(numpy_helper.from_array(scales.astype(np.float32), f"{table.name}.scale"))
    ids, rows_out = gather.input[1], gather.output[0]
    replacement = [
        helper.make_node("Gather", [f"{table.name}.int8", ids], [f"{rows_out}.int8"]),
        helper.make_node("Cast", [f"{rows_out}.int8"], [f"{rows_out}.whole"], to=TensorProto.FLOAT),
        helper.make_node("Gather", [f"{table.name}.scale", ids], [f"{rows_out}.scale"]),
        helper.make_node("Mul", [f"{rows_out}.whole", f"{rows_out}.scale"], [rows_out]),
    ]
    position = list(graph.node).index(gather)
    graph.node.remove(gather)
    for offset, node in enumerate(replacement):
        graph.node.insert(position + offset, node)


def save(model: onnx.ModelProto, target: Path) -> None:
    """The graph in `target`, its weights beside it in `<target>.data`."""
    onnx.save_model(
        model,
        target,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=f"{target.name}.data",
        size_threshold=1024,
    )
