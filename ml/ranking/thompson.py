"""Which fresh post gets an explored place: Thompson sampling over Beta posteriors. Knows numbers only, no post.

Thompson (1933); Chapelle & Li, An Empirical Evaluation of Thompson Sampling (2011).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ml.ranking.candidate import Floats

PRIOR_WEIGHT: Final = 10.0  # impressions that the site's own rate is worth before the first of a post's own
LEAST_RATE: Final = 0.002
DRAWS: Final = 256  # from which the propensity is estimated


def posterior(tried: Floats, answered: Floats, usual: float) -> tuple[Floats, Floats]:
    """(a, b) of the Beta posterior of each post's positive rate, shape (n,) each, from `answered` of `tried`
    impressions under a prior of mean `usual` that weighs PRIOR_WEIGHT impressions."""
    mean = min(max(usual, LEAST_RATE), 1 - LEAST_RATE)
    answered = np.minimum(answered, tried)
    a, b = PRIOR_WEIGHT * mean + answered, PRIOR_WEIGHT * (1 - mean) + (tried - answered)
    return np.asarray(a, dtype=np.float32), np.asarray(b, dtype=np.float32)


def draw(a: Floats, b: Floats, scale: Floats, random: np.random.Generator) -> tuple[int, float]:
    """(the row that wins one draw from every posterior · `scale`, its propensity). Raises ValueError without rows.

    The propensity is the share of DRAWS further rounds that the row wins, counted with the round that chose it, so that
    it is never zero.
    """
    if not len(a):
        raise ValueError("nothing to draw from")
    rounds = random.beta(a.astype(np.float64), b.astype(np.float64), size=(DRAWS + 1, len(a))) * scale
    winners = rounds.argmax(axis=1)
    return int(winners[0]), float((winners == winners[0]).mean())
