"""Numbers that are none reach neither the score nor the log, and break no page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.test import Client

from accounts.models import User
from feed import actions
from feed.models import Impression
from ml.ranking.candidate import Candidates, Query


def test_a_number_that_is_none_breaks_no_page(
    alice: User, bob: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is neither scored nor logged: JSON has no word for it."""

    def odd(self: Any, query: Query, candidates: Candidates) -> dict[str, Any]:
        return {"affinity": np.full(len(candidates), np.nan, np.float32)}

    actions.publish(bob, "Slugs again", language="en")
    monkeypatch.setattr("ml.ranking.hydrators.Affinity.__call__", odd)
    client.force_login(alice)
    assert client.get("/").status_code == 200
    row = Impression.objects.get(person=alice)
    assert "affinity" not in row.features
    assert row.features["freshness"] > 0
    assert np.isfinite(row.score)
