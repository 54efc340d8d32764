"""The acts a ranker predicts, in their order, and how what was stored becomes a label. Knows no model and no weight."""

from __future__ import annotations

from typing import Final

HEADS: Final = ("like", "comment", "repost", "bookmark", "follow", "open", "dwell", "not_interested", "reject")
REFUSED: Final = ("not_interested", "reject")  # the heads of what was not wanted
UNKNOWN: Final = -1  # the label of an act that was not measured, for want of consent

# Which head learns from which outcome (`feed.models.Outcome.Kind`).
HEAD_OF: Final = {
    "like": "like",
    "comment": "comment",
    "repost": "repost",
    "quote": "repost",
    "bookmark": "bookmark",
    "follow": "follow",
    "open": "open",
    "link": "open",
    "not_interested": "not_interested",
    "fewer": "not_interested",
    "hide": "reject",
    "mute": "reject",
    "block": "reject",
    "report": "reject",
}
NEEDS_OPENS: Final = ("open",)  # known only of people who let the site learn from what they open
NEEDS_READING_TIME: Final = ("dwell",)

LEAST_READ_MS: Final = 4_000
MS_A_CHARACTER: Final = 25  # half of quick reading, about 20 characters a second
MOST_READ_MS: Final = 20_000


def long_read_ms(characters: int) -> int:
    """How long a post must stay in view to count as read: 25 ms a character, within 4 and 20 seconds."""
    return min(max(LEAST_READ_MS, MS_A_CHARACTER * characters), MOST_READ_MS)


def long_read(ms: int, characters: int) -> bool:
    """Whether a post stayed in view long enough to have been read."""
    return ms >= long_read_ms(characters)
