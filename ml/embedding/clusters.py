"""Which of a person's posts belong together: average linkage over cosines. Knows arrays only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ml.conf import CLUSTER_COSINE, SAME_TOPIC_BONUS


def similarities(vectors: np.ndarray, topics: Sequence[frozenset[int]]) -> np.ndarray:
    """Cosines, shape (n, n), raised where two items share a topic and lowered where both have one and share none."""
    similar = vectors @ vectors.T
    names = sorted(set().union(*topics))
    member = np.array([[name in found for name in names] for found in topics], dtype=np.float32).reshape(
        len(topics), -1
    )
    share: np.ndarray = np.greater(member @ member.T, 0)
    known: np.ndarray = member.sum(axis=1) > 0
    similar = similar + SAME_TOPIC_BONUS * share
    return similar - SAME_TOPIC_BONUS * (known[:, None] & known[None, :] & ~share)


def clusters(similar: np.ndarray, least: float = CLUSTER_COSINE) -> list[list[int]]:
    """Row numbers grouped so that two groups are less alike, on average, than `least` (agglomerative, average linkage).

    No number of interests is guessed beforehand: PinnerSage (Pal et al. 2020, section 4.2) clusters in the same way,
    with Ward's linkage; average linkage mixed fewer topics on the demo town (docs/experiments.md).
    """
    n = len(similar)
    if n < 2:
        return [[row] for row in range(n)]
    from scipy.cluster.hierarchy import fcluster, linkage  # a fifth of a second, and only workers learn
    from scipy.spatial.distance import squareform

    distance = np.clip(1.0 - similar, 0.0, None)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform((distance + distance.T) / 2, checks=False), method="average")
    labels = fcluster(tree, 1.0 - least, criterion="distance")
    groups: dict[int, list[int]] = {}
    for row, label in enumerate(labels):
        groups.setdefault(int(label), []).append(row)
    return list(groups.values())
