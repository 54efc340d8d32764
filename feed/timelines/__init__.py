"""What can be read, and in which order: home, following, local, profile, topic, group, thread, bookmarks, rising."""

from feed.timelines.conversation import Conversation, thread
from feed.timelines.home import drop_slates, home_ranked, outside
from feed.timelines.page import BadCursor, Page, attach_impression, cards, decorate, read_id
from feed.timelines.places import (
    bookmarks,
    count_newer,
    following,
    following_ids,
    group,
    local,
    newer,
    newest,
    profile,
    rising,
    rising_topics,
    topic,
)

__all__ = [
    "BadCursor",
    "Conversation",
    "Page",
    "attach_impression",
    "bookmarks",
    "cards",
    "count_newer",
    "decorate",
    "drop_slates",
    "following",
    "following_ids",
    "group",
    "home_ranked",
    "local",
    "newer",
    "newest",
    "outside",
    "profile",
    "read_id",
    "rising",
    "rising_topics",
    "thread",
    "topic",
]
