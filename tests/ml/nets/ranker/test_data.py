"""A dataset reads as it was written, splits by time, and samples without moving the log-odds."""

from pathlib import Path

import numpy as np
import pytest

from ml.nets.ranker.batches import Sampling
from ml.nets.ranker.data import Dataset, Writer, padded
from ml.ranking.heads import HEADS
from tests.ml.nets.ranker.town import LIKE, Town


def request(moment: float, rows: int = 2) -> dict[str, object]:
    return {
        "person": [7],
        "shown_at": [moment],
        "hist_post": [padded([1, 0], -1)],
        "hist_kind": [padded([0, 4])],
        "hist_age": [padded([1.5, 30])],
        "hist_author": [padded([900, 3])],
        "features": np.full((rows, 1), 0.25),
        "row_post": [1, -1][:rows],
        "row_author": [1023, 2][:rows],
        "position": list(range(rows)),
        "labels": np.zeros((rows, len(HEADS))),
        "impression": [2**60 + 1, 2**60 + 2][:rows],
    }


def test_what_was_written_is_read(tmp_path: Path) -> None:
    with Writer(tmp_path, ["quality"], 2) as writer:
        assert writer.add_posts([[1, 0]]) == 0
        assert writer.add_posts([[0, 1]]) == 1
        writer.add([2], **request(5.0))
        writer.add([1], **request(6.0, rows=1))
        writer.close(encoder="e5", left_out_by_consent=3)
    data = Dataset(tmp_path)
    assert {name: data.meta[name] for name in ("rows", "requests", "people", "from", "to")} == {
        "rows": 3,
        "requests": 2,
        "people": 1,
        "from": 5.0,
        "to": 6.0,
    }
    assert (data.meta["encoder"], data.meta["left_out_by_consent"], data.feature_names) == ("e5", 3, ("quality",))
    batch = data.gather(np.array([0, 1]))
    assert batch.history.tolist() == [[[0, 1], [1, 0]]] * 2
    assert batch.post.tolist() == [[[0, 1], [0, 0]], [[0, 1], [0, 0]]]
    assert batch.mask.tolist() == [[True, True], [True, False]]
    assert batch.weight.tolist() == [[1, 1], [1, 0]]
    assert (batch.labels[1, 1] == -1).all()
    assert data.impression.tolist() == [2**60 + 1, 2**60 + 2, 2**60 + 1]
    assert data.gather(np.array([0]), history=0).history_mask.tolist() == [[False]]


def test_an_unfinished_folder_and_requests_out_of_order_are_refused(tmp_path: Path) -> None:
    with Writer(tmp_path, ["quality"], 2) as writer:
        writer.add([2], **request(5.0))
        with pytest.raises(ValueError, match="order"):
            writer.add([2], **request(4.0))
        with pytest.raises(ValueError, match="does not fit"):
            writer.add([3], **request(6.0))
    with pytest.raises(FileNotFoundError):
        Dataset(tmp_path)


def test_an_empty_dataset_reads_and_splits(tmp_path: Path) -> None:
    with Writer(tmp_path, ["quality"], 2) as writer:
        writer.close()
    assert [len(part) for part in Dataset(tmp_path).split()] == [0, 0, 0]


def test_parts_are_later_than_each_other(tmp_path: Path) -> None:
    data = Town(requests=100).write(tmp_path)
    train, validation, test = data.split((0.7, 0.2, 0.1))
    assert [len(part) for part in (train, validation, test)] == [70, 20, 10]
    assert test.rows == slice(1800, 2000)
    cut = data.split(moments=(60.0 * 50, 60.0 * 75))
    assert [len(part) for part in cut] == [50, 25, 25]
    assert sum(batch.mask.sum() for batch in validation.batches(7)) == 20 * 20


def test_sampling_keeps_acts_and_expected_sums(tmp_path: Path) -> None:
    data = Town(requests=400).write(tmp_path)
    everything = np.arange(400)
    batch = data.gather(everything, sampling=Sampling(keep_passed=0.25), rng=np.random.default_rng(1))
    kept = data.labels[batch.rows[batch.mask]]
    assert kept.size < 0.6 * data.labels.size
    assert (kept == 1).sum() == (data.labels == 1).sum()
    positives = (data.labels[:, LIKE] == 1).sum()
    weighted = batch.weight[batch.labels[..., LIKE] == 0].sum()
    assert weighted == pytest.approx((data.labels[:, LIKE] == 0).sum(), rel=0.05)
    assert (batch.weight[batch.labels[..., LIKE] == 1]).sum() == positives
