"""What is suggested and why: the evidence, its words, consent, and who is never among it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import actions as people
from accounts.models import Follow, Profile, User
from feed import actions
from feed.models import Group, Post, Topic
from ml.models import Learner
from ml.ranking import suggest
from ml.ranking.suggest_words import phrases
from tests.ml.ranking.batches import axis

Person = Callable[..., User]


def writes(author: User, *texts: str, **more: Any) -> list[Post]:
    return [actions.publish(author, text, language="en", **more) for text in texts or ("Hello there",)]


def suggested(viewer: User, kind: str = "people") -> dict[int, dict[str, Any]]:
    found = getattr(suggest, kind)(User.objects.get(pk=viewer.pk), 24)
    return {one.id: one.reason for one in found}


def why(viewer: User, thing: Any, kind: str = "people") -> str:
    return phrases(viewer, [suggested(viewer, kind)[thing.pk]])[0]


@pytest.fixture
def friends(alice: User, bob: User, person: Person) -> list[User]:
    """Three people alice follows; bob is the last."""
    found = [person("lin"), person("mo")]
    for one in found:
        people.follow(alice, one)
    return [*found, bob]


@pytest.fixture
def topic(db: None) -> Topic:
    return Topic.objects.create(
        name="astronomy", shown_as="astronomy", curated=True, title_en="astronomy", title_zh="天文"
    )


def test_friends_of_friends_are_counted(alice: User, friends: list[User], charlie: User) -> None:
    writes(charlie)
    people.follow(friends[0], charlie)
    assert why(alice, charlie) == "Followed by Lin, whom you follow"
    people.follow(friends[1], charlie)
    people.follow(friends[2], charlie)
    assert why(alice, charlie) in {f"Followed by {one.display_name} and 2 others you follow" for one in friends}


def test_ones_own_likes_count_with_consent_only(alice: User, person: Person) -> None:
    writer = person("writer")
    for post in writes(writer, "One", "Two", "Three", "Four"):
        actions.like(alice, post)
    assert why(alice, writer) == "You liked 4 of their posts"
    people.give_consent(alice, behaviour=False)
    assert writer.pk not in suggested(alice)
    people.give_consent(alice, behaviour=True)
    Learner.objects.update_or_create(pk=alice.pk, defaults={"reset_at": timezone.now() + timedelta(seconds=1)})
    assert writer.pk not in suggested(alice)


def test_whoever_likes_the_same_posts(alice: User, charlie: User, person: Person) -> None:
    posts = [writes(person(f"author{i}"))[0] for i in range(5)]
    writes(charlie)
    for post in posts:
        actions.like(alice, post)
        actions.like(charlie, post)
    assert why(alice, charlie) == "Likes many of the posts you like"
    people.give_consent(charlie, behaviour=False)
    assert charlie.pk not in suggested(alice)


def test_who_likes_everything_is_not_alike(alice: User, charlie: User, person: Person) -> None:
    """A bot that likes all there is comes after somebody who likes what one likes, and the more it likes the later."""
    posts = [writes(person(f"author{i}"), *(f"Number {n}" for n in range(20))) for i in range(5)]
    bot = person("bot")
    for one in (charlie, bot):
        writes(one)
    for written in posts:
        actions.like(alice, written[0])
        actions.like(charlie, written[0])
        for post in written:
            actions.like(bot, post)
    order = list(suggested(alice))
    assert order.index(charlie.pk) < order.index(bot.pk)


def test_who_writes_about_a_topic_one_follows(alice: User, charlie: User, topic: Topic) -> None:
    writes(charlie, "Saturn #astronomy", "Jupiter #astronomy")
    people.give_consent(alice, behaviour=False)
    actions.follow_topic(alice, topic)
    assert why(alice, charlie) == "Writes about astronomy"


def test_who_writes_what_one_likes(
    alice: User, charlie: User, means: Callable[..., Post], likes_axis: Callable[..., Any]
) -> None:
    for post in writes(charlie, "One", "Two", "Three"):
        means(post, axis(0))
    likes_axis(alice, 0)
    assert why(alice, charlie) == "Writes about tomato, soil"
    people.give_consent(alice, behaviour=False)
    likes_axis(alice, 0)  # what was learned is deleted with the consent; were it not, it would not be read
    assert charlie.pk not in suggested(alice)


def test_who_follows_you_and_who_is_in_your_group(alice: User, charlie: User, person: Person) -> None:
    writes(charlie)
    people.follow(charlie, alice)
    assert why(alice, charlie) == "Follows you"
    other = person("other")
    writes(other)
    place = actions.create_group(alice, "The Choir", slug="choir")
    actions.join_group(other, place)
    assert why(alice, other) == "In your group The Choir"


def test_who_is_never_suggested(alice: User, bob: User, mallory: User, person: Person) -> None:
    names = ["muted", "blocker", "suspended", "dismissed", "shy", "silent", "fine", "fewer"]
    cast = {name: person(name) for name in names}
    for name, one in (*cast.items(), ("alice", alice), ("bob", bob), ("mallory", mallory)):
        if name != "silent":
            writes(one)
        if one not in (alice, mallory):
            people.follow(bob, one) if one != bob else None
    people.mute(alice, cast["muted"])
    people.block(cast["blocker"], alice)
    User.objects.filter(pk=cast["suspended"].pk).update(is_active=False)
    actions.dismiss(alice, cast["dismissed"])
    Profile.objects.filter(user=cast["shy"]).update(recommendable=False)
    actions.give_feedback(alice, "fewer_author", author=cast["fewer"])
    assert set(suggested(alice)) == {cast["fine"].pk}


def test_a_shared_language_comes_first(alice: User, person: Person) -> None:
    near, far = person("near", languages=("en",)), person("far", languages=("zh",))
    for one in (far, near):
        writes(one)
        people.follow(one, alice)
    assert list(suggested(alice))[:2] == [near.pk, far.pk]


def test_topics(alice: User, friends: list[User], topic: Topic, likes_axis: Callable[..., Any]) -> None:
    assert topic.pk not in suggested(alice, "topics")
    writes(friends[0], "Saturn #astronomy")
    assert why(alice, topic, "topics") == "Lin, whom you follow, writes about it"
    writes(friends[1], "Jupiter #astronomy")
    assert why(alice, topic, "topics") == "Mo and 1 other you follow write about it"
    likes_axis(alice, 0, topic=topic)
    assert why(alice, topic, "topics") == "You often like posts about it"
    actions.follow_topic(alice, topic)
    assert topic.pk not in suggested(alice, "topics")


def test_groups(alice: User, friends: list[User], charlie: User, topic: Topic) -> None:
    place = actions.create_group(charlie, "Night Sky", slug="night-sky", topic=topic)
    closed = actions.create_group(charlie, "The Board", slug="board", approval=True)
    actions.join_group(friends[0], place)
    assert why(alice, place, "groups") == "Lin, whom you follow, is in it"
    asked = actions.join_group(friends[0], closed)
    actions.admit_member(charlie, asked)
    assert suggested(alice, "groups")[closed.pk] == {"kind": "popular"}  # who is in it is known to its members only
    for text in ("One", "Two"):
        actions.like(alice, writes(charlie, text, group=place, visibility="group")[0])
    assert why(alice, place, "groups") == "You liked 2 posts from it"
    people.give_consent(alice, behaviour=False)
    actions.follow_topic(alice, topic)
    assert why(alice, place, "groups") == "About astronomy, which you follow"
    actions.join_group(alice, place)
    assert place.pk not in suggested(alice, "groups")


def test_few_queries_however_many_people(alice: User, friends: list[User], person: Person) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            suggested(alice)
        return len(seen)

    writes(person("first"))
    few = count()
    for i in range(12):
        writes(one := person(f"many{i}"))
        people.follow(friends[i % 3], one)
    assert count() == few <= 6


def test_a_stranger_to_everything_gets_an_answer(person: Person) -> None:
    nobody = person("nobody", consents=False, languages=())
    assert suggested(nobody) == {}
    assert suggested(nobody, "topics") == {}
    assert suggested(nobody, "groups") == {}
    assert phrases(nobody, [{"kind": "long gone"}, {"kind": "friends", "person": 0, "others": 0}]) == [
        "Suggested for you",
        "Suggested for you",
    ]


def crowd(names: str, number: int) -> list[User]:
    """People who may be suggested, made in bulk."""
    made = User.objects.bulk_create(User(username=f"{names}{i}", email=f"{names}{i}@x.org") for i in range(number))
    Profile.objects.bulk_create(
        Profile(user=one, display_name=one.username, posts_count=1, followers_count=1) for one in made
    )
    return made


def popular(one: User) -> None:
    Profile.objects.filter(user=one).update(posts_count=1, followers_count=1)


def follows(*pairs: tuple[User, User]) -> None:
    Follow.objects.bulk_create(Follow(follower=one, followed=other) for one, other in pairs)


def test_friends_of_friends_one_follows_take_no_places(alice: User, person: Person) -> None:
    friends, known, new = crowd("friend", 4), crowd("known", 190), crowd("new", 3)
    follows(*((alice, one) for one in (*friends, *known)))
    follows(*((friend, one) for place, friend in enumerate(friends) for one in known[95 * (place // 2) :][:95]))
    follows(*((friends[0], one) for one in new))
    found = suggested(alice)
    assert {found[one.pk]["kind"] for one in new} == {"friends"}
    assert not {one.pk for one in known} & found.keys()


def test_the_popular_one_follows_or_refused_take_no_places(alice: User, person: Person) -> None:
    known, refused, new = crowd("known", 40), crowd("refused", 40), crowd("new", 5)
    Profile.objects.filter(user__in=[*known, *refused]).update(followers_count=100)
    follows(*((alice, one) for one in known))
    for one in refused:
        actions.dismiss(alice, one)
    assert set(suggested(alice)) >= {one.pk for one in new}


def test_what_was_refused_never_uses_up_the_suggestions(alice: User, charlie: User) -> None:
    topics = [
        Topic.objects.create(name=f"t{i}", shown_as=f"t{i}", curated=True, title_en=f"T{i}", followers_count=100 - i)
        for i in range(70)
    ]
    places = Group.objects.bulk_create(
        Group(slug=f"g{i}", name=f"G{i}", owner=charlie, members_count=100 - i) for i in range(70)
    )
    for kind, things in (("topics", topics), ("groups", places)):
        assert list(suggested(alice, kind)) == [one.pk for one in things[:24]]
        for one in things[:64]:
            actions.dismiss(alice, one)
        assert list(suggested(alice, kind)) == [one.pk for one in things[64:]]


def test_a_liked_topic_that_was_refused_stays_away(alice: User, topic: Topic, likes_axis: Callable[..., Any]) -> None:
    likes_axis(alice, 0, topic=topic)
    assert suggested(alice, "topics")[topic.pk]["kind"] == "liked"
    actions.dismiss(alice, topic)
    assert topic.pk not in suggested(alice, "topics")


@pytest.fixture
def board(charlie: User, person: Person) -> Group:
    """A group by approval."""
    return actions.create_group(charlie, "The Board", slug="board", approval=True)


@pytest.mark.parametrize("closed", ["followers", "group", "hidden", "deleted"])
def test_what_a_stranger_may_not_read_tells_nothing_of_its_author(
    closed: str, alice: User, charlie: User, board: Group, means: Callable[..., Post], likes_axis: Callable[..., Any]
) -> None:
    likes_axis(alice, 0)
    more: dict[str, Any] = {"visibility": "followers"} if closed == "followers" else {}
    if closed == "group":
        more = {"visibility": "group", "group": board}
    posts = [means(post, axis(0)) for post in writes(charlie, "One #astronomy", "Two #astronomy", "Three", **more)]
    for post in posts:
        if closed == "hidden":
            actions.label(post, "hidden")
        if closed == "deleted":
            actions.delete(charlie, post)
    actions.follow_topic(alice, Topic.objects.get_or_create(name="astronomy", shown_as="astronomy")[0])
    popular(charlie)
    assert suggested(alice)[charlie.pk] == {"kind": "popular"}
    people.follow(alice, charlie)
    assert not any(reason["kind"] == "friends-write" for reason in suggested(alice, "topics").values())


def test_likes_within_a_closed_group_make_nobody_alike(alice: User, bob: User, charlie: User, person: Person) -> None:
    place = actions.create_group(bob, "The Board", slug="board", approval=True)
    for one in (alice, charlie):
        actions.admit_member(bob, actions.join_group(one, place))
    writes(charlie)
    for post in writes(bob, "One", "Two", "Three", "Four", group=place, visibility="group"):
        actions.like(alice, post)
        actions.like(charlie, post)
    actions.leave_group(alice, place)
    popular(charlie)
    assert suggested(alice)[charlie.pk] == {"kind": "popular"}


def test_suspended_friends_speak_for_nobody(
    alice: User, bob: User, charlie: User, person: Person, topic: Topic
) -> None:
    writes(charlie)
    Topic.objects.filter(pk=topic.pk).update(followers_count=1)
    writes(bob, "Saturn #astronomy")
    people.follow(bob, charlie)
    place = actions.create_group(person("owner"), "Night Sky", slug="night-sky")
    actions.join_group(bob, place)
    kinds = ((charlie, "people", "friends"), (topic, "topics", "friends-write"), (place, "groups", "members"))
    for thing, kind, reason in kinds:
        assert suggested(alice, kind)[thing.pk] == {"kind": reason, "person": bob.pk, "others": 0}
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for thing, kind, _reason in kinds:
        assert suggested(alice, kind)[thing.pk] == {"kind": "popular"}


def test_groups_of_the_blocked_and_the_suspended_are_not_offered(alice: User, mallory: User, person: Person) -> None:
    gone, foe = person("gone"), person("foe")
    people.block(foe, alice)
    fine = actions.create_group(person("host"), "Open House", slug="open-house")
    for owner in (gone, foe, mallory):
        actions.create_group(owner, f"Of {owner.username}", slug=f"of-{owner.username}")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert set(suggested(alice, "groups")) == {fine.pk}
