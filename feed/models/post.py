"""Post: everything that is said. A comment is a post that answers another: one table, one id space."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Prefetch, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from feed.ids import new_id


class Visibility(models.TextChoices):
    PUBLIC = "public", _("Everyone")
    FOLLOWERS = "followers", _("My followers")
    GROUP = "group", _("The group")


def a_row(rows: str, column: str, **numbers: int) -> Func:
    """Whether there is such a row for the post's `column`, which stands where `rows` says {}; {name} is a number.

    Plain SQL, because every page asks a dozen of these: as querysets they take a tenth of its time to put together.
    """
    where = rows.format("%(expressions)s", **{name: int(number) for name, number in numbers.items()})
    found = f"EXISTS (SELECT 1 FROM {where})"  # noqa: S608 - constants of this file and whole numbers
    return Func(F(column), template=found, output_field=models.BooleanField())


class PostQuerySet(models.QuerySet["Post"]):
    """Questions about posts. Every page, API, socket and search begins with `visible_to`."""

    def alive(self) -> PostQuerySet:
        return self.filter(deleted_at=None)

    def visible_to(self, viewer: Any) -> PostQuerySet:
        """Posts that `viewer` (a User or AnonymousUser) may read; the only way to read a post of another.

        Public posts; one's own; followers' posts of people one follows; group posts of public groups and of groups one
        is in; answers to oneself and posts that mention one. Never deleted ones, never across a block in either
        direction, never of people who left, and none that a moderator hid, except to its author.
        """
        # Every condition beyond the row itself is an EXISTS: it is asked of few rows only, and no join keeps the
        # planner from walking the newest first. Nobody blocks themselves, so the author needs no exception there.
        found = self.alive().filter(author__is_active=True)
        hidden = a_row("feed_label x WHERE x.post_id = {} AND x.name = 'hidden' AND x.lifted_at IS NULL", "pk")
        open_group = a_row("feed_group x WHERE x.id = {} AND NOT x.approval", "group_id")
        if not getattr(viewer, "is_authenticated", False):
            public = Q(visibility=Visibility.PUBLIC) | Q(open_group, visibility=Visibility.GROUP)
            return found.filter(public).filter(~hidden)
        me = viewer.pk
        blocked = a_row("accounts_block x WHERE x.blocker_id = {me} AND x.blocked_id = {}", "author_id", me=me)
        blocks = a_row("accounts_block x WHERE x.blocker_id = {} AND x.blocked_id = {me}", "author_id", me=me)
        followed = a_row("accounts_follow x WHERE x.follower_id = {me} AND x.followed_id = {}", "author_id", me=me)
        member = a_row(
            "feed_membership x WHERE x.person_id = {me} AND x.group_id = {} AND x.state = 'active'", "group_id", me=me
        )
        answers_me = a_row("feed_post x WHERE x.id = {} AND x.author_id = {me}", "parent_id", me=me)
        mentions_me = a_row("feed_mention x WHERE x.post_id = {} AND x.person_id = {me}", "pk", me=me)
        return found.filter(
            ~blocked,
            ~blocks,
            Q(author=viewer)
            | ~hidden
            & (
                Q(visibility=Visibility.PUBLIC)
                | Q(open_group | member, visibility=Visibility.GROUP)
                | Q(followed, visibility=Visibility.FOLLOWERS)
                | answers_me
                | mentions_me
            ),
        )

    def written_by(self, author: Any) -> PostQuerySet:
        """The author's own posts, the deleted ones too: for taking away and bringing back."""
        return self.filter(author=author).select_related("author", "parent__author")

    def without_muted(self, viewer: Any) -> PostQuerySet:
        """Leaves out people, topics and phrases the viewer muted, and posts they hid: for feeds, not for a post opened
        on purpose."""
        if not getattr(viewer, "is_authenticated", False):
            return self
        me, still = viewer.pk, "AND (x.until IS NULL OR x.until > statement_timestamp())"
        people = a_row("accounts_mute x WHERE x.muter_id = {me} AND x.muted_id = {} " + still, "author_id", me=me)
        topics = a_row(
            "feed_mutedtopic x JOIN feed_posttopic y ON y.topic_id = x.topic_id"
            " WHERE x.person_id = {me} AND y.post_id = {} " + still,
            "pk",
            me=me,
        )
        phrases = a_row(
            "accounts_mutedphrase x WHERE x.person_id = {me} AND strpos(upper({}), upper(x.phrase)) > 0 " + still,
            "text",
            me=me,
        )
        hidden = a_row(
            "feed_feedback x WHERE x.person_id = {me} AND x.post_id = {} AND x.kind = 'hide' AND x.undone_at IS NULL",
            "pk",
            me=me,
        )
        return self.filter(~people, ~topics, ~phrases | Q(author=viewer), ~hidden)

    def top_level(self) -> PostQuerySet:
        """Posts that answer nothing, and never did: an answer whose parent was purged keeps its thread."""
        return self.filter(is_comment=False)

    def for_cards(self, viewer: Any = None) -> PostQuerySet:
        """Everything a card shows, in a fixed number of queries however many posts there are.

        A quoted post the viewer may not read (deleted, hidden, across a block) comes as None beside its `quote_id`.
        """
        quotes = Post.objects.visible_to(viewer).select_related("author__profile")
        satellites = ("attachments", "topics", "labels")
        return self.select_related("author__profile", "group", "parent__author").prefetch_related(
            Prefetch("quote", quotes), *satellites, "quote__attachments", "quote__labels"
        )


class Post(models.Model):
    """One thing somebody said: at most `POST_MAX_LENGTH` grapheme clusters, kept as typed; `html` is made from it."""

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("author"), related_name="posts")
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(editable=False, blank=True)
    content_warning = models.CharField(_("content warning"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    visibility = models.CharField(_("who can read it"), max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="answers")
    # Stays true when the answered post is purged: an orphaned answer must not pass for a post of its own.
    is_comment = models.BooleanField(default=False, editable=False)
    thread = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="thread_posts")
    quote = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="quotes")
    group = models.ForeignKey(
        "feed.Group",
        models.CASCADE,
        null=True,
        blank=True,
        verbose_name=pgettext_lazy("community", "group"),
        related_name="posts",
    )
    topics = models.ManyToManyField("feed.Topic", through="feed.PostTopic", related_name="posts")
    mentioned = models.ManyToManyField(settings.AUTH_USER_MODEL, through="feed.Mention", related_name="+")
    created_at = models.DateTimeField(_("written"), default=timezone.now, db_index=True)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True, editable=False)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, editable=False)
    likes_count = models.PositiveIntegerField(_("likes"), default=0, editable=False)
    comments_count = models.PositiveIntegerField(_("answers"), default=0, editable=False)
    reposts_count = models.PositiveIntegerField(_("reposts"), default=0, editable=False)
    quotes_count = models.PositiveIntegerField(_("quotes"), default=0, editable=False)
    # The key of the form that made it: a double submit finds the first post instead of making a second.
    idempotency_key = models.CharField(max_length=64, null=True, blank=True, editable=False)
    search = SearchVectorField(null=True, editable=False)

    objects: ClassVar = PostQuerySet.as_manager()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["author", "idempotency_key"], name="post_submitted_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["author", "-id"]),
            models.Index(fields=["group", "-id"], condition=Q(group__isnull=False), name="post_group_newest"),
            models.Index(fields=["parent", "id"], condition=Q(parent__isnull=False), name="post_answers"),
            models.Index(fields=["thread", "id"], condition=Q(thread__isnull=False), name="post_thread"),
            models.Index(
                fields=["-id"],
                condition=Q(deleted_at=None, is_comment=False, visibility="public"),
                name="post_public_newest",
            ),
            GinIndex(fields=["search"], name="post_search"),
        ]

    def __str__(self) -> str:
        return f"{self.author_id}: {self.text[:60]}"

    def get_absolute_url(self) -> str:
        return reverse("feed:post", args=[self.author.username, self.pk])

    @property
    def root_id(self) -> int:
        """The id of the thread's first post: its own where it starts a thread."""
        return self.thread_id or self.pk


class Comments(models.Manager.from_queryset(PostQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> PostQuerySet:
        return super().get_queryset().filter(is_comment=True)


class Comment(Post):
    """A post that answers another."""

    objects: ClassVar = Comments()

    class Meta:
        proxy = True
        verbose_name = _("comment")
        verbose_name_plural = _("comments")


class Revision(models.Model):
    """What a post said before an edit; shown to whoever may read the post."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="revisions")
    text = models.TextField(_("text"))
    html = models.TextField()
    content_warning = models.CharField(_("content warning"), max_length=120, blank=True)
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("earlier text")
        verbose_name_plural = _("earlier texts")
        ordering: ClassVar = ["written_at"]

    def __str__(self) -> str:
        return f"{self.post_id} at {self.written_at:%Y-%m-%d %H:%M}"


class Mention(models.Model):
    post = models.ForeignKey(Post, models.CASCADE)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mentions")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["post", "person"], name="mention_once")]

    def __str__(self) -> str:
        return f"{self.post_id} mentions {self.person_id}"


class PostTopic(models.Model):
    """That a post is about a topic: because its author wrote the hashtag, or because a model read it so."""

    class Source(models.TextChoices):
        HASHTAG = "hashtag", _("hashtag")
        MODEL = "model", _("model")

    post = models.ForeignKey(Post, models.CASCADE)
    topic = models.ForeignKey("feed.Topic", models.CASCADE)
    source = models.CharField(max_length=8, choices=Source, default=Source.HASHTAG)
    score = models.FloatField(default=1.0)
    model_version = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["post", "topic"], name="post_topic_once")]
        indexes: ClassVar = [models.Index(fields=["topic", "-post"])]

    def __str__(self) -> str:
        return f"{self.post_id} is about {self.topic_id}"
