"""Timelines by time: who stands where, once, in order, on every page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import actions as people
from feed import actions, timelines
from feed.models import Label, Post, Topic
from feed.timelines import conversation as threads


def texts(page):
    return [post.text for post in page.posts]


def all_pages(read, **more):
    cursor, found = None, []
    for _ in range(60):
        page = read(cursor)
        found += [post.pk for post in page.posts]
        cursor = page.next_cursor
        if cursor is None:
            assert page.ended
            return found
    raise AssertionError("the timeline never ends")


def test_following_is_strictly_by_time_with_own_posts_groups_and_reposts(say, alice, bob, charlie):
    group = actions.create_group(charlie, "Bakers")
    actions.join_group(alice, group)
    stranger = say(charlie, "stranger, reposted")
    say(charlie, "stranger, unseen")
    say(bob, "from bob")
    say(charlie, "in the group", group=group)
    say(alice, "my own")
    answer = say(bob, "an answer of bob", parent=stranger)
    actions.repost(bob, stranger)
    page = timelines.following(alice)
    assert texts(page) == ["stranger, reposted", "my own", "in the group", "from bob"]
    assert page.posts[0].reposted_by == bob
    assert answer.text not in texts(page)
    assert timelines.following_ids(alice, 100) == [post.pk for post in page.posts]
    assert timelines.following_ids(alice, 2) == [post.pk for post in page.posts[:2]]


def test_following_shows_a_reposted_post_once_at_its_newest_repost(say, person, alice, bob, charlie):
    dora = person("dora")
    people.follow(alice, dora)
    post = say(charlie, "worth sharing")
    actions.repost(bob, post)
    say(bob, "between")
    actions.repost(dora, post)
    actions.repost(dora, Post.objects.get(text="between"))
    page = timelines.following(alice)
    assert texts(page) == ["worth sharing", "between"]
    assert page.posts[0].reposted_by == dora
    assert page.posts[1].reposted_by is None


def test_a_muted_persons_posts_and_reposts_stay_out(say, alice, bob, charlie):
    post = say(charlie, "shared by the muted")
    say(bob, "by the muted")
    actions.repost(bob, post)
    people.mute(alice, bob)
    assert texts(timelines.following(alice)) == []
    assert texts(timelines.local(alice)) == ["shared by the muted"]
    people.unmute(alice, bob)
    assert len(texts(timelines.following(alice))) == 2


@pytest.mark.parametrize("name", ["following", "local", "newest", "bookmarks"])
def test_pages_never_repeat_and_end(name, say, alice, bob, charlie, settings):
    settings.PAGE_SIZE = 5
    posts = [say(bob if n % 2 else alice, f"post {n}") for n in range(17)]
    for n in range(4):
        actions.repost(bob, say(charlie, f"shared {n}"))
    for post in posts:
        actions.bookmark(alice, post)
    read = getattr(timelines, name)
    found = all_pages(lambda cursor: read(alice, cursor))
    assert len(found) == len(set(found))
    assert set(found) >= {post.pk for post in posts}


def test_profile_tabs(say, alice, bob, charlie):
    shared = say(charlie, "shared")
    own = say(bob, "own")
    say(bob, "answering", parent=shared)
    actions.repost(bob, shared)
    actions.repost(bob, own)
    assert texts(timelines.profile(bob, alice)) == ["shared", "own"]
    assert texts(timelines.profile(bob, alice, "replies")) == ["answering"]
    assert texts(timelines.profile(bob, alice, "media")) == []


def test_private_things_stay_private(say, alice, bob, charlie, mallory):
    closed = actions.create_group(bob, "Closed", approval=True)
    say(bob, "for followers", visibility="followers")
    say(bob, "in the closed group", group=closed)
    hidden = say(charlie, "hidden by a moderator")
    Label.objects.create(post=hidden, name=Label.HIDDEN)
    say(alice, "alice in public")
    assert texts(timelines.profile(bob, charlie)) == []
    assert texts(timelines.profile(bob, alice)) == ["for followers"]
    assert texts(timelines.group(closed, alice)) == []
    assert texts(timelines.group(closed, bob)) == ["in the closed group"]
    assert texts(timelines.local(alice)) == ["alice in public"]
    assert texts(timelines.local(mallory)) == []
    assert texts(timelines.local(charlie)) == ["alice in public", "hidden by a moderator"]


def test_a_topic_gathers_its_aliases(say, alice, bob):
    topic = Topic.objects.create(name="gardens", shown_as="gardens", curated=True, title_en="Gardens", title_zh="园艺")
    Topic.objects.create(name="gardening", shown_as="gardening", alias_of=topic)
    say(bob, "one #gardening")
    say(bob, "two #gardens #gardening")
    say(bob, "elsewhere #cats")
    assert texts(timelines.topic(topic, alice)) == ["two #gardens #gardening", "one #gardening"]


def test_a_quote_of_what_one_may_not_read_is_empty(say, alice, bob, charlie, mallory):
    first = say(mallory, "secret of mallory")
    say(bob, "look at this", quote=first)
    (seen,) = timelines.local(alice).posts
    assert seen.quote is None
    assert seen.quote_id == first.pk
    (seen, _own) = timelines.local(charlie).posts
    assert seen.quote.text == "secret of mallory"
    actions.delete(mallory, first)
    (seen,) = timelines.local(charlie).posts
    assert seen.quote is None


def test_rising_prefers_what_is_answered_to_and_keeps_the_language(say, alice, bob, charlie):
    say(bob, "quiet", language="en")
    loud = say(bob, "loud", language="en")
    say(bob, "安静的一天", language="zh")
    for person in (alice, charlie):
        actions.like(person, loud)
    assert texts(timelines.rising(alice))[0] == "loud"
    assert texts(timelines.rising(alice, "zh")) == ["安静的一天"]


def test_a_conversation_reads_depth_first(say, alice, bob, charlie):
    root = say(bob, "root")
    one = say(alice, "1", parent=root)
    two = say(charlie, "2", parent=root)
    deep = say(bob, "1.1", parent=one)
    deeper = say(alice, "1.1.1", parent=deep)
    say(charlie, "1.2", parent=one)
    talk = timelines.thread(root, alice)
    assert [(post.text, depth) for post, depth in talk.answers] == [
        ("1", 0),
        ("1.1", 1),
        ("1.1.1", 2),
        ("1.2", 1),
        ("2", 0),
    ]
    middle = timelines.thread(deep, alice)
    assert [post.text for post in middle.ancestors] == ["root", "1"]
    assert [post.text for post, _depth in middle.answers] == ["1.1.1"]
    actions.delete(bob, deep)
    after = timelines.thread(root, alice)
    assert [post.text for post, _depth in after.answers] == ["1", "1.2", "2", "1.1.1"]
    left = timelines.thread(deeper, alice)
    assert left.hidden_above
    assert [post.text for post in left.ancestors] == ["root"]
    assert two.pk in [post.pk for post, _depth in after.answers]


def test_a_thread_of_two_thousand_answers_is_paged_in_few_queries(say, alice, bob):
    root = say(bob, "root")
    at = root
    rows = []
    for n in range(2000):
        parent = at if n % 2 else root
        row = Post(author=bob, text=f"a{n}", parent_id=parent.pk, thread=root, is_comment=True)
        rows.append(row)
        at = row
    for row in rows:
        row.html = "<p></p>"
    Post.objects.bulk_create(rows)
    with CaptureQueriesContext(connection) as seen:
        first = timelines.thread(root, alice)
    assert len(seen) <= 7
    assert len(first.answers) == threads.PER_PAGE
    found, cursor = [], None
    while True:
        talk = timelines.thread(root, alice, cursor)
        found += [post.pk for post, _depth in talk.answers]
        cursor = talk.next_cursor
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 2000


def test_an_answer_two_hundred_levels_deep_reads(say, alice, bob):
    at = say(bob, "level 0")
    for n in range(1, 201):
        at = Post.objects.create(
            author=bob, text=f"level {n}", html="", parent=at, thread_id=at.root_id, is_comment=True
        )
    talk = timelines.thread(at, alice)
    assert talk.ancestors[0].text == "level 0"
    assert talk.ancestors[-1].text == "level 199"
    assert len(talk.ancestors) == threads.MOST_ANCESTORS + 1


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 25, "1.5", "１", "\x00", "0"])
def test_bad_cursors_are_told_apart(cursor, alice):
    for read in (timelines.following, timelines.local, timelines.bookmarks, timelines.newest):
        with pytest.raises(timelines.BadCursor):
            read(alice, cursor)


@pytest.mark.parametrize("name", ["following", "local", "bookmarks"])
def test_query_counts_do_not_depend_on_the_number_of_posts(name, say, alice, bob, charlie):
    read = getattr(timelines, name)

    def count():
        with CaptureQueriesContext(connection) as seen:
            read(alice)
        return len(seen)

    quoted = say(charlie, "quoted #tag")
    for n in range(3):
        post = say(bob, f"with #tag{n}", quote=quoted)
        actions.bookmark(alice, post)
    few = count()
    for n in range(30):
        post = say(bob, f"more #tag{n}", quote=quoted if n % 2 else None)
        actions.bookmark(alice, post)
    assert count() == few <= 6
