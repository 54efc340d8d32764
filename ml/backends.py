"""How ml answers the questions of `feed/backends.py`."""

from feed.backends import NewestFirst, NoUnderstanding


class HomeRanker(NewestFirst):
    """Ranks the home page."""


class Understanding(NoUnderstanding):
    """Language and meaning."""
