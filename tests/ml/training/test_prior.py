"""The hand-set recipe as the net knows it is the recipe that pages are scored by."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ml.nets.ranker.net import HandSet
from ml.ranking.features import NAMES
from ml.ranking.home import RECIPE
from ml.training.rivals import prior, recipe_scores


def rows(n: int = 500) -> np.ndarray:
    found = np.random.default_rng(0).normal(0.3, 0.6, (n, len(NAMES))).astype(np.float32)
    found[:, NAMES.index("shown_times")] = np.random.default_rng(1).integers(0, 3, n)
    found[:, NAMES.index("friends")] = np.random.default_rng(2).integers(0, 5, n)
    found[:, NAMES.index("feedback")] = 1.0  # "see fewer" is taken away after scoring
    found[::50, 0], found[1::50, 1], found[2::50, 2] = np.nan, np.inf, -np.inf
    return found


def test_the_prior_is_the_recipe() -> None:
    known = HandSet(len(NAMES))
    known.take(prior(), NAMES)
    scores = recipe_scores(rows())
    assert known(torch.from_numpy(rows())).numpy() == pytest.approx(scores, rel=1e-4, abs=1e-4)
    assert (scores < 0).any()
    assert (scores > 0).any()


def test_every_weight_of_the_recipe_is_in_it() -> None:
    told = prior()
    bends = len(told.above) + len(told.leaves)
    assert len(told.weights) + bends == len(RECIPE)
    assert set(told.weights) <= set(NAMES)


def test_a_number_that_rows_do_not_have_is_refused() -> None:
    with pytest.raises(KeyError):
        HandSet(2).take(prior(), NAMES[:2])
