"""Timelines in the order of time, or of a plain formula: nothing here was learned about anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.core.cache import cache
from django.db.models import BigIntegerField, Count, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Value
from django.utils import timezone

from accounts.models import Follow, Mute, User
from feed.models import Attachment, Bookmark, Group, Membership, Post, PostTopic, Repost, Topic
from feed.models.post import Visibility
from feed.timelines.page import Page, before, cards, newest_first, page_of, time_page

Tab = Literal["posts", "replies", "media"]
RISING_POOL = 2000  # newest posts that are compared
RISING_KEPT = 200  # of them, in case that a viewer may not read some


def readable(viewer: Any) -> Any:
    """What may stand in a feed: readable and not muted."""
    return Post.objects.visible_to(viewer).without_muted(viewer)


def _near(viewer: Any, prefix: str = "") -> Q:
    """Posts of oneself, of people one follows and of groups one is in."""
    followed = Follow.objects.filter(follower=viewer).values("followed")
    joined = Membership.objects.active().filter(person=viewer).values("group")
    return Q(
        Q(**{f"{prefix}author": viewer})
        | Q(**{f"{prefix}author__in": followed, f"{prefix}group": None})
        | Q(**{f"{prefix}group__in": joined})
    )


def newest(viewer: Any, cursor: str | None = None) -> Page:
    """Public posts and those near the viewer, newest first: the home page when nothing is ranked."""
    posts = readable(viewer).top_level().filter(Q(visibility=Visibility.PUBLIC) | _near(viewer))
    return time_page(posts, viewer, cursor)


def local(viewer: Any, cursor: str | None = None) -> Page:
    """Every public post of this site, newest first."""
    return time_page(readable(viewer).top_level().filter(visibility=Visibility.PUBLIC), viewer, cursor)


def newer(viewer: Any, since: int, tab: str = "local", most: int = 40) -> list[Post]:
    """Posts above `since`, newest first: what "n new posts" brings in. On one's own tabs, those near the viewer."""
    return cards(newest_first(_newer(viewer, since, tab), most), viewer)


def count_newer(viewer: Any, since: int, tab: str = "local", most: int = 100) -> int:
    """How many posts of others are above `since`, counted no further than `most`."""
    return _newer(viewer, since, tab).exclude(author=getattr(viewer, "pk", None))[:most].count()


def _newer(viewer: Any, since: int, tab: str) -> Any:
    near = _near(viewer) if getattr(viewer, "is_authenticated", False) else Q(pk=None)
    posts = readable(viewer).top_level().filter(pk__gt=since)
    return posts.filter(near if tab in ("following", "for-you") else Q(visibility=Visibility.PUBLIC))


def following(viewer: Any, cursor: str | None = None) -> Page:
    """Strictly by time: posts of people followed, of groups joined and one's own, and what the followed reposted.

    A post stands once: where it was written if its author is near, else at its newest repost by somebody followed.
    """
    return _with_reposts(*_followed(viewer, before(cursor)), viewer, settings.PAGE_SIZE)


def following_ids(viewer: Any, most: int) -> list[int]:
    """The first `most` posts of `following`, by id: for whoever shows that order in another place."""
    posts, reposts = _followed(viewer, before(None))
    reposts = reposts.filter(post__in=readable(viewer))
    keys = [(pk, pk) for pk in posts.order_by("-pk").values_list("pk", flat=True)[:most]]
    keys += reposts.order_by("-pk").values_list("pk", "post_id")[:most]
    return [post_id for _key, post_id in sorted(keys, reverse=True)[:most]]


def _followed(viewer: Any, limit: int) -> tuple[Any, QuerySet[Repost]]:
    """Posts near the viewer, and the newest repost of each other post by somebody followed, with keys below `limit`."""
    posts = readable(viewer).top_level().filter(_near(viewer), pk__lt=limit)
    followed = Follow.objects.filter(follower=viewer).values("followed")
    muted = Mute.objects.active().filter(muter=viewer).values("muted")
    theirs = Repost.objects.filter(person__in=followed).exclude(person__in=muted)
    later = theirs.filter(post=OuterRef("post"), pk__gt=OuterRef("pk"))
    reposts = theirs.filter(pk__lt=limit).exclude(Exists(later)).exclude(_near(viewer, "post__"))
    return posts, reposts


def profile(person: User, viewer: Any, tab: Tab = "posts", cursor: str | None = None) -> Page:
    """What a person wrote (and reposted, on the first tab); nothing is muted where one came on purpose."""
    limit = before(cursor)
    posts = Post.objects.visible_to(viewer).filter(author=person, pk__lt=limit)
    if tab == "replies":
        return time_page(posts.filter(is_comment=True), viewer, cursor)
    if tab == "media":
        return time_page(posts.filter(Exists(Attachment.objects.filter(post=OuterRef("pk")))), viewer, cursor)
    reposts = Repost.objects.filter(person=person, pk__lt=limit).exclude(post__author=person)
    return _with_reposts(posts.top_level(), reposts, viewer, settings.PAGE_SIZE)


def _with_reposts(posts: Any, reposts: QuerySet[Repost], viewer: Any, size: int) -> Page:
    """Posts and reposts as one stream by snowflake; both come already bounded by the cursor."""
    own = list(posts.order_by("-pk").values_list("pk", flat=True)[: size + 1])
    seen = reposts.filter(post__in=Post.objects.visible_to(viewer).without_muted(viewer))
    shared = list(seen.select_related("person__profile").order_by("-pk")[: size + 1])
    keys = [(pk, pk, None) for pk in own] + [(row.pk, row.post_id, row.person) for row in shared]
    keys = sorted(keys, key=lambda key: -key[0])[: size + 1]
    rows = cards(Post.objects.visible_to(viewer).filter(pk__in=[key[1] for key in keys]), viewer)
    by_id = {post.pk: post for post in rows}
    for _key, post_id, person in keys:
        if post_id in by_id:
            by_id[post_id].reposted_by = person  # type: ignore[attr-defined]
    return page_of([(key, by_id[post_id]) for key, post_id, _person in keys if post_id in by_id], size)


def topic(subject: Topic, viewer: Any, cursor: str | None = None) -> Page:
    """Posts about a topic, or about any of the hashtags that stand for it."""
    names = [subject.pk, *Topic.objects.filter(alias_of=subject).values_list("pk", flat=True)]
    about = PostTopic.objects.filter(topic__in=names).values("post")
    return time_page(readable(viewer).filter(pk__in=about), viewer, cursor)


def group(place: Group, viewer: Any, cursor: str | None = None) -> Page:
    """What was said in a group; empty for those who may not read it."""
    return time_page(readable(viewer).top_level().filter(group=place), viewer, cursor)


def bookmarks(viewer: User, cursor: str | None = None) -> Page:
    """What the viewer keeps, latest kept first."""
    size = settings.PAGE_SIZE
    rows = Bookmark.objects.filter(person=viewer, pk__lt=before(cursor), post__in=Post.objects.visible_to(viewer))
    keys = list(rows.order_by("-pk").values_list("pk", "post_id")[: size + 1])
    posts = cards(Post.objects.visible_to(viewer).filter(pk__in=[post_id for _pk, post_id in keys]), viewer)
    by_id = {post.pk: post for post in posts}
    return page_of([(pk, by_id[post_id]) for pk, post_id in keys if post_id in by_id], size)


def rising(viewer: Any, language: str = "", most: int | None = None) -> Page:
    """What people answer to now: (likes + 2 reposts + 2 answers + 1) / (hours + 3)^1.3, as Hacker News ranks.

    The 1 and the 3 smooth small counts and young posts. Compared are the newest 2,000 public posts; the order is the
    same for everybody and a minute old at most, what is shown of it is the viewer's own.
    """
    ids = _hottest(language)
    order = Func(Value(ids, ArrayField(BigIntegerField())), F("pk"), function="array_position")
    order.output_field = IntegerField()
    posts = readable(viewer).filter(pk__in=ids).order_by(order)
    return Page(cards(posts[: most or settings.PAGE_SIZE], viewer))


def _hottest(language: str) -> list[int]:
    key = f"hottest:{language}"
    found: list[int] | None = cache.get(key)
    if found is None:
        posts = Post.objects.visible_to(AnonymousUser()).top_level().filter(visibility=Visibility.PUBLIC)
        if language:
            posts = posts.filter(language__startswith=language)
        counted = posts.order_by("-pk").values_list(
            "pk", "likes_count", "reposts_count", "comments_count", "created_at"
        )
        now = timezone.now()
        heat = {
            pk: (likes + 2 * reposts + 2 * answers + 1) / (max((now - at).total_seconds(), 0) / 3600 + 3) ** 1.3
            for pk, likes, reposts, answers, at in counted[:RISING_POOL]
        }
        found = sorted(heat, key=lambda pk: (-heat[pk], -pk))[:RISING_KEPT]
        cache.set(key, found, 60)
    return found


def rising_topics(most: int = 8, days: int = 7) -> list[Topic]:
    """Topics that most posts of the last days are about, each with `posts_lately`. Kept for a minute."""
    key = f"rising-topics:{most}:{days}"
    found = cache.get(key)
    if found is None:
        since = timezone.now() - timedelta(days=days)
        about = Q(posts__created_at__gt=since, posts__deleted_at=None, posts__visibility=Visibility.PUBLIC)
        counted = Topic.objects.filter(alias_of=None).annotate(posts_lately=Count("posts", filter=about))
        found = list(counted.filter(posts_lately__gt=0).order_by("-posts_lately", "-curated", "name")[:most])
        cache.set(key, found, 60)
    return found
