"""The pages for when something is wrong on the site's side."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client


@pytest.mark.parametrize(("fault", "status"), [(OperationalError("gone"), 503), (RuntimeError("bug"), 500)])
def test_a_fault_is_a_page_and_a_lost_database_says_try_again(
    db: None, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise fault

    monkeypatch.setattr("feed.views.home.render", fail)
    answer = Client(raise_request_exception=False).get("/about")
    assert answer.status_code == status
    assert "still in the box" in answer.content.decode()
    assert answer.headers.get("Retry-After") == ("5" if status == 503 else None)
