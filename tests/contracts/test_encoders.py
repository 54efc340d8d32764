"""What every encoder answers, whichever model is behind it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ml.embedding.calibration import calibration, cosines
from ml.embedding.encoder import Encoder, family
from ml.nets import prepare

ODD = [
    "",
    " ",
    "\n\t",
    "a",
    "啊",
    "🐈" * 300,
    "</s><pad><s>",
    "\ud800 half a character",
    "\x00",
    "x" * 100_000,
    "字" * 5000,
]


@pytest.fixture(params=["packaged", "other"])
def any_encoder(request: pytest.FixtureRequest) -> Encoder:
    return request.getfixturevalue(f"{request.param}_encoder")


def test_one_unit_vector_for_each_text(any_encoder: Encoder) -> None:
    texts = calibration().texts
    vectors = any_encoder.encode(texts)
    assert vectors.shape == (len(texts), any_encoder.dimensions)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_nothing_in_nothing_out(any_encoder: Encoder) -> None:
    assert any_encoder.encode([]).shape == (0, any_encoder.dimensions)


def test_odd_texts_get_vectors_too(any_encoder: Encoder) -> None:
    vectors = any_encoder.encode(ODD)
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_order_is_kept_and_neighbours_do_not_matter(any_encoder: Encoder) -> None:
    texts = [*calibration().texts[:80], "a long one " * 60, ""]
    together = any_encoder.encode(texts)
    backwards = any_encoder.encode(texts[::-1])[::-1]
    alone = np.concatenate([any_encoder.encode([text]) for text in texts])
    assert cosines(together, backwards).min() > 0.9999
    assert cosines(together, alone).min() > 0.9999
    assert len(np.unique(together.round(4), axis=0)) == len(texts)


def test_threads_get_the_vectors_of_their_own_texts(any_encoder: Encoder) -> None:
    groups = [calibration().texts[start : start + 10] for start in range(0, 120, 10)]
    expected = [any_encoder.encode(group) for group in groups]
    with ThreadPoolExecutor(6) as pool:
        for found, wanted in zip(pool.map(any_encoder.encode, groups), expected, strict=True):
            assert cosines(found, wanted).min() > 0.9999


def test_name_tells_model_precision_and_digest(any_encoder: Encoder) -> None:
    family, precision, digest = any_encoder.name.split("/")
    assert family
    assert precision == any_encoder.about["precision"]
    assert any_encoder.about["digest"].startswith(digest)
    assert len(any_encoder.name) <= 120


def test_int8_is_refused_when_it_strays(
    other_model: Path, other_encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "LEAST_WORST_COSINE", 1.0)
    strict = Encoder(prepare.prepare_encoder(str(other_model), tmp_path, lambda step: None))
    assert other_encoder.about["precision"] == "int8"
    assert strict.about["precision"] == "float32"
    assert strict.name.startswith(f"{family(str(other_model))}/float32/")
    texts = calibration().texts[:40]
    assert cosines(strict.raw(texts), other_encoder.raw(texts)).min() > 0.98
