"""Which fresh post gets an explored place: Thompson sampling over Beta posteriors. Knows numbers only, no post.

Thompson (1933); Chapelle & Li, An Empirical Evaluation of Thompson Sampling (2011).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.ranking.candidate import Floats, Ints

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


def rounds(ids: Ints, a: Floats, b: Floats, scale: Floats, seed: int) -> NDArray[np.float64]:
    """DRAWS + 1 draws from every posterior · `scale`, shape (DRAWS + 1, n): the first chooses, the others estimate.

    Each post has a stream of its own, so that what happens to one leaves the draws of the others as they were.
    """
    drawn = [
        np.random.Generator(np.random.Philox(key=[seed % 2**63, post])).beta(a[row], b[row], DRAWS + 1) * scale[row]
        for row, post in enumerate(ids.tolist())
    ]
    return np.stack(drawn, axis=1) if drawn else np.zeros((DRAWS + 1, 0))


def winner(drawn: NDArray[np.float64]) -> tuple[int, float]:
    """(which column wins the first round, its propensity) of rounds, shape (m, n). Raises ValueError without columns.

    The propensity is the share of rounds it wins, counted with the one that chose it, so that it is never zero.
    """
    if not drawn.shape[1]:
        raise ValueError("nothing to draw from")
    winners = drawn.argmax(axis=1)
    return int(winners[0]), float((winners == winners[0]).mean())
