"""The admin's pages about what is said and shown. Nobody's words are rewritten; decisions can be taken back."""

from feed.admin import places, posts, records, reports

__all__ = ["places", "posts", "records", "reports"]
