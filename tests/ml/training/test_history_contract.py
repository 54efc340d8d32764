"""The history a row is trained with is the history it would have been served with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from feed.models import Bookmark, Feedback, Like, Post, Repost
from ml.embedding.nearest import vectors_of
from ml.ranking import viewer
from ml.ranking.candidate import Query
from ml.ranking.history import history_of
from tests.ml.training.conftest import MODEL, Site


def test_training_and_serving_see_the_same_history(site: Site, collected: Any) -> None:
    reader, author = site.person("reader"), site.person("author")
    posts = site.write_many([(author, number % 6) for number in range(90)])
    at = site.now - timedelta(hours=24)
    for number, post in enumerate(posts[:80]):
        kind = (Like, Like, Repost, Bookmark)[number % 4]
        kind.objects.create(person=reader, post=post, created_at=at - timedelta(hours=number + 1))
    for number, post in enumerate(posts[80:85]):
        Post.objects.create(author=reader, parent=post, text="y", created_at=at - timedelta(minutes=number + 1))
    for number, kind in enumerate(("not_interested", "hide", "more")):
        refused = {"post": posts[85 + number], "kind": kind, "created_at": at - timedelta(hours=number, minutes=30)}
        Feedback.objects.create(person=reader, **refused)
    site.show(reader, posts[88:], at)

    query = Query(viewer_id=reader.pk, now=at)
    viewer.Relations()(query)
    viewer.Acts()(query)
    ids, vectors = vectors_of([post.pk for post in posts], MODEL)
    query.vector_of = dict(zip(ids, vectors, strict=True))
    served, data = history_of(query), collected()

    assert len(served) == 64
    assert data.hist_kind[0].tolist() == served.kinds.tolist()
    assert data.hist_author[0].tolist() == served.authors.tolist()
    assert np.abs(data.hist_age[0] - served.age_hours).max() < 1e-3
    assert np.abs(data.posts[data.hist_post[0]] - served.vectors).max() < 1e-3
