"""Publish, edit, delete and restore: the life of a post."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from accounts.actions import announce
from accounts.models import Profile, User
from feed import backends, ids, signals, text as texts
from feed.actions.notices import notify
from feed.actions.places import topic_named
from feed.models import Attachment, Group, Membership, Mention, Notification, Post, PostTopic, Revision
from feed.models.post import Visibility

MAX_HASHTAGS = 20
MAX_MENTIONS = 20
UNDO_DAYS = 30


def publish(
    author: User,
    text: str,
    *,
    visibility: str = Visibility.PUBLIC,
    content_warning: str = "",
    language: str = "",
    group: Group | None = None,
    parent: Post | None = None,
    quote: Post | None = None,
    attachments: Sequence[Attachment] = (),
    idempotency_key: str | None = None,
    at: datetime | None = None,
) -> Post:
    """Say something. Raises `ValidationError` with words for the person, or `PermissionDenied`; then nothing is stored.

    `idempotency_key` names the form it came from: the same key again gives the first post. `at` dates a post that is
    brought in from elsewhere.
    """
    if idempotency_key:
        first = Post.objects.filter(author=author, idempotency_key=idempotency_key).first()
        if first is not None:
            return first
    text, content_warning = _checked(text, content_warning, has_picture=bool(attachments))
    group = parent.group if parent is not None else group
    visibility = _checked_audience(author, visibility, group, parent, quote)
    try:
        with transaction.atomic():
            post = Post.objects.create(
                id=ids.new_id(at),
                author=author,
                text=text,
                content_warning=content_warning,
                language=language or backends.understanding().language(text),
                visibility=visibility,
                group=group,
                parent=parent,
                is_comment=parent is not None,
                thread_id=parent.root_id if parent is not None else None,
                quote=quote,
                idempotency_key=idempotency_key or None,
                created_at=at or timezone.now(),
            )
            _attach(post, attachments)
            people = _write_text(post)
            _count_new(post, 1)
            _tell(post, people)
            announce(signals.post_published, post_id=post.pk, author_id=author.pk)
    except IntegrityError:
        # The same form arrived twice at once: the other one was first.
        first = Post.objects.filter(author=author, idempotency_key=idempotency_key or "").first()
        if first is None:
            raise
        return first
    return post


def comment(author: User, parent: Post, text: str, **more: object) -> Post:
    """Answer a post."""
    return publish(author, text, parent=parent, **more)  # type: ignore[arg-type]


def _checked(text: str, content_warning: str, *, has_picture: bool) -> tuple[str, str]:
    text, content_warning = texts.clean(text), " ".join(texts.clean(content_warning).split())
    if texts.is_blank(text) and not has_picture:
        raise ValidationError({"text": _("Write something first.")}, code="blank")
    over = texts.length(text) - settings.POST_MAX_LENGTH
    if over > 0:
        raise ValidationError(
            {
                "text": ngettext(
                    "This is %(n)d character too long. Your text is kept: shorten it and send again.",
                    "This is %(n)d characters too long. Your text is kept: shorten it and send again.",
                    over,
                )
                % {"n": over}
            },
            code="too_long",
        )
    # Far beyond what graphemes can hold: hundreds of joined code points in one visible character.
    if len(text) > settings.POST_MAX_LENGTH * 12:
        raise ValidationError({"text": _("This text has too many hidden characters.")}, code="too_long")
    if len(texts.hashtags(text)) > MAX_HASHTAGS:
        raise ValidationError({"text": _("A post can have at most %(n)d hashtags.") % {"n": MAX_HASHTAGS}})
    if len(texts.mentions(text)) > MAX_MENTIONS:
        raise ValidationError({"text": _("A post can mention at most %(n)d people.") % {"n": MAX_MENTIONS}})
    if texts.length(content_warning) > 120:
        raise ValidationError({"content_warning": _("A content warning can have at most 120 characters.")})
    return text, content_warning


def _checked_audience(
    author: User, visibility: str, group: Group | None, parent: Post | None, quote: Post | None
) -> str:
    """Who may read it; refuses what the author may not do."""
    if visibility not in Visibility.values:
        raise ValidationError({"visibility": _("Choose who can read this.")})
    if parent is not None and not Post.objects.visible_to(author).filter(pk=parent.pk).exists():
        raise PermissionDenied(_("You cannot answer this post."))
    if quote is not None:
        if not Post.objects.visible_to(author).filter(pk=quote.pk).exists():
            raise PermissionDenied(_("You cannot quote this post."))
        if quote.visibility != Visibility.PUBLIC:
            raise PermissionDenied(_("Only posts that everyone can read can be quoted."))
    if group is not None:
        if not Membership.objects.active().filter(group=group, person=author).exists():
            raise PermissionDenied(_("Join the group to write in it."))
        return Visibility.GROUP
    if visibility == Visibility.GROUP:
        raise ValidationError({"visibility": _("Choose the group this is for.")})
    if parent is not None and parent.visibility == Visibility.FOLLOWERS:
        return Visibility.FOLLOWERS
    return visibility


def _attach(post: Post, attachments: Sequence[Attachment]) -> None:
    if len(attachments) > settings.POST_MAX_IMAGES:
        raise ValidationError(_("A post can have at most %(n)d pictures.") % {"n": settings.POST_MAX_IMAGES})
    for position, attachment in enumerate(attachments):
        taken = Attachment.objects.filter(pk=attachment.pk, owner=post.author, post=None).update(
            post=post, position=position, alt=attachment.alt
        )
        if not taken:
            raise ValidationError(_("One of the pictures is not available any more. Please add it again."))


def _write_text(post: Post) -> list[User]:
    """Everything made from the text: HTML, mentions, topics, the keyword index. Returns the people mentioned."""
    handles = texts.mentions(post.text)
    people = list(User.objects.visible_to(post.author).filter(username__in=handles)) if handles else []
    post.html = texts.render(post.text, [person.username for person in people])
    words = f"{post.content_warning} {post.text} {' '.join(post.attachments.values_list('alt', flat=True))}"
    terms = Value(texts.search_terms(words), output_field=ArrayField(TextField()))
    index = Func(terms, function="array_to_tsvector", output_field=SearchVectorField())
    Post.objects.filter(pk=post.pk).update(html=post.html, search=index)
    Mention.objects.filter(post=post).exclude(person__in=people).delete()
    Mention.objects.bulk_create([Mention(post=post, person=person) for person in people], ignore_conflicts=True)
    _set_hashtags(post)
    return people


def _set_hashtags(post: Post) -> None:
    # In one order for everybody: two posts that bring the same new hashtags must not wait for each other.
    tags = sorted(texts.hashtags(post.text), key=texts.topic_name)
    topics = {topic.pk: topic for topic in map(topic_named, tags)}
    for topic in list(topics.values()):
        if topic.alias_of_id:
            topics.setdefault(topic.alias_of_id, topic.alias_of)  # type: ignore[arg-type]
    written = PostTopic.objects.filter(post=post, source=PostTopic.Source.HASHTAG)
    written.exclude(topic_id__in=topics).delete()
    PostTopic.objects.filter(post=post, topic_id__in=topics).update(
        source=PostTopic.Source.HASHTAG, score=1.0, model_version=""
    )
    PostTopic.objects.bulk_create([PostTopic(post=post, topic_id=pk) for pk in topics], ignore_conflicts=True)


def _count_new(post: Post, step: int) -> None:
    """Put the counters that this post moves up (1) or down (-1): its author's, its parent's, the quoted post's."""
    moved = [(post.parent_id, "comments_count"), (post.quote_id, "quotes_count")]
    for pk, field in sorted((pk, field) for pk, field in moved if pk):  # one order of locks: no deadlock
        Post.objects.filter(pk=pk).update(**{field: Greatest(F(field) + step, 0)})
    Profile.objects.filter(user_id=post.author_id).update(posts_count=Greatest(F("posts_count") + step, 0))


def _tell(post: Post, mentioned: Collection[User]) -> None:
    """Notices for the person answered, the person quoted and the people mentioned, each once, if they may read it."""
    kinds: dict[int, str] = {person.pk: Notification.Kind.MENTION for person in mentioned}
    if post.quote is not None:
        kinds[post.quote.author_id] = Notification.Kind.QUOTE
    if post.parent is not None:
        kinds[post.parent.author_id] = Notification.Kind.COMMENT
    for person in User.objects.filter(pk__in=kinds):
        if Post.objects.visible_to(person).filter(pk=post.pk).exists():
            notify(person.pk, kinds[person.pk], actor=post.author, post=post)


@transaction.atomic
def edit(author: User, post: Post, text: str, *, content_warning: str = "", language: str = "") -> Post:
    """Change one's own post; what it said before stays readable in its history. The same text again changes nothing."""
    post = _own(author, post)
    text, content_warning = _checked(text, content_warning, has_picture=post.attachments.exists())
    if (text, content_warning) == (post.text, post.content_warning):
        return post
    Revision.objects.create(
        post=post,
        text=post.text,
        html=post.html,
        content_warning=post.content_warning,
        written_at=post.edited_at or post.created_at,
    )
    post.text, post.content_warning, post.edited_at = text, content_warning, timezone.now()
    post.language = language or backends.understanding().language(text) or post.language
    post.save(update_fields=["text", "content_warning", "language", "edited_at"])
    before = set(Mention.objects.filter(post=post).values_list("person_id", flat=True))
    people = _write_text(post)
    _tell_new_mentions(post, [person for person in people if person.pk not in before])
    announce(signals.post_edited, post_id=post.pk, author_id=author.pk)
    return post


def _tell_new_mentions(post: Post, people: Collection[User]) -> None:
    for person in people:
        if Post.objects.visible_to(person).filter(pk=post.pk).exists():
            notify(person.pk, Notification.Kind.MENTION, actor=post.author, post=post)


def _own(author: User, post: Post) -> Post:
    """The author's own living post, locked; refused to anyone else."""
    found = Post.objects.select_for_update().alive().filter(pk=post.pk, author=author).first()
    if found is None:
        raise PermissionDenied(_("You can change only your own posts."))
    return found


@transaction.atomic
def correct_language(author: User, post: Post, language: str) -> Post:
    """The author says in which language the post is."""
    post = _own(author, post)
    post.language = language[:12]
    post.save(update_fields=["language"])
    return post


@transaction.atomic
def delete(author: User, post: Post) -> None:
    """Take one's own post away. It can be restored for thirty days; then it is purged. Twice is once."""
    found = Post.objects.select_for_update().filter(pk=post.pk, author=author).first()
    if found is None:
        raise PermissionDenied(_("You can delete only your own posts."))
    if found.deleted_at is not None:
        return
    found.deleted_at = timezone.now()
    found.save(update_fields=["deleted_at"])
    _count_new(found, -1)
    Notification.objects.filter(post=found, read_at=None).delete()
    announce(signals.post_deleted, post_id=found.pk, author_id=author.pk)


@transaction.atomic
def restore(author: User, post: Post) -> Post:
    """Undo a deletion."""
    found = Post.objects.select_for_update().filter(pk=post.pk, author=author).first()
    if found is None:
        raise PermissionDenied(_("This post cannot be brought back any more."))
    if found.deleted_at is not None:
        found.deleted_at = None
        found.save(update_fields=["deleted_at"])
        _count_new(found, 1)
        announce(signals.post_restored, post_id=found.pk, author_id=author.pk)
    return found


def purge(now: datetime | None = None) -> int:
    """Remove for good what was deleted thirty days ago. Returns how many posts went."""
    limit = (now or timezone.now()) - timedelta(days=UNDO_DAYS)
    gone = Post.objects.filter(deleted_at__lt=limit)
    for attachment in Attachment.objects.filter(post__in=gone):
        attachment.image.delete(save=False)
    number = gone.count()
    gone.delete()
    return number


@transaction.atomic
def label_topics(post: Post, scores: dict[int, float], model_version: str) -> None:
    """Write what a model reads a post to be about: topic id to score. The author's own hashtags are left alone."""
    PostTopic.objects.filter(post=post, source=PostTopic.Source.MODEL).delete()
    PostTopic.objects.bulk_create(
        [
            PostTopic(
                post=post,
                topic_id=topic,
                source=PostTopic.Source.MODEL,
                score=score,
                model_version=model_version,
            )
            for topic, score in scores.items()
        ],
        ignore_conflicts=True,
    )
