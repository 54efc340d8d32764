"""Addresses of the feed's pages."""

from django.urls import path, register_converter

from feed.views import (
    drafts,
    feedback,
    home,
    mutes,
    notices,
    people,
    places,
    posts,
    reactions,
    search,
    suggestions,
    uploads,
    welcome,
)
from feed.views.why import why


class Identity:
    """A row's id: what fits into PostgreSQL's bigint; anything longer is no address of ours."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        if int(value) >= 2**63:
            raise ValueError(value)
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class Handle:
    """A handle in any case; it is compared in small letters."""

    regex = "[A-Za-z0-9_]{1,30}"

    def to_python(self, value: str) -> str:
        return value.lower()

    def to_url(self, value: str) -> str:
        return value


register_converter(Identity, "id")
register_converter(Handle, "handle")

app_name = "feed"
urlpatterns = [
    path("", home.home, name="home"),
    path("new", home.new_posts, name="new_posts"),
    path("seen", home.seen, name="seen"),
    path("explore", home.explore, name="explore"),
    path("help", home.help_page, name="help"),
    path("about", home.about, name="about"),
    path("search", search.find, name="search"),
    path("compose", posts.compose, name="compose"),
    path("compose", posts.compose, name="publish"),
    path("drafts", drafts.drafts, name="drafts"),
    path("drafts/save", drafts.draft_save, name="draft_save"),
    path("drafts/<id:draft_id>/delete", drafts.draft_delete, name="draft_delete"),
    path("uploads", uploads.upload, name="upload"),
    path("notifications", notices.notifications, name="notifications"),
    path("notifications/read", notices.notices_read, name="notices_read"),
    path("bookmarks", notices.bookmarks, name="bookmarks"),
    path("why/<id:impression_id>", why, name="why"),
    path("complete/people", people.complete_people, name="complete_people"),
    path("complete/topics", places.complete_topics, name="complete_topics"),
    path("you/welcome", welcome.welcome, name="welcome"),
    path("you/muted", mutes.muted, name="muted"),
    path("you/muted/words/<id:phrase_id>/remove", mutes.unmute_word, name="unmute_word"),
    path("feedback/<id:feedback_id>/reason", feedback.say_reason, name="say_reason"),
    path("feedback/<id:feedback_id>/undo", feedback.undo_feedback, name="undo_feedback"),
    path("reports/<id:report_id>/withdraw", feedback.withdraw_report, name="withdraw_report"),
    path("posts/<id:post_id>", posts.post_by_id, name="post_by_id"),
    path("posts/<id:post_id>/edit", posts.edit, name="edit"),
    path("posts/<id:post_id>/delete", posts.delete, name="delete"),
    path("posts/<id:post_id>/restore", posts.restore, name="restore"),
    path("posts/<id:post_id>/language", posts.language, name="language"),
    path("posts/<id:post_id>/like", reactions.like, name="like"),
    path("posts/<id:post_id>/unlike", reactions.unlike, name="unlike"),
    path("posts/<id:post_id>/repost", reactions.repost, name="repost"),
    path("posts/<id:post_id>/unrepost", reactions.unrepost, name="unrepost"),
    path("posts/<id:post_id>/bookmark", reactions.bookmark, name="bookmark"),
    path("posts/<id:post_id>/unbookmark", reactions.unbookmark, name="unbookmark"),
    path("posts/<id:post_id>/not-interested", feedback.not_interested, name="not_interested"),
    path("posts/<id:post_id>/hide", feedback.hide, name="hide"),
    path("posts/<id:post_id>/more-like", feedback.more_like, name="more_like"),
    path("posts/<id:post_id>/fewer", feedback.fewer, name="fewer"),
    path("posts/<id:post_id>/report", feedback.report, name="report"),
    path("suggestions", suggestions.suggested, name="suggestions"),
    path("suggestions/dismiss", suggestions.dismiss, name="dismiss"),
    path("suggestions/<id:dismissal_id>/undo", suggestions.undo_dismiss, name="undo_dismiss"),
    path("topics", places.topics, name="topics"),
    path("topics/<str:name>", places.topic, name="topic"),
    path("topics/<str:name>/follow", places.follow_topic, name="follow_topic"),
    path("topics/<str:name>/unfollow", places.unfollow_topic, name="unfollow_topic"),
    path("topics/<str:name>/mute", places.mute_topic, name="mute_topic"),
    path("topics/<str:name>/unmute", places.unmute_topic, name="unmute_topic"),
    path("groups", places.groups, name="groups"),
    path("groups/new", places.group_new, name="group_new"),
    path("groups/<slug:slug>", places.group, name="group"),
    path("groups/<slug:slug>/edit", places.group_edit, name="group_edit"),
    path("groups/<slug:slug>/members", places.group_members, name="group_members"),
    path("groups/<slug:slug>/join", places.join_group, name="join_group"),
    path("groups/<slug:slug>/leave", places.leave_group, name="leave_group"),
    path("groups/<slug:slug>/members/<handle:username>/admit", places.group_admit, name="group_admit"),
    path("groups/<slug:slug>/members/<handle:username>/remove", places.group_remove, name="group_remove"),
    path("groups/<slug:slug>/members/<handle:username>/role", places.group_role, name="group_role"),
    path("@<handle:username>", people.profile, name="profile"),
    path("@<handle:username>/followers", people.followers, name="followers"),
    path("@<handle:username>/following", people.following, name="following"),
    path("@<handle:username>/report", feedback.report_person, name="report_person"),
    path("@<handle:username>/follow", people.follow, name="follow"),
    path("@<handle:username>/unfollow", people.unfollow, name="unfollow"),
    path("@<handle:username>/block", people.block, name="block"),
    path("@<handle:username>/unblock", people.unblock, name="unblock"),
    path("@<handle:username>/mute", people.mute, name="mute"),
    path("@<handle:username>/unmute", people.unmute, name="unmute"),
    path("@<handle:username>/<id:post_id>", posts.post, name="post"),
    path("@<handle:username>/<id:post_id>/history", posts.history, name="post_history"),
]
