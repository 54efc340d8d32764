"""Writes the town into the tables, in bulk: past the verbs' announcements, because many days would come at once.

All of it at a stroke (`load`), or up to one moment after the other (`Arrival`). Counters, keyword index, HTML, topics
and mentions are made exactly as the verbs make them; a test compares the two.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group as Role
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import Count, F, Func, OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Consent, Follow, Profile, User
from feed import ids, text as texts
from feed.demo import pictures
from feed.demo.simulator import Act, Behaviour, simulate
from feed.demo.town import Person, Town, Words
from feed.models import (
    Attachment,
    Bookmark,
    Group,
    Like,
    Membership,
    Mention,
    Notification,
    Post,
    PostTopic,
    Repost,
    Topic,
    TopicFollow,
)

Report = Callable[[str, int, int], None]  # step in words, done, of


@transaction.atomic
def load(report: Report = lambda step, done, of: None) -> Town:
    """Fill an empty site with the town. Raises `ValueError` when townspeople are there already."""
    arrival = Arrival(Town(timezone.now()), report)
    arrival.bring(arrival.town.now)
    notices(arrival.town.now)
    return arrival.town


class Arrival:
    """The town coming in: its people at once, then everything written and done up to one moment after the other.

    What lies behind the last moment is in no table, so that nobody who reads them can know it. Opening raises
    `ValueError` when townspeople are there already.
    """

    @transaction.atomic
    def __init__(self, town: Town, report: Report = lambda step, done, of: None) -> None:
        if User.objects.filter(is_demo=True).exists():
            raise ValueError("the town is there already")
        self.town, self.report, self.behaviour = town, report, simulate(town)
        self.since: datetime | None = None
        self.people = _people(town, report)
        self.topics = curated_topics(town)
        self.groups = _groups(town, self.people, self.topics)
        self.posts: dict[str, Post] = {}
        _follow(self.behaviour, town, self.people, self.topics)

    @transaction.atomic
    def bring(self, until: datetime, acts: bool = True) -> dict[str, Post]:
        """Write what was written, and unless told otherwise done, after the last moment and up to `until`; by key."""
        everything = (*self.town.posts, *self.town.comments)
        come = [words for words in everything if self._is_new(words.at, until)]
        posts = _posts(come, self.posts, self.people, self.groups, self.report)
        self.posts |= posts
        _texts(list(posts.values()), {person.username: person for person in self.people.values()}, self.report)
        _pictures(come, posts, self.report)
        if acts:
            _act([act for act in self.behaviour.acts if self._is_new(act.at, until)], self.people, self.posts)
        recount()
        self.since = until
        return posts

    def _is_new(self, at: datetime, until: datetime) -> bool:
        return at <= until and (self.since is None or at > self.since)


def _people(town: Town, report: Report) -> dict[str, User]:
    made: dict[str, User] = {}
    joined = town.now - timedelta(days=45)
    for number, person in enumerate(town.people, 1):
        report("people", number, len(town.people))
        user = User(username=person.name, email=f"{person.name}@example.org", is_demo=True, date_joined=joined)
        user.set_unusable_password()
        user.is_staff = bool(person.role)
        user.save()
        Profile.objects.filter(user=user).update(
            display_name=person.display,
            bio=person.bio,
            languages=person.languages,
            links=person.links,
            tagline=person.tagline,
            featured=person.featured or bool(person.role),
            onboarded_at=joined,
        )
        profile = user.profile
        profile.refresh_from_db()
        profile.avatar.save("avatar.webp", ContentFile(pictures.avatar(person.name)), save=False)
        profile.header.save("header.webp", ContentFile(pictures.header(person.name)), save=True)
        Consent.objects.filter(person=user).update(
            behaviour=True, opens=True, reading_time=True, training=True, decided_at=joined
        )
        if person.role:
            user.groups.add(Role.objects.get_or_create(name=person.role)[0])
        made[person.name] = user
    return made


def curated_topics(town: Town) -> dict[str, Topic]:
    """The curated topics with their other hashtags as aliases; safe to run on a site that has them."""
    made: dict[str, Topic] = {}
    for row in town.topics:
        topic, _new = Topic.objects.update_or_create(
            name=texts.topic_name(row["slug"]),
            defaults={
                "shown_as": row["slug"],
                "curated": True,
                **{f"{column}_{part}": row[words][part] for column, words in COLUMNS.items() for part in ("en", "zh")},
            },
        )
        made[row["slug"]] = topic
        for tag in row["hashtags"]:
            if texts.topic_name(tag) != topic.name:
                Topic.objects.update_or_create(
                    name=texts.topic_name(tag), defaults={"shown_as": tag, "alias_of": topic, "curated": False}
                )
    return made


COLUMNS = {"title": "name", "about": "about", "example": "examples"}


def _groups(town: Town, people: dict[str, User], topics: dict[str, Topic]) -> dict[str, Group]:
    made: dict[str, Group] = {}
    for row in town.groups:
        made[row["slug"]] = group = Group.objects.create(
            slug=row["slug"],
            name=row["name"],
            about=row["about"],
            approval=row["approval"],
            topic=topics.get(row["topic"]),
            owner=people[row["owner"]],
            created_at=town.now - timedelta(days=40),
        )
        roles = dict.fromkeys(row["members"], Membership.Role.MEMBER)
        roles |= dict.fromkeys(row["moderators"], Membership.Role.MODERATOR)
        roles |= {
            post.by: Membership.Role.MEMBER for post in town.posts if post.group == row["slug"] and post.by not in roles
        }
        roles[row["owner"]] = Membership.Role.OWNER
        Membership.objects.bulk_create(
            [Membership(group=group, person=people[name], role=role) for name, role in roles.items()]
        )
    return made


def _posts(
    come: list[Words], there: dict[str, Post], people: dict[str, User], groups: dict[str, Group], report: Report
) -> dict[str, Post]:
    made: dict[str, Post] = {}
    known = ChainMap(made, there)
    for number, words in enumerate(come, 1):
        report("posts", number, len(come))
        parent = known[words.to] if words.to else None
        group = groups[words.group] if words.group else (parent.group if parent else None)
        visibility = (
            "group" if group else ("followers" if parent and parent.visibility == "followers" else words.visibility)
        )
        made[words.key] = Post(
            id=ids.new_id(words.at),
            author=people[words.by],
            text=texts.clean(words.text),
            content_warning=words.cw,
            language=words.lang,
            visibility=visibility,
            group=group,
            parent=parent,
            is_comment=parent is not None,
            thread_id=parent.root_id if parent else None,
            quote=known[words.quote] if words.quote else None,
            created_at=words.at,
        )
    Post.objects.bulk_create(made.values())
    return made


def _texts(posts: list[Post], by_handle: dict[str, User], report: Report) -> None:
    tags: dict[str, Topic] = {topic.name: topic for topic in Topic.objects.select_related("alias_of")}
    links: dict[tuple[int, int], PostTopic] = {}
    mentions: list[Mention] = []
    for number, post in enumerate(posts, 1):
        report("texts", number, len(posts))
        handles = [name for name in texts.mentions(post.text) if name in by_handle]
        post.html = texts.render(post.text, handles)
        mentions += [Mention(post=post, person=by_handle[name]) for name in handles]
        for tag in texts.hashtags(post.text):
            name = texts.topic_name(tag)
            topic = tags.get(name) or tags.setdefault(name, Topic.objects.create(name=name, shown_as=tag))
            for found in (topic, topic.alias_of):
                if found is not None:
                    links[post.pk, found.pk] = PostTopic(post=post, topic=found)
    Post.objects.bulk_update(posts, ["html"], batch_size=400)
    Mention.objects.bulk_create(mentions)
    PostTopic.objects.bulk_create(links.values())
    index_words(posts)


def index_words(posts: Iterable[Post]) -> None:
    """The keyword index of these posts, made as `actions.publish` makes it."""
    for post in posts:
        words = Value(texts.search_terms(f"{post.content_warning} {post.text} "), output_field=ArrayField(TextField()))
        Post.objects.filter(pk=post.pk).update(
            search=Func(words, function="array_to_tsvector", output_field=SearchVectorField())
        )


def _pictures(come: list[Words], posts: dict[str, Post], report: Report) -> None:
    wanted = [words for words in come if words.image]
    for number, words in enumerate(wanted, 1):
        report("pictures", number, len(wanted))
        assert words.image is not None
        post = posts[words.key]
        picture = Attachment(owner=post.author, post=post, alt=words.image["alt"], created_at=words.at)
        picture.image.save("picture.webp", ContentFile(pictures.scene(words.image["motif"], words.key)), save=False)
        picture.width, picture.height = pictures.SCENE_SIZE
        picture.save()


def _follow(done: Behaviour, town: Town, people: dict[str, User], topics: dict[str, Topic]) -> None:
    joined = min(post.at for post in town.posts) - timedelta(days=1)
    Follow.objects.bulk_create(
        [Follow(follower=people[one], followed=people[other], created_at=joined) for one, other in sorted(done.follows)]
    )
    TopicFollow.objects.bulk_create(
        [TopicFollow(person=people[name], topic=topics[slug], created_at=joined) for name, slug in sorted(done.topics)]
    )


def _act(acts: list[Act], people: dict[str, User], posts: dict[str, Post]) -> None:
    rows: dict[str, list[Any]] = {"like": [], "repost": [], "bookmark": []}
    makers: dict[str, Any] = {"like": Like, "repost": Repost, "bookmark": Bookmark}
    members = set(Membership.objects.active().values_list("person_id", "group_id"))
    for act in acts:
        post, person = posts[act.post], people[act.person]
        if post.group_id and post.group.approval and (person.pk, post.group_id) not in members:  # type: ignore[union-attr]
            continue
        if act.kind == "repost" and post.visibility != "public":
            continue
        own_id = {"id": ids.new_id(act.at)} if act.kind == "repost" else {}
        rows[act.kind].append(makers[act.kind](person=person, post=post, created_at=act.at, **own_id))
    for kind, made in rows.items():
        makers[kind].objects.bulk_create(made, ignore_conflicts=True)  # some did it on their own before


def recount() -> None:
    """Set every counter from the rows it counts."""

    def of(model: Any, **link: Any) -> Coalesce:
        key = next(iter(link))
        rows = model.objects.filter(**link).order_by().values(key).annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(rows), 0)

    living = Q(deleted_at=None)
    Post.objects.update(
        likes_count=of(Like, post=OuterRef("pk")),
        reposts_count=of(Repost, post=OuterRef("pk")),
        comments_count=_posts_by("parent", living),
        quotes_count=_posts_by("quote", living),
    )
    Profile.objects.update(
        followers_count=of(Follow, followed=OuterRef("user")),
        following_count=of(Follow, follower=OuterRef("user")),
        posts_count=_posts_by("author", living, OuterRef("user")),
    )
    Topic.objects.update(followers_count=of(TopicFollow, topic=OuterRef("pk")))
    Group.objects.update(members_count=of(Membership, group=OuterRef("pk"), state=Membership.State.ACTIVE))


def _posts_by(column: str, living: Q, key: Any = None) -> Coalesce:
    rows = Post.objects.filter(living, **{column: key or OuterRef("pk")}).order_by().values(column)
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)


def notices(now: datetime) -> None:
    """Notices of the last days, as the verbs would have left them; all but the newest ones read."""
    since = now - timedelta(days=6)
    kind = Notification.Kind
    notices = [
        Notification(
            recipient_id=like.post.author_id,
            kind=kind.LIKE,
            actor_id=like.person_id,
            post=like.post,
            created_at=like.created_at,
        )
        for like in Like.objects.filter(created_at__gte=since).select_related("post").exclude(person=F("post__author"))
    ]
    notices += [
        Notification(
            recipient_id=post.parent.author_id,
            kind=kind.COMMENT,
            actor_id=post.author_id,
            post=post,
            created_at=post.created_at,
        )
        for post in Post.objects.filter(created_at__gte=since, parent__isnull=False).select_related("parent")
        if post.parent and post.parent.author_id != post.author_id
    ]
    notices += [
        Notification(
            recipient_id=mention.person_id,
            kind=kind.MENTION,
            actor_id=mention.post.author_id,
            post=mention.post,
            created_at=mention.post.created_at,
        )
        for mention in Mention.objects.filter(post__created_at__gte=since).select_related("post")
        if mention.person_id != mention.post.author_id
    ]
    recent = now - timedelta(days=1)
    for notice in notices:
        notice.read_at = None if notice.created_at > recent else notice.created_at
    notices.sort(key=lambda notice: notice.created_at)
    Notification.objects.bulk_create(notices, ignore_conflicts=True)


def unload() -> int:
    """Remove the townspeople and everything they own. Returns how many people left."""
    people = User.objects.filter(is_demo=True)
    number = people.count()
    for profile in Profile.objects.filter(user__in=people):
        profile.avatar.delete(save=False)
        profile.header.delete(save=False)
    for attachment in Attachment.objects.filter(owner__in=people):
        attachment.image.delete(save=False)
    with connection.cursor():
        people.delete()
    recount()
    return number


__all__ = ["Arrival", "Person", "curated_topics", "index_words", "load", "notices", "recount", "unload"]
