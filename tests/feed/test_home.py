"""The ranked home: the ranker's order, the viewer's permissions, one impression a post, no post twice."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import actions as people
from feed import actions, timelines
from feed.models import Impression, Post
from feed.timelines import home


def many(say, author, number, start=0):
    return [say(author, f"post number {n}") for n in range(start, start + number)]


def ids(page):
    return [post.pk for post in page.posts]


def walk(viewer, first=None, most=50):
    """All pages from the first, as lists of ids."""
    page = timelines.home_ranked(viewer, first)
    pages = [page]
    while page.next_cursor and len(pages) < most:
        page = timelines.home_ranked(viewer, page.next_cursor)
        pages.append(page)
    return pages


def test_the_rankers_order_is_shown_and_recorded(ranker, say, alice, bob):
    posts = many(say, bob, 5)
    ranker.order = [posts[n].pk for n in (3, 0, 4, 1, 2)]
    page = timelines.home_ranked(alice)
    assert ids(page) == ranker.order
    assert page.ended
    rows = list(Impression.objects.order_by("position"))
    assert [row.post_id for row in rows] == ranker.order
    assert {row.request_id for row in rows} == {page.request_id}
    assert {(row.person_id, row.source, row.model_version) for row in rows} == {(alice.pk, "rising", "scripted-1")}
    assert rows[2].features == {"age": 2.0}
    assert rows[2].terms == {"freshness": 0.5}
    assert [post.impression_id for post in page.posts] == [row.pk for row in rows]
    assert page.posts[0].why == "Because it is rising"


def test_later_pages_remember_when_they_were_scored(ranker, say, settings, alice, bob):
    settings.PAGE_SIZE = 2
    ranker.order = [post.pk for post in many(say, bob, 4)]
    first = timelines.home_ranked(alice)
    scored = Impression.objects.latest("pk").scored_at
    timelines.home_ranked(alice, first.next_cursor)
    rows = list(Impression.objects.order_by("position"))
    assert [row.scored_at for row in rows] == [scored] * 4
    assert rows[0].shown_at < rows[2].shown_at
    timelines.home_ranked(alice, first.next_cursor)
    assert Impression.objects.get(pk=rows[2].pk).scored_at == scored


def test_what_may_be_read_is_found_behind_many_that_may_not(ranker, say, settings, alice, bob):
    settings.PAGE_SIZE = 2
    posts = many(say, bob, 8)
    ranker.order = [post.pk for post in posts]
    Post.objects.filter(pk__in=ranker.order[1:6]).update(deleted_at=timezone.now())
    page = timelines.home_ranked(alice)
    assert ids(page) == [posts[0].pk, posts[6].pk]
    assert ids(timelines.home_ranked(alice, page.next_cursor)) == [posts[7].pk]


def test_visibility_has_the_last_word(ranker, say, alice, bob, charlie, mallory):
    open_one, gone = say(bob, "readable"), say(bob, "soon deleted")
    blocked, private = say(mallory, "by the blocked"), say(charlie, "not for alice", visibility="followers")
    muted = say(charlie, "about spiders")
    people.mute_phrase(alice, "spiders")
    actions.delete(bob, gone)
    ranker.order = [blocked.pk, gone.pk, private.pk, muted.pk, open_one.pk, 12345]
    assert ids(timelines.home_ranked(alice)) == [open_one.pk]
    assert list(Impression.objects.values_list("post_id", flat=True)) == [open_one.pk]


def test_pages_follow_one_another_without_repeats(ranker, say, alice, bob, settings):
    settings.PAGE_SIZE = 5
    posts = many(say, bob, 18)
    ranker.order = [post.pk for post in posts]
    pages = walk(alice)
    seen = [pk for page in pages for pk in ids(page)]
    assert seen == ranker.order
    assert [len(page.posts) for page in pages] == [5, 5, 5, 3]
    assert pages[-1].ended
    assert pages[-1].next_cursor is None
    assert ranker.asked == 1
    assert Impression.objects.filter(request_id=pages[0].request_id).count() == 18


def test_a_post_deleted_between_two_pages_is_skipped(ranker, say, alice, bob, settings):
    settings.PAGE_SIZE = 5
    posts = many(say, bob, 12)
    ranker.order = [post.pk for post in posts]
    first = timelines.home_ranked(alice)
    actions.delete(bob, posts[6])
    second = timelines.home_ranked(alice, first.next_cursor)
    assert ids(second) == [posts[n].pk for n in (5, 7, 8, 9, 10)]


def test_without_the_cache_the_ranker_is_asked_again_and_nothing_repeats(ranker, say, alice, bob, settings):
    settings.PAGE_SIZE = 5
    posts = many(say, bob, 14)
    ranker.order = [post.pk for post in posts]
    first = timelines.home_ranked(alice)
    cache.delete_pattern("*")
    ranker.order = [post.pk for post in reversed(posts)]
    second = timelines.home_ranked(alice, first.next_cursor)
    assert second.request_id == first.request_id
    assert not set(ids(first)) & set(ids(second))
    rest = walk(alice, second.next_cursor)
    seen = ids(first) + ids(second) + [pk for page in rest for pk in ids(page)]
    assert sorted(seen) == sorted(ranker.order)


def test_with_a_dead_cache_pages_still_follow(ranker, say, alice, bob, settings):
    settings.PAGE_SIZE = 5
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    ranker.order = [post.pk for post in many(say, bob, 13)]
    seen = [pk for page in walk(alice) for pk in ids(page)]
    assert seen == ranker.order


def test_a_used_up_slate_is_followed_by_another(ranker, say, alice, bob, settings, monkeypatch):
    settings.PAGE_SIZE = 5
    monkeypatch.setattr(home, "SLATE", 10)
    ranker.order = [post.pk for post in many(say, bob, 23)]
    pages = walk(alice)
    assert [pk for page in pages for pk in ids(page)] == ranker.order
    assert pages[-1].ended
    assert Impression.objects.count() == 23


def test_the_same_page_loaded_twice_is_one_set_of_impressions(ranker, say, alice, bob, settings):
    settings.PAGE_SIZE = 5
    ranker.order = [post.pk for post in many(say, bob, 10)]
    first = timelines.home_ranked(alice)
    again = [timelines.home_ranked(alice, first.next_cursor) for _ in range(2)]
    assert ids(again[0]) == ids(again[1])
    assert [post.impression_id for post in again[0].posts] == [post.impression_id for post in again[1].posts]
    assert Impression.objects.count() == 10


def test_ranking_switched_off_is_newest_first_and_unrecorded(ranker, say, alice, bob, charlie):
    posts = [say(charlie, "stranger"), say(bob, "friend", visibility="followers"), say(bob, "public")]
    ranker.order = [posts[0].pk]
    people.give_consent(alice, personalised=False)
    alice.consent.refresh_from_db()
    assert ids(timelines.home_ranked(alice)) == [post.pk for post in reversed(posts)]
    assert ranker.asked == 0
    assert not Impression.objects.exists()


def test_a_silent_ranker_leaves_newest_first_with_pages(say, alice, bob, settings):
    settings.PAGE_SIZE = 5
    posts = many(say, bob, 12)
    seen = [pk for page in walk(alice) for pk in ids(page)]
    assert seen == [post.pk for post in reversed(posts)]


def test_cursors_that_are_not_ours_are_refused_in_words(ranker, say, seen_by, alice, bob, charlie, settings):
    settings.PAGE_SIZE = 5
    ranker.order = [post.pk for post in many(say, bob, 8)]
    stolen = timelines.home_ranked(charlie).next_cursor
    mine = timelines.home_ranked(alice).next_cursor
    bad = ["x", "..", mine[:-1], mine + "0", stolen, "-1", "9" * 30, "%00", "\x00", "１２"]
    browser = seen_by(alice)
    for cursor in bad:
        answer = browser.get("/", {"cursor": cursor})
        assert answer.status_code == 400, cursor
        assert "Start again from the top" in answer.content.decode()
    for tab in ("following", "local"):
        assert browser.get("/", {"tab": tab, "cursor": "abc"}).status_code == 400
    assert browser.get("/", {"cursor": mine}).status_code == 200


def test_query_counts_do_not_grow_with_posts(ranker, say, seen_by, alice, bob, charlie):
    quoted = say(charlie, "quoted #topic")
    posts = [say(bob, f"with #tag{n % 3}", quote=quoted if n % 4 == 0 else None) for n in range(60)]
    ranker.order = [post.pk for post in posts]
    browser = seen_by(alice)
    browser.get("/")  # what is kept for all: the session, the topics beside the column

    def queries(url):
        with CaptureQueriesContext(connection) as seen:
            answer = browser.get(url)
        assert answer.status_code == 200
        return [query["sql"] for query in seen if "SAVEPOINT" not in query["sql"]], answer

    first, answer = queries("/")
    assert len(answer.context["page"].posts) == 20
    following, _answer = queries(answer.context["more_url"])
    ranker.order = ranker.order[:4]
    few, _answer = queries("/")
    assert len(first) == len(few)
    assert len(first) <= 8  # leaves twelve to the ranker
    assert len(following) <= 8
