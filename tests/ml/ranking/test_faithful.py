"""Whether the act that is named mattered, on a net that was trained: acts are deleted from the history, not masked."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ml.nets.ranker import fit
from ml.ranking import attribution, learned, weights
from ml.ranking.heads import HEADS
from ml.ranking.history import History
from ml.ranking.learned import Learned
from tests.ml.nets.ranker import town as made_up
from tests.ml.nets.ranker.town import Town

VERSION = "ranker-20260501-020000-00c0ffee"
SMALL = fit.Config(width=32, layers=1, batch=32, least_steps=150, epochs=1, threads=1, dropout=0.05)
CASES, LEAST_ACTS, AGREED = 200, 4, 0.80


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Learned, Any]:
    """A net that learned the made-up town, served as the web process serves it."""
    with pytest.MonkeyPatch.context() as patch:
        base = tmp_path_factory.mktemp("models")
        patch.setattr("django.conf.settings.MODELS_DIR", base)
        patch.setattr(learned, "NAMES", made_up.FEATURES)
        data = Town(people=60, requests=900).write(base / "data")
        folder = base / "ranker" / VERSION
        fit.train(data.folder, folder, SMALL)
        assert json.loads((folder / "card.json").read_text())["features"] == list(made_up.FEATURES)
        learned.forget()
        model = learned.load(VERSION)
        learned.forget()
        return model, data


def test_deleting_the_named_act_moves_the_score_more_than_deleting_another(trained: tuple[Learned, Any]) -> None:
    model, data = trained
    rng = np.random.default_rng(5)
    table = np.array([weights.DEFAULT[head] for head in HEADS], dtype=np.float32)
    wins = cases = 0
    view = data.split()[2]
    for batch in view.batches(1):
        acts = int(batch.history_mask[0].sum())
        if acts < LEAST_ACTS or cases >= CASES:
            continue
        history = History(
            tuple(range(acts)),
            batch.history[0, :acts],
            batch.history_kind[0, :acts],
            batch.history_age[0, :acts],
            batch.history_author[0, :acts],
        )
        place = int(rng.integers(batch.post.shape[1]))
        vector, row, author = batch.post[0, place], batch.row[0, place], batch.author[0, place : place + 1]

        def score(one: History, vector: Any = vector, row: Any = row, author: Any = author) -> float:
            return float(model.scale * (model.chances(one, vector[None], author, row[None])[0] @ table))

        by = attribution.moved(model, history, vector, int(author[0]), row, weights.DEFAULT)
        first = int(np.argmax(np.abs(by)))
        other = int(rng.choice([at for at in range(acts) if at != first]))
        whole = score(history)
        wins += abs(whole - score(history.without(first))) > abs(whole - score(history.without(other)))
        cases += 1
    assert cases >= 50
    assert wins / cases >= AGREED, (wins, cases)
