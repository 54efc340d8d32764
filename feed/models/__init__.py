"""The tables that a page of the feed must read: what was said, shown and answered."""

from feed.models.attachment import Attachment
from feed.models.dismissal import Dismissal, SuggestionImpression
from feed.models.draft import Draft
from feed.models.feedback import Feedback, MutedTopic
from feed.models.group import Group, Membership
from feed.models.impression import Impression, Outcome
from feed.models.label import Label
from feed.models.notification import Notification
from feed.models.post import Comment, Mention, Post, PostTopic, Revision
from feed.models.reactions import Bookmark, Like, Repost
from feed.models.report import Report
from feed.models.topic import Topic, TopicFollow

__all__ = [
    "Attachment",
    "Bookmark",
    "Comment",
    "Dismissal",
    "Draft",
    "Feedback",
    "Group",
    "Impression",
    "Label",
    "Like",
    "Membership",
    "Mention",
    "MutedTopic",
    "Notification",
    "Outcome",
    "Post",
    "PostTopic",
    "Report",
    "Repost",
    "Revision",
    "SuggestionImpression",
    "Topic",
    "TopicFollow",
]
