"""The verbs of the feed. Each is one transaction, checks permission itself, and is announced once it is committed."""

from feed.actions.curation import curate_topic, merge_topics, part_topic
from feed.actions.drafts import drop_draft, save_draft
from feed.actions.expiry import drop_unused_pictures, expire_impressions
from feed.actions.feedback import (
    give_feedback,
    handle_report,
    label,
    lift_label,
    mute_topic,
    report,
    say_reason,
    undo_feedback,
    unmute_topic,
    withdraw_report,
)
from feed.actions.notices import mark_notices_read, notify
from feed.actions.outcomes import note_links, note_reading
from feed.actions.places import (
    admit_member,
    create_group,
    follow_topic,
    join_group,
    leave_everything,
    leave_group,
    remove_member,
    set_member_role,
    topic_named,
    unfollow_topic,
    update_group,
)
from feed.actions.posts import comment, correct_language, delete, edit, label_topics, publish, purge, restore
from feed.actions.reactions import bookmark, like, repost, unbookmark, unlike, unrepost
from feed.actions.suggestions import dismiss, undo_dismiss

__all__ = [
    "admit_member",
    "bookmark",
    "comment",
    "correct_language",
    "create_group",
    "curate_topic",
    "delete",
    "dismiss",
    "drop_draft",
    "drop_unused_pictures",
    "edit",
    "expire_impressions",
    "follow_topic",
    "give_feedback",
    "handle_report",
    "join_group",
    "label",
    "label_topics",
    "leave_everything",
    "leave_group",
    "lift_label",
    "like",
    "mark_notices_read",
    "merge_topics",
    "mute_topic",
    "note_links",
    "note_reading",
    "notify",
    "part_topic",
    "publish",
    "purge",
    "remove_member",
    "report",
    "repost",
    "restore",
    "save_draft",
    "say_reason",
    "set_member_role",
    "topic_named",
    "unbookmark",
    "undo_dismiss",
    "undo_feedback",
    "unfollow_topic",
    "unlike",
    "unmute_topic",
    "unrepost",
    "update_group",
    "withdraw_report",
]
