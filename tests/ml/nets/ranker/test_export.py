"""ONNX Runtime and torch say the same, to 1e-4, whatever comes in."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from ml.nets.ranker import export, fit
from tests.ml.nets.ranker.town import Town


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real size, trained a little, so that no layer is as it began."""
    folder = tmp_path_factory.mktemp("published")
    data = Town(people=40, requests=400, likes=-2).write(folder / "data")
    return fit.train(data.folder, folder / "out", fit.Config(batch=16, least_steps=30, epochs=1, threads=1)).folder


def both(folder: Path, inputs: tuple[torch.Tensor, ...]) -> tuple[np.ndarray, np.ndarray]:
    net = export.load(folder)
    with torch.no_grad():
        wanted = net.probability(net(*inputs)).numpy()
    session = onnxruntime.InferenceSession(folder / export.GRAPH, providers=["CPUExecutionProvider"])
    feed = {name: value.numpy() for name, value in zip(export.INPUTS, inputs, strict=True)}
    return wanted, session.run([export.OUTPUT], feed)[0]


@pytest.mark.parametrize(
    ("people", "acts", "candidates"), [(1, 1, 1), (1, 64, 600), (1, 1, 7), (9, 33, 2), (3, 64, 20)]
)
def test_the_graph_equals_the_net(published: Path, people: int, acts: int, candidates: int) -> None:
    wanted, found = both(published, export.example(export.load(published).shape, people, acts, candidates))
    assert found.shape == (people, candidates, 9)
    assert np.abs(wanted - found).max() < 1e-4
    assert np.ptp(found[..., 0]) > 0 or candidates == 1


@pytest.mark.parametrize("acts", [1, 64])
def test_also_for_empty_histories_padding_and_missing_numbers(published: Path, acts: int) -> None:
    inputs = export.example(export.load(published).shape, 3, acts, 12)
    inputs[4][0] = False
    inputs[4][1, acts // 2 :] = False
    inputs[0][0], inputs[2][0] = 0, 0
    inputs[5][:, 3] = 0
    inputs[7][:, 4] = float("nan")
    inputs[7][1, :, 0] = float("nan")
    inputs[7][2, 5] = 1e30
    wanted, found = both(published, inputs)
    assert np.isfinite(found).all()
    assert np.abs(wanted - found).max() < 1e-4
