"""The news of the feed, sent by the verbs in `actions` after commit. Every signal passes ids, never rows."""

from django.dispatch import Signal

post_published = Signal()  # post_id, author_id
post_edited = Signal()  # post_id, author_id
post_deleted = Signal()  # post_id, author_id
post_restored = Signal()  # post_id, author_id
liked = Signal()  # person_id, post_id
unliked = Signal()  # person_id, post_id
reposted = Signal()  # person_id, post_id, repost_id
unreposted = Signal()  # person_id, post_id
bookmarked = Signal()  # person_id, post_id
unbookmarked = Signal()  # person_id, post_id
topic_followed = Signal()  # person_id, topic_id
topic_unfollowed = Signal()  # person_id, topic_id
topic_muted = Signal()  # person_id, topic_id
topic_unmuted = Signal()  # person_id, topic_id
topic_changed = Signal()  # topic_id: a curated topic was made or rewritten
group_joined = Signal()  # person_id, group_id
group_left = Signal()  # person_id, group_id
feedback_given = Signal()  # person_id, feedback_id
feedback_undone = Signal()  # person_id, feedback_id
suggestion_dismissed = Signal()  # person_id, dismissal_id
suggestion_restored = Signal()  # person_id; who, topic, group: ids, all but one None
reported = Signal()  # report_id
report_withdrawn = Signal()  # report_id
labelled = Signal()  # post_id, name
notified = Signal()  # recipient_id, notification_id
notices_read = Signal()  # recipient_id
