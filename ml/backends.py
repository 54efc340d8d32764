"""How ml answers the questions of `feed/backends.py`."""

from collections.abc import Collection
from typing import Any

from feed.backends import NewestFirst, NoUnderstanding, Slate, Why
from ml.ranking import explain, serve


class HomeRanker:
    """Ranks the home page by `ranking/home.py`, for those who did not switch ranking off."""

    def rank(self, viewer: Any, *, limit: int, exclude: Collection[int] = ()) -> Slate:
        consent = getattr(viewer, "consent", None)  # nobody's, for somebody who did not sign in
        if consent is None or not consent.personalised:
            return NewestFirst().rank(viewer, limit=limit, exclude=exclude)
        return serve.rank(viewer, limit=limit, exclude=exclude)

    def say_why(self, reason: dict[str, Any], source: str) -> str:
        return explain.sentence(reason)

    def explain(self, impression: Any) -> Why:
        """From what was logged with the impression alone: what the ranker saw then, not what it would say now."""
        return Why(
            sentence=explain.sentence(impression.reason),
            bars=explain.bars(impression.terms),
            model_version=impression.model_version,
        )


class Understanding(NoUnderstanding):
    """Language and meaning."""
