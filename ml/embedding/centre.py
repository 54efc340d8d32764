"""The middle of what the site talks about, in each language: what posts have in common only by being posts here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from time import monotonic

import numpy as np
from django.db import connection

from ml.embedding.nearest import from_bytes

NEWEST = 3000  # public posts looked at
SHRINK = 50  # posts of a language below which its middle counts for little
KEPT_SECONDS = 600


def site_centres(model: str) -> dict[str, np.ndarray]:
    """Language -> mean vector, float32, shape (d,), of the newest public posts in it. Kept for ten minutes a process.

    Shrunk towards zero, n / (n + 50), so that a young site is not centred on its first posts. Measured on the demo
    town (docs/experiments.md): AUC of same topic against another .72 as they come, .78 less these.
    """
    return _centres(model, int(monotonic() // KEPT_SECONDS))


@lru_cache(maxsize=4)
def _centres(model: str, _period: int) -> dict[str, np.ndarray]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT language, halfvec_send(avg(vector)), count(*) FROM (
                   SELECT p.language, v.vector FROM feed_post p JOIN ml_postvector v ON v.post_id = p.id
                    WHERE v.model = %s AND p.visibility = 'public' AND p.deleted_at IS NULL AND NOT p.is_comment
                    ORDER BY p.id DESC LIMIT %s
               ) newest GROUP BY language""",
            [model, NEWEST],
        )
        rows = cursor.fetchall()
    return {language: from_bytes([mean])[0] * (n / (n + SHRINK)) for language, mean, n in rows}


def less_centre(vectors: np.ndarray, languages: Sequence[str], centres: dict[str, np.ndarray]) -> np.ndarray:
    """Vectors, shape (n, d), less the middle of their language ("": of the middles), as unit vectors."""
    if not len(vectors) or not centres:
        return vectors
    middle: np.ndarray = np.mean(list(centres.values()), axis=0)
    moved = vectors - np.stack([centres.get(one, middle) for one in languages])
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)


def forget() -> None:
    _centres.cache_clear()
