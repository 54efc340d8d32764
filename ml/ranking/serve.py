"""The home page's question, answered: a viewer in, a slate out, with all that is logged. Holds no rule of its own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from math import isfinite
from typing import Any

import numpy as np
from django.utils import timezone
from threadpoolctl import threadpool_limits

from feed.backends import Ranked, Slate
from ml.ranking import arms, holdout
from ml.ranking.candidate import Candidates, Column, Query
from ml.ranking.features import NAMES
from ml.ranking.filters import known
from ml.ranking.home import home
from ml.ranking.pipeline import Pipeline, Trace
from ml.ranking.reasons import reasons

FOLLOWING_ORDER = "following-order"


@cache
def pipeline() -> Pipeline:
    """The home pipeline of this process. The products it makes are small: shared among threads they take five times
    as long on a busy machine, so linear algebra keeps to one thread from here on."""
    threadpool_limits(limits=1, user_api="blas")
    return home()


def query_for(
    viewer: Any, *, limit: int, exclude: Collection[int] = (), now: datetime | None = None, seed: int | None = None
) -> Query:
    """Within an hour the same person gets the same draws, so that a reload does not shuffle the page."""
    now = now or timezone.now()
    if seed is None:
        seed = viewer.pk * 1_000_003 + int(now.timestamp() // 3600)
    return Query(viewer_id=viewer.pk, now=now, limit=limit, exclude=frozenset(exclude), seed=seed)


def rank(viewer: Any, *, limit: int, exclude: Collection[int] = ()) -> Slate:
    arm = arms.arm_of(viewer.pk)
    if arm is not None and arm.serves == arms.FOLLOWING:
        return in_order_of_following(viewer, arm.name, limit=limit, exclude=exclude)
    slate, _selected, _trace = traced(query_for(viewer, limit=limit, exclude=exclude))
    return slate


def in_order_of_following(viewer: Any, bucket: str, *, limit: int, exclude: Collection[int] = ()) -> Slate:
    """The holdout of an experiment: nothing is ranked, and what was shown is logged all the same."""
    ids = holdout.unread(viewer, limit, exclude)
    items = [Ranked(post_id, "follows", {"kind": "in-order"}, found_by=("follows",)) for post_id in ids]
    return Slate(items, model_version=FOLLOWING_ORDER, bucket=bucket)


def traced(query: Query, by: Pipeline | None = None) -> tuple[Slate, Candidates, Trace]:
    """The slate and how it came about."""
    by = by or pipeline()
    selected, trace = by.run(query)
    slate = Slate(
        items=_items(query, selected),
        model_version=query.scored_by or by.model_version,
        bucket=query.bucket,
        shadow_version=query.shadow,
        scored_at=query.now,
    )
    return slate, selected, trace


def _items(query: Query, selected: Candidates) -> list[Ranked]:
    terms = {name[5:]: column for name, column in selected.columns.items() if name.startswith("term:")}
    empty = np.zeros((len(selected), 0))
    term_rows = _named(terms, np.stack(list(terms.values()), axis=1) if terms else empty, digits=4)
    rows = _named(NAMES if "row" in selected.columns else (), selected.columns.get("row", empty), digits=6)
    why = reasons(query, selected)
    shadow = selected.columns.get("shadow_score")
    shadows = np.round(shadow.astype(np.float64), 4).tolist() if shadow is not None else [None] * len(selected)
    seen = known(selected).tolist()
    finders = [(name, mask.tolist()) for name, mask in selected.found_by.items()]
    return [
        Ranked(
            post_id=post_id,
            source=why[place][0],
            reason=why[place][1],
            score=round(score, 4),
            terms={name: value for name, value in term_rows[place].items() if value},
            features=rows[place],
            seen_before=seen[place],
            shadow_score=shadows[place],
            found_by=[name for name, found in finders if found[place]],
        )
        for place, (post_id, score) in enumerate(zip(selected.ids.tolist(), selected["score"].tolist(), strict=True))
    ]


def _named(names: Collection[str], table: Column, digits: int) -> list[dict[str, float]]:
    """The rows of a table (n, len(names)) by name, without what is not finite: JSON has no word for it, and what is not
    there is read back as missing. Rounded as floats of 64 bits, so that JSON holds what was seen and no noise."""
    values = np.round(table.astype(np.float64), digits)
    if np.isfinite(values).all():
        return [dict(zip(names, row, strict=True)) for row in values.tolist()]
    return [{name: value for name, value in zip(names, row, strict=True) if isfinite(value)} for row in values.tolist()]
