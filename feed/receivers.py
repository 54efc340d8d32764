"""What the feed hears: from accounts that someone followed or leaves, from itself what is to be told live.

And what people do about what they were shown, which becomes outcomes.
"""

from typing import Any, Final

from django.dispatch import Signal, receiver

from accounts import signals as people
from accounts.exports import collect_own_data
from accounts.models import User
from feed import actions, exports, live, signals, timelines
from feed.actions import outcomes, standing
from feed.models import Dismissal, Feedback, Label, Notification, Outcome, Post, Report
from feed.timelines import suggestions


@receiver(people.followed, dispatch_uid="feed.tell_followed")
def tell_followed(follower_id: int, followed_id: int, **_: Any) -> None:
    follower = User.objects.filter(pk=follower_id).first()
    if follower is not None:
        actions.notify(followed_id, Notification.Kind.FOLLOW, actor=follower)


@receiver([people.followed, people.unfollowed], dispatch_uid="feed.follows_changed")
def follows_changed(follower_id: int, **_: Any) -> None:
    live.relations_changed(follower_id)


@receiver([people.blocked, people.unblocked], dispatch_uid="feed.blocks_changed")
def blocks_changed(blocker_id: int, blocked_id: int, **_: Any) -> None:
    live.relations_changed(blocker_id)
    live.relations_changed(blocked_id)


@receiver([people.muted, people.unmuted], dispatch_uid="feed.mutes_changed")
def mutes_changed(muter_id: int, **_: Any) -> None:
    live.relations_changed(muter_id)


@receiver(people.account_being_deleted, dispatch_uid="feed.leave_everything")
def leave_everything(person: User, **_: Any) -> None:
    actions.leave_everything(person)


@receiver(signals.post_published, dispatch_uid="feed.tell_new_post")
def tell_new_post(post_id: int, author_id: int, **_: Any) -> None:
    live.new_post(post_id)


@receiver([signals.liked, signals.unliked, signals.reposted, signals.unreposted], dispatch_uid="feed.tell_counts")
def tell_counts(post_id: int, **_: Any) -> None:
    live.counts_changed(post_id)


@receiver(signals.post_deleted, dispatch_uid="feed.tell_deleted")
def tell_deleted(post_id: int, **_: Any) -> None:
    live.post_gone(post_id)


@receiver(signals.labelled, dispatch_uid="feed.tell_hidden")
def tell_hidden(post_id: int, name: str, **_: Any) -> None:
    if name == Label.HIDDEN:
        live.post_gone(post_id)


@receiver([signals.notified, signals.notices_read], dispatch_uid="feed.tell_notice")
def tell_notice(recipient_id: int, **_: Any) -> None:
    live.new_notice(recipient_id)


@receiver(collect_own_data, dispatch_uid="feed.own_data")
def own_data(person: User, **_: Any) -> dict[str, Any]:
    return exports.own_data(person)


_ACTS: Final[dict[Signal, str]] = {
    signals.liked: Outcome.Kind.LIKE,
    signals.reposted: Outcome.Kind.REPOST,
    signals.bookmarked: Outcome.Kind.BOOKMARK,
}
_UNDONE: Final[dict[Signal, str]] = {
    signals.unliked: Outcome.Kind.LIKE,
    signals.unreposted: Outcome.Kind.REPOST,
    signals.unbookmarked: Outcome.Kind.BOOKMARK,
}


@receiver(list(_ACTS), dispatch_uid="feed.note_act")
def note_act(signal: Signal, person_id: int, post_id: int, **_: Any) -> None:
    standing.done(person_id, post_id, _ACTS[signal])


@receiver(list(_UNDONE), dispatch_uid="feed.forget_act")
def forget_act(signal: Signal, person_id: int, post_id: int, **_: Any) -> None:
    standing.undone(person_id, post_id, _UNDONE[signal])


@receiver([signals.post_published, signals.post_restored], dispatch_uid="feed.note_words")
def note_words(post_id: int, author_id: int, **_: Any) -> None:
    """An answer or a quote is an outcome of the post it is about, at the moment it was written."""
    written = Post.objects.filter(pk=post_id).values_list("parent_id", "quote_id", "created_at")
    for parent, quote, at in written:
        for about, kind in ((parent, Outcome.Kind.COMMENT), (quote, Outcome.Kind.QUOTE)):
            if about:
                standing.done(author_id, about, kind, at=at)


@receiver(signals.post_deleted, dispatch_uid="feed.forget_words")
def forget_words(post_id: int, author_id: int, **_: Any) -> None:
    """Unless another answer to the same post, or quote of it, still stands."""
    for parent, quote in Post.objects.filter(pk=post_id).values_list("parent_id", "quote_id"):
        for about, kind in ((parent, Outcome.Kind.COMMENT), (quote, Outcome.Kind.QUOTE)):
            if about:
                standing.undone(author_id, about, kind)


@receiver(people.followed, dispatch_uid="feed.note_follow")
def note_follow(follower_id: int, followed_id: int, **_: Any) -> None:
    standing.done_author(follower_id, followed_id, Outcome.Kind.FOLLOW)


@receiver(people.unfollowed, dispatch_uid="feed.forget_follow")
def forget_follow(follower_id: int, followed_id: int, **_: Any) -> None:
    standing.undone_author(follower_id, followed_id, Outcome.Kind.FOLLOW)


@receiver(people.muted, dispatch_uid="feed.note_mute")
def note_mute(muter_id: int, muted_id: int, **_: Any) -> None:
    standing.done_author(muter_id, muted_id, Outcome.Kind.MUTE)


@receiver(people.unmuted, dispatch_uid="feed.forget_mute")
def forget_mute(muter_id: int, muted_id: int, **_: Any) -> None:
    standing.undone_author(muter_id, muted_id, Outcome.Kind.MUTE)


@receiver(people.blocked, dispatch_uid="feed.note_block")
def note_block(blocker_id: int, blocked_id: int, **_: Any) -> None:
    standing.done_author(blocker_id, blocked_id, Outcome.Kind.BLOCK)


@receiver(people.unblocked, dispatch_uid="feed.forget_block")
def forget_block(blocker_id: int, blocked_id: int, **_: Any) -> None:
    standing.undone_author(blocker_id, blocked_id, Outcome.Kind.BLOCK)


@receiver(signals.reported, dispatch_uid="feed.note_report")
def note_report(report_id: int, **_: Any) -> None:
    for row in Report.objects.filter(pk=report_id):
        if row.post_id:
            standing.done(row.reporter_id, row.post_id, Outcome.Kind.REPORT)
        else:
            standing.done_author(row.reporter_id, row.person_id, Outcome.Kind.REPORT)


@receiver(signals.report_withdrawn, dispatch_uid="feed.forget_report")
def forget_report(report_id: int, **_: Any) -> None:
    for row in Report.objects.filter(pk=report_id):
        if row.post_id:
            standing.undone(row.reporter_id, row.post_id, Outcome.Kind.REPORT)
        else:
            standing.undone_author(row.reporter_id, row.person_id, Outcome.Kind.REPORT)


@receiver(signals.feedback_given, dispatch_uid="feed.note_feedback")
def note_feedback(person_id: int, feedback_id: int, **_: Any) -> None:
    for row in Feedback.objects.filter(pk=feedback_id, post__isnull=False, kind__in=standing.SAID):
        standing.done(person_id, row.post_id or 0, standing.SAID[row.kind])


@receiver(signals.feedback_undone, dispatch_uid="feed.forget_feedback")
def forget_feedback(person_id: int, feedback_id: int, **_: Any) -> None:
    for row in Feedback.objects.filter(pk=feedback_id, post__isnull=False, kind__in=standing.SAID):
        standing.undone(person_id, row.post_id or 0, standing.SAID[row.kind])


@receiver(people.consent_changed, dispatch_uid="feed.obey_consent")
def obey_consent(person_id: int, switch: str, given: bool, **_: Any) -> None:
    """Withdrawn consent deletes at once what it had stored."""
    if not given:
        outcomes.withdraw_consent(person_id, switch)


_WHO: Final = ("follower_id", "blocker_id", "blocked_id", "muter_id", "person_id")


@receiver(
    [people.followed, people.unfollowed, people.blocked, people.unblocked, people.muted, people.unmuted]
    + [signals.topic_followed, signals.topic_unfollowed, signals.topic_muted, signals.topic_unmuted]
    + [signals.group_joined, signals.group_left, signals.feedback_given, signals.feedback_undone]
    + [people.consent_changed],
    dispatch_uid="feed.steered",
)
def steered(**facts: Any) -> None:
    """Whoever steers sees it on the very next page, not only when the pages ranked before are used up."""
    for who in _WHO:
        if who in facts:
            timelines.drop_slates(facts[who])


_THINGS: Final = (
    ("people", "follower_id", "followed_id"),
    ("topics", "person_id", "topic_id"),
    ("groups", "person_id", "group_id"),
)


@receiver([people.followed, signals.topic_followed, signals.group_joined], dispatch_uid="feed.suggestion_taken")
def suggestion_taken(**facts: Any) -> None:
    """Stored before it is forgotten."""
    for kind, who, what in _THINGS:
        if who in facts and what in facts:
            suggestions.accepted(facts[who], kind, facts[what])
            suggestions.forget(facts[who])


@receiver([people.unfollowed, signals.topic_unfollowed, signals.group_left], dispatch_uid="feed.suggestion_not_taken")
def suggestion_not_taken(**facts: Any) -> None:
    for kind, who, what in _THINGS:
        if who in facts and what in facts:
            suggestions.taken_back(facts[who], kind, facts[what], suggestions.Answer.ACCEPTED)


@receiver(
    [people.unfollowed, people.blocked, people.unblocked, people.muted, people.unmuted, people.consent_changed]
    + [signals.topic_unfollowed, signals.topic_muted, signals.topic_unmuted]
    + [signals.group_left, signals.suggestion_restored],
    dispatch_uid="feed.suggestions_change",
)
def suggestions_change(**facts: Any) -> None:
    for who in _WHO:
        if who in facts:
            suggestions.forget(facts[who])


@receiver(signals.suggestion_dismissed, dispatch_uid="feed.suggestion_dismissed")
def suggestion_dismissed(person_id: int, dismissal_id: int, **_: Any) -> None:
    for row in Dismissal.objects.filter(pk=dismissal_id):
        for kind, column in suggestions.COLUMNS.items():
            if thing := getattr(row, f"{column}_id"):
                suggestions.dismissed(person_id, kind, thing)
    suggestions.forget(person_id)


@receiver(signals.suggestion_restored, dispatch_uid="feed.suggestion_restored")
def suggestion_restored(person_id: int, **facts: Any) -> None:
    for kind, column in suggestions.COLUMNS.items():
        if facts.get(column):
            suggestions.taken_back(person_id, kind, facts[column], suggestions.Answer.DISMISSED)
