"""What people do after seeing a post: each kind stored, at the right impression, undone, and never without consent."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import actions as people
from accounts.exports import own_data
from accounts.models import Consent
from feed import actions, timelines
from feed.actions import outcomes
from feed.models import Feedback, Impression, Outcome, Post, Report
from feed.tasks import expire_impressions

HTMX = {"HX-Request": "true"}
REAL = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def told_at_once(request, monkeypatch):
    """Signals are heard at once, for speed; tests marked REAL wait for the commit as the site does."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None:
        request.getfixturevalue("db")
        monkeypatch.setattr(transaction, "on_commit", lambda act, **_: act())


def shown(person, post, hours=0.0, **more):
    at = timezone.now() - timedelta(hours=hours)
    return Impression.objects.create(person=person, post=post, request_id=uuid4(), position=0, shown_at=at, **more)


def kinds(row):
    return sorted(row.outcomes.values_list("kind", flat=True))


ACTS = {
    "like": ("feed:like", {}, "feed:unlike"),
    "repost": ("feed:repost", {}, "feed:unrepost"),
    "bookmark": ("feed:bookmark", {}, "feed:unbookmark"),
    "not_interested": ("feed:not_interested", {}, ""),
    "hide": ("feed:hide", {}, ""),
    "fewer": ("feed:fewer", {"kind": "author"}, ""),
    "report": ("feed:report", {"reason": "spam"}, ""),
}


@pytest.mark.parametrize("kind", ACTS)
@pytest.mark.parametrize("named", [True, False])
def test_an_act_on_a_post_is_stored_and_its_undo_deletes_it(seen_by, say, alice, bob, kind, named):
    post = say(bob, "look")
    old, new = shown(alice, post, hours=3), shown(alice, post, hours=1)
    address, fields, undo = ACTS[kind]
    browser = seen_by(alice)
    browser.post(reverse(address, args=[post.pk]), {**fields, **({"impression": old.pk} if named else {})})
    assert kinds(old) == ([kind] if named else [])
    assert kinds(new) == ([] if named else [kind])
    if undo:
        browser.post(reverse(undo, args=[post.pk]))
    elif kind == "report":
        browser.post(reverse("feed:withdraw_report", args=[Report.objects.get().pk]))
    else:
        browser.post(reverse("feed:undo_feedback", args=[Feedback.objects.get().pk]))
    assert not Outcome.objects.exists()


@pytest.mark.parametrize(
    ("kind", "undo"), [("follow", "feed:unfollow"), ("mute", "feed:unmute"), ("block", "feed:unblock")]
)
@pytest.mark.parametrize("named", [True, False])
def test_an_act_on_an_author_belongs_to_the_post_it_came_from(seen_by, say, charlie, bob, kind, undo, named):
    first, second = shown(charlie, say(bob, "one"), hours=2), shown(charlie, say(bob, "two"), hours=0.2)
    browser = seen_by(charlie)
    browser.post(reverse(f"feed:{kind}", args=["bob"]), {"impression": first.pk} if named else {})
    assert kinds(first) == ([kind] if named else [])
    assert kinds(second) == ([] if named else [kind])
    browser.post(reverse(undo, args=["bob"]))
    assert not Outcome.objects.exists()


def test_beyond_the_time_an_act_follows_from_nothing(seen_by, say, charlie, bob):
    post = say(bob, "yesterday")
    shown(charlie, post, hours=25)
    shown(charlie, say(bob, "before"), hours=0.6)
    actions.like(charlie, post)
    people.follow(charlie, bob)
    actions.like(charlie, say(bob, "never shown"))
    assert not Outcome.objects.exists()


def test_an_answer_and_a_quote_belong_to_what_they_are_about(seen_by, say, alice, bob):
    post = say(bob, "well?")
    row = shown(alice, post)
    first = say(alice, "this", parent=post)
    second, quote = say(alice, "and that", parent=post), say(alice, "see", quote=post)
    assert kinds(row) == ["comment", "quote"]
    actions.delete(alice, first)
    assert kinds(row) == ["comment", "quote"]
    actions.delete(alice, second)
    actions.delete(alice, quote)
    assert kinds(row) == []
    actions.restore(alice, second)
    assert kinds(row) == ["comment"]


def test_an_answer_written_on_the_page_opened_from_a_card_names_that_card(seen_by, say, alice, bob):
    people.give_consent(alice, opens=True)
    post = say(bob, "well?")
    old, new = shown(alice, post, hours=2), shown(alice, post)
    browser = seen_by(alice)
    page = browser.get(post.get_absolute_url(), {"impression": old.pk}).content.decode()
    assert f'name="impression" value="{old.pk}"' in page.split("data-composer")[1]
    form = {"text": "so", "place": f"answer:{post.pk}", "visibility": "public", "impression": old.pk}
    assert browser.post("/compose", form).status_code == 302
    assert (kinds(old), kinds(new)) == (["comment", "open"], [])


def test_the_two_ways_of_fewer_are_one_outcome_until_both_are_undone(say, alice, bob):
    post = say(bob, "about #tea")
    row = shown(alice, post)
    author = actions.give_feedback(alice, Feedback.Kind.SEE_FEWER_AUTHOR, post=post)
    topic = actions.give_feedback(alice, Feedback.Kind.SEE_FEWER_TOPIC, post=post, topic=post.topics.first())
    assert kinds(row) == ["fewer"]
    actions.undo_feedback(alice, author.pk)
    assert kinds(row) == ["fewer"]
    actions.undo_feedback(alice, topic.pk)
    assert kinds(row) == []


def test_more_like_this_is_no_outcome(say, alice, bob):
    row = shown(alice, post := say(bob, "nice"))
    actions.give_feedback(alice, Feedback.Kind.MORE, post=post)
    assert kinds(row) == []


def test_muting_again_from_another_card_is_one_mute(seen_by, say, alice, bob):
    rows = [shown(alice, say(bob, text)) for text in ("one", "two")]
    for row in rows:
        seen_by(alice).post(reverse("feed:mute", args=["bob"]), {"impression": row.pk, "days": "7"})
    assert [kinds(row) for row in rows] == [["mute"], []]


@pytest.mark.parametrize("said", ["{theirs}", "{elsewhere}", "x", "-1", "9" * 30, "²", "", "{own}x"])
def test_a_forged_impression_is_not_believed(seen_by, say, alice, bob, charlie, said):
    post = say(bob, "look")
    own = shown(alice, post)
    theirs, elsewhere = shown(charlie, post), shown(alice, say(bob, "another"))
    said = said.format(theirs=theirs.pk, elsewhere=elsewhere.pk, own=own.pk)
    browser = seen_by(alice)
    assert browser.post(reverse("feed:like", args=[post.pk]), {"impression": said}, headers=HTMX).status_code == 200
    assert (kinds(own), kinds(theirs), kinds(elsewhere)) == (["like"], [], [])


def test_the_header_names_the_impression_too_and_the_answer_keeps_it(seen_by, say, alice, bob):
    post = say(bob, "look")
    old, _new = shown(alice, post, hours=2), shown(alice, post)
    headers = {**HTMX, "X-Impression": str(old.pk)}
    answer = seen_by(alice).post(reverse("feed:like", args=[post.pk]), headers=headers)
    assert kinds(old) == ["like"]
    assert f'name="impression" value="{old.pk}"' in answer.content.decode()


def test_without_consent_nothing_is_stored(seen_by, say, person, bob):
    dana = person("dana", consents=False)
    people.give_consent(dana, opens=True, reading_time=True)  # without `behaviour` these say nothing
    row = shown(dana, post := say(bob, "look"))
    browser = seen_by(dana)
    browser.post(reverse("feed:like", args=[post.pk]), {"impression": row.pk})
    browser.post(reverse("feed:mute", args=["bob"]), {"impression": row.pk})
    browser.get(post.get_absolute_url(), {"impression": row.pk})
    tell(browser, items=[{"impression": row.pk, "ms": 5000}], links=[row.pk])
    row.refresh_from_db()
    assert (kinds(row), row.read_ms) == ([], None)


def tell(browser, **facts):
    answer = browser.post("/seen", json.dumps(facts), content_type="application/json")
    assert answer.status_code == 204


@pytest.mark.parametrize("opens", [True, False])
def test_opening_and_links_are_stored_only_of_those_who_allow_it(seen_by, say, alice, bob, opens):
    people.give_consent(alice, opens=opens)
    row = shown(alice, post := say(bob, "read https://example.org/long"))
    browser = seen_by(alice)
    browser.get(post.get_absolute_url(), {"impression": row.pk})
    browser.get(post.get_absolute_url(), {"impression": row.pk})
    tell(browser, links=[row.pk, str(row.pk), None, "x", 10**30])
    assert kinds(row) == (["link", "open"] if opens else [])


def test_what_was_not_opened_is_not_stored_as_opened(seen_by, say, alice, bob, charlie):
    people.give_consent(alice, opens=True)
    post, other = say(bob, "look"), say(bob, "another")
    row = shown(alice, post)
    mine, theirs = seen_by(alice), seen_by(charlie)
    mine.get(post.get_absolute_url())  # from nowhere we know of
    mine.get(post.get_absolute_url(), {"impression": row.pk}, headers={"Sec-Purpose": "prefetch;prerender"})
    mine.head(post.get_absolute_url(), {"impression": row.pk})
    mine.get(post.get_absolute_url(), {"impression": row.pk, "cursor": "0"})
    assert mine.get(other.get_absolute_url(), {"impression": row.pk}).status_code == 200
    theirs.get(post.get_absolute_url(), {"impression": row.pk})
    seen_by().get(post.get_absolute_url(), {"impression": row.pk})
    tell(theirs, links=[row.pk])
    assert not Outcome.objects.exists()


def test_links_of_a_card_name_the_impression_only_with_consent_and_the_page_says_its_clean_address(
    seen_by, say, alice, bob, ranker
):
    post = say(bob, "look")
    ranker.order = [post.pk]
    browser = seen_by(alice)
    page = browser.get("/").content.decode()
    row = Impression.objects.latest("pk")
    assert f'name="impression" value="{row.pk}"' in page
    assert "?impression=" not in page
    assert "data-opens" not in page
    assert "data-reading-time" not in page
    people.give_consent(alice, opens=True, reading_time=True)
    page = browser.get("/").content.decode()
    row = Impression.objects.latest("pk")
    assert page.count(f'href="{post.get_absolute_url()}?impression={row.pk}') == 3
    assert "data-opens" in page
    assert "data-reading-time" in page
    assert f'data-copy="{post.get_absolute_url()}"' in page
    opened = browser.get(post.get_absolute_url(), {"impression": row.pk}).content.decode()
    assert f'<link rel="canonical" href="http://testserver{post.get_absolute_url()}">' in opened
    assert f'data-impression="{row.pk}"' in opened


def test_only_a_hundred_are_told_at_once(seen_by, say, alice, bob):
    people.give_consent(alice, opens=True, reading_time=True)
    post = say(bob, "look")
    rows = [shown(alice, post) for _ in range(103)]
    ids = [row.pk for row in rows]
    tell(seen_by(alice), items=[{"impression": pk, "ms": 2000} for pk in ids], links=ids)
    assert Impression.objects.filter(read_ms=2000).count() == 100
    assert Outcome.objects.filter(kind="link").count() == 100
    assert actions.note_links(alice, ids) <= 100


@REAL
def test_withdrawing_deletes_what_was_stored(say, alice, bob, charlie):
    post = say(bob, "look")
    for who in (alice, charlie):
        people.give_consent(who, opens=True, reading_time=True)
        row = shown(who, post)
        actions.like(who, post)
        outcomes.note(who.pk, post.pk, Outcome.Kind.OPEN)
        actions.note_links(who, [row.pk])
        actions.note_reading(who, {row.pk: 5000})
    mine, theirs = Impression.objects.get(person=alice), Impression.objects.get(person=charlie)
    people.give_consent(alice, opens=False)
    assert kinds(mine) == ["like"]
    people.give_consent(alice, reading_time=False)
    assert Impression.objects.get(pk=mine.pk).read_ms is None
    people.give_consent(alice, reading_time=True)
    actions.note_reading(alice, {mine.pk: 5000})
    people.give_consent(alice, behaviour=False)
    assert kinds(mine) == []
    assert Impression.objects.get(pk=mine.pk).read_ms is None
    assert kinds(theirs) == ["like", "link", "open"]
    assert Impression.objects.get(pk=theirs.pk).read_ms == 5000


def test_the_night_deletes_what_stands_without_consent_and_what_is_old(settings, say, alice, bob):
    people.give_consent(alice, opens=True, reading_time=True)
    row, old = shown(alice, post := say(bob, "look"), read_ms=9), shown(alice, post, hours=91 * 24)
    for kind in ("like", "open"):
        Outcome.objects.create(impression=row, kind=kind)
        Outcome.objects.create(impression=old, kind=kind)
    Consent.objects.filter(person=alice).update(opens=False, reading_time=False)  # past the verb
    assert expire_impressions() == 1
    assert kinds(row) == ["like"]
    assert Impression.objects.get().read_ms is None
    assert settings.IMPRESSIONS_KEPT_DAYS >= 30


def test_the_export_holds_outcomes_and_the_deleted_account_leaves_none(say, alice, bob, charlie):
    people.give_consent(alice, reading_time=True)
    post = say(bob, "look")
    row, other = shown(alice, post), shown(charlie, post)
    for who in (alice, charlie):
        actions.like(who, post)
    actions.note_reading(alice, {row.pk: 4200})
    data = own_data(alice)
    assert [(one["post"], one["what"]) for one in data["done_after_seeing"]] == [(str(post.pk), "like")]
    assert [(one["post"], one["milliseconds"]) for one in data["read_for"]] == [(str(post.pk), 4200)]
    people.delete_account(alice)
    assert list(Outcome.objects.values_list("impression", flat=True)) == [other.pk]


def test_an_act_costs_one_statement(say, alice, bob):
    shown(alice, post := say(bob, "look"))
    with CaptureQueriesContext(connection) as seen:
        assert outcomes.note(alice.pk, post.pk, "like")
        assert not outcomes.note(alice.pk, post.pk, "like")
        assert outcomes.note_author(alice.pk, bob.pk, "follow")
    assert len(seen) == 3


@REAL
def test_the_same_act_twenty_times_at_once_is_one_outcome(say, alice, bob):
    row = shown(alice, post := say(bob, "look"))

    def act(_number):
        try:
            return outcomes.note(alice.pk, post.pk, "like")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(act, range(20))) == 1
    assert kinds(row) == ["like"]


@REAL
def test_acts_and_a_withdrawal_at_once_leave_nothing_behind(say, alice, bob):
    post = say(bob, "look")
    rows = [shown(alice, post) for _ in range(12)]

    def act(row):
        try:
            if row is None:
                people.give_consent(alice, behaviour=False)
                return
            with outcomes.coming_from(row.pk):
                outcomes.note(alice.pk, post.pk, "like")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(act, [*rows[:6], None, *rows[6:]]))
    assert not Outcome.objects.exists()


@REAL
def test_a_failing_record_harms_nobody(seen_by, say, alice, bob, monkeypatch):
    shown(alice, post := say(bob, "look"))
    monkeypatch.setattr(outcomes, "_NOTE_POST", "SELECT nothing FROM nowhere")
    assert seen_by(alice).post(reverse("feed:like", args=[post.pk]), headers=HTMX).status_code == 200
    assert Post.objects.get(pk=post.pk).likes_count == 1


def test_a_hidden_post_is_gone_from_every_timeline_until_it_is_undone(seen_by, say, alice, bob):
    post, other = say(bob, "hide me #tea"), say(bob, "keep me #tea")
    browser = seen_by(alice)
    answer = browser.post(reverse("feed:hide", args=[post.pk]), headers=HTMX).content.decode()
    row = Feedback.objects.get()
    assert (row.kind, row.post, reverse("feed:undo_feedback", args=[row.pk]) in answer) == ("hide", post, True)
    assert actions.give_feedback(alice, Feedback.Kind.HIDE, post=post) == row
    for path in ("/", "/?tab=following", "/?tab=local", "/topics/tea", "/new?since=1&tab=local"):
        page = browser.get(path).content.decode()
        assert (f'id="post-{post.pk}"' in page, f'id="post-{other.pk}"' in page) == (False, True), path
    assert browser.get(post.get_absolute_url()).status_code == 200
    assert post in timelines.local(bob).posts
    browser.post(reverse("feed:undo_feedback", args=[row.pk]))
    assert f'id="post-{post.pk}"' in browser.get("/?tab=following").content.decode()


def test_outcomes_stand_on_the_impressions_page_of_the_admin(seen_by, say, alice, bob, person, django_user_model):
    row = shown(alice, post := say(bob, "look"))
    actions.like(alice, post)
    boss = django_user_model.objects.create_superuser("boss", "boss@example.org", "correct horse")
    address = reverse("admin:feed_impression_change", args=[row.pk])
    page = seen_by(boss).get(address).content.decode()
    assert "What the person did then" in page
    assert f"like after {row.pk}" in page
    outcomes.forget(alice.pk, post.pk, "like")
    assert f"like after {row.pk}" not in seen_by(boss).get(address).content.decode()
