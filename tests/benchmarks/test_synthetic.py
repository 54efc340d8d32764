"""The made-up site of benchmarks/home.py: no source is idle there, and no hydrator."""

from __future__ import annotations

import pytest

from accounts.models import User
from benchmarks import synthetic
from feed.models import Impression
from ml import registry
from ml.embedding import centre
from ml.ranking import serve, viewer
from ml.ranking.home import PLAIN_SOURCES

VIEWERS = 10  # of whom one is new


@pytest.mark.django_db(transaction=True)
def test_every_source_finds_and_every_hydrator_works() -> None:
    synthetic.fill(posts=900, people=150)
    registry.forget()
    viewer.forget()
    centre.forget()
    found = dict.fromkeys((source.name for source in PLAIN_SOURCES), 0)
    used = dict.fromkeys(("interests", "topic_taste", "about", "friends", "affinity", "refusal", "feedback"), 0)
    for person in User.objects.order_by("pk")[:VIEWERS]:
        _slate, chosen, trace = serve.traced(serve.query_for(person, limit=200))
        assert [step.name for step in trace.steps if step.error] == []
        for name, mask in chosen.found_by.items():
            found[name] = found.get(name, 0) + int(mask.sum())
        for name in used.keys() & chosen.columns.keys():
            used[name] += int((chosen[name] != (1 if name == "feedback" else 0)).any())
        query = serve.query_for(person, limit=200)
        for hydrate in serve.pipeline().query_hydrators:
            hydrate(query)
        used["interests"] += int(len(query.interests.vectors) > 0)
    assert [name for name, count in found.items() if not count] == []
    assert [name for name, people in used.items() if not people] == []
    before = Impression.objects.count()
    synthetic.forget_visits()
    assert Impression.objects.count() == before, "what was shown at the start stays"
