"""Which posts the same people act on, item to item, by EASE. Knows a matrix of people and posts, and no database.

Source: H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019), equations 6 to 8, here with a weight
for each person: the more somebody acts, the less each of their acts says, so that who likes everything says nothing.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

SHRINK = 8.0  # λ of the formula, in mean weights of a post; on the plateau of benchmarks/ml100k.py
DAMPING = 0.5  # a person with n acts weighs n^-DAMPING: bounds who likes everything, and costs nothing there


def similarity(acts: sp.csr_matrix, shrink: float = SHRINK, damping: float = DAMPING) -> Floats:
    """B of EASE, float32 (posts, posts), from `acts` (people, posts) of ones: acting on row i speaks for column j.

    Cost: one Cholesky factor and inverse of a dense (posts, posts) matrix; 5,000 posts take 200 MB.
    """
    posts = acts.shape[1]
    if posts == 0 or acts.nnz == 0:
        return np.zeros((posts, posts), dtype=np.float32)
    of_person = np.maximum(np.asarray(acts.sum(axis=1)).ravel(), 1.0)
    weighed = sp.diags_array(of_person**-damping) @ acts
    gram = np.asarray((acts.T @ weighed).todense(), dtype=np.float32)
    diagonal = np.diag_indices(posts)
    gram[diagonal] += max(shrink * float(gram[diagonal].mean()), 1e-6)
    inverse = _inverse(gram)
    inverse /= -inverse[diagonal].copy()
    inverse[diagonal] = 0.0
    return inverse


def _inverse(gram: Floats) -> Floats:
    """The inverse of a symmetric positive definite matrix, in the place of its argument."""
    lower, failed = scipy.linalg.lapack.spotrf(gram, lower=1, overwrite_a=1)
    if not failed:
        lower, failed = scipy.linalg.lapack.spotri(lower, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError("the matrix of acts cannot be inverted; the shrinkage is too small")
    lower = np.tril(lower)
    lower += np.tril(lower, -1).T
    return np.ascontiguousarray(lower)


def together(acts: sp.csr_matrix) -> sp.csr_matrix:
    """How many people acted on both posts, (posts, posts)."""
    return (acts.T @ acts).tocsr()


def nearest(similar: Floats, allowed: sp.csr_matrix | None, most: int) -> list[tuple[Ints, Floats]]:
    """For each post its strongest neighbours, best first: (columns, scores), at most `most`, all above zero.

    With `allowed`, only columns that have an entry above zero in its row.
    """
    found = []
    for row, scores in enumerate(similar):
        columns = np.arange(len(scores)) if allowed is None else allowed[[row]].indices
        columns = columns[scores[columns] > 0]
        best = columns[np.argsort(-scores[columns], kind="stable")[:most]]
        found.append((best.astype(np.int64), scores[best]))
    return found
