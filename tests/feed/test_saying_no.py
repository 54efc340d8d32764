"""Not interested, fewer, mute, block, report: each with an undo, each visible on the next page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import Block, Mute, MutedPhrase
from feed import actions
from feed.models import Feedback, MutedTopic, Report, Topic

HTMX = {"HX-Request": "true"}


def body(answer):
    return answer.content.decode()


def test_not_interested_and_its_undo(seen_by, say, alice, bob):
    post = say(bob, "no thanks")
    browser = seen_by(alice)
    answer = browser.post(reverse("feed:not_interested", args=[post.pk]), {"reason": "boring"}, headers=HTMX)
    row = Feedback.objects.get()
    assert (row.kind, row.post, row.reason, row.undone_at) == ("not_interested", post, "boring", None)
    undo = reverse("feed:undo_feedback", args=[row.pk])
    assert undo in body(answer)
    back = browser.post(undo, headers=HTMX)
    assert f'id="post-{post.pk}"' in body(back)
    row.refresh_from_db()
    assert row.undone_at is not None


def test_without_javascript_the_undo_is_in_the_message(seen_by, say, alice, bob):
    post = say(bob, "no thanks")
    page = seen_by(alice).post(reverse("feed:not_interested", args=[post.pk]), {"next": "/?tab=local"}, follow=True)
    assert reverse("feed:undo_feedback", args=[Feedback.objects.get().pk]) in body(page)


def test_fewer_from_a_person_or_a_topic(seen_by, say, alice, bob):
    topic = Topic.objects.create(name="football", shown_as="football", curated=True, title_en="Football")
    Topic.objects.create(name="soccer", shown_as="soccer", alias_of=topic)
    post = say(bob, "again #soccer")
    browser = seen_by(alice)
    url = reverse("feed:fewer", args=[post.pk])
    assert "Football" in body(browser.post(url, {"kind": "topic", "topic": topic.pk}, headers=HTMX))
    assert "Bob" in body(browser.post(url, {"kind": "author"}, headers=HTMX))
    rows = {row.kind: row for row in Feedback.objects.all()}
    assert rows["fewer_topic"].topic == topic
    assert rows["fewer_author"].author == bob
    bad = browser.post(url, {"kind": "topic", "topic": "999999999999999999999999"}, headers=HTMX)
    assert bad.status_code == 422
    assert Feedback.objects.count() == 2


def test_more_like_this(seen_by, say, alice, bob):
    post = say(bob, "lovely")
    browser = seen_by(alice)
    assert browser.post(reverse("feed:more_like", args=[post.pk]), headers=HTMX).status_code == 200
    assert Feedback.objects.get().kind == "more"
    assert browser.post(reverse("feed:more_like", args=[post.pk]), {"next": "/"}).status_code == 302


def test_feedback_of_others_cannot_be_undone(seen_by, say, alice, bob, charlie):
    row = actions.give_feedback(charlie, "not_interested", post=say(bob, "x"))
    assert seen_by(alice).post(reverse("feed:undo_feedback", args=[row.pk])).status_code == 403
    row.refresh_from_db()
    assert row.undone_at is None


@pytest.mark.parametrize(("days", "ends"), [("", False), ("7", True), ("nonsense", False)])
def test_mute_works_on_the_next_page_and_back(seen_by, say, alice, bob, days, ends):
    say(bob, "from the muted one")
    browser = seen_by(alice)
    page = browser.post(reverse("feed:mute", args=["bob"]), {"days": days, "next": "/?tab=local"}, follow=True)
    assert "from the muted one" not in body(page)
    assert reverse("feed:unmute", args=["bob"]) in body(page)
    assert (Mute.objects.get().until is not None) is ends
    assert "@bob" in body(browser.get("/you/muted"))
    assert "from the muted one" in body(browser.get("/@bob"))  # opened on purpose
    page = browser.post(reverse("feed:unmute", args=["bob"]), {"next": "/?tab=local"}, follow=True)
    assert "from the muted one" in body(page)


def test_block_closes_both_ways_and_can_be_undone(seen_by, say, alice, bob):
    post = say(bob, "before the block")
    browser = seen_by(alice)
    page = browser.post(reverse("feed:block", args=["bob"]), {"next": "/?tab=local"}, follow=True)
    assert "before the block" not in body(page)
    assert reverse("feed:unblock", args=["bob"]) in body(page)
    assert Block.objects.filter(blocker=alice, blocked=bob).exists()
    assert seen_by(bob).get("/@alice").status_code == 404
    assert browser.get(post.get_absolute_url()).status_code == 404
    assert seen_by(bob).post(reverse("feed:follow", args=["alice"])).status_code == 404
    assert seen_by(bob).post(reverse("feed:block", args=["alice"])).status_code == 302  # the blocked may block too
    browser.post(reverse("feed:unblock", args=["bob"]))
    seen_by(bob).post(reverse("feed:unblock", args=["alice"]))
    assert browser.get(post.get_absolute_url()).status_code == 200


def test_relations_under_htmx_answer_the_buttons(seen_by, alice, charlie):
    browser = seen_by(alice)
    for name, key in (("follow", "following"), ("mute", "muting"), ("block", "blocking")):
        answer = browser.post(reverse(f"feed:{name}", args=["charlie"]), headers=HTMX)
        assert answer.context["relation"][key], name
        answer = browser.post(reverse(f"feed:un{name}", args=["charlie"]), headers=HTMX)
        assert not answer.context["relation"][key], name


def test_one_cannot_follow_mute_or_block_oneself(seen_by, alice):
    for name in ("follow", "mute", "block"):
        answer = seen_by(alice).post(reverse(f"feed:{name}", args=["alice"]), follow=True)
        assert "yourself" in body(answer), name


def test_muted_words_and_topics(seen_by, say, alice, bob):
    say(bob, "All about SPIDERS today")
    say(bob, "purring #cats")
    browser = seen_by(alice)
    browser.post("/you/muted", {"phrase": "Spiders", "days": "7"})
    browser.post(reverse("feed:mute_topic", args=["cats"]), {"days": "30"})
    page = body(browser.get("/?tab=local"))
    assert "SPIDERS" not in page
    assert "purring" not in page
    listed = body(browser.get("/you/muted"))
    assert "spiders" in listed
    assert "#cats" in listed
    assert MutedTopic.objects.get().until is not None
    browser.post(reverse("feed:unmute_word", args=[MutedPhrase.objects.get().pk]))
    browser.post(reverse("feed:unmute_topic", args=["cats"]))
    page = body(browser.get("/?tab=local"))
    assert "SPIDERS" in page
    assert "purring" in page


@pytest.mark.parametrize("phrase", ["", "   ", "x" * 90, "x" * 5000])
def test_bad_words_to_mute(seen_by, alice, phrase):
    answer = seen_by(alice).post("/you/muted", {"phrase": phrase})
    assert answer.status_code == 422
    assert not MutedPhrase.objects.exists()


def test_report_a_post_and_withdraw(seen_by, say, alice, bob):
    post = say(bob, "rude")
    browser = seen_by(alice)
    url = reverse("feed:report", args=[post.pk])
    bad = browser.post(url, {"reason": "", "note": "look at the third line"})
    assert bad.status_code == 422
    assert "look at the third line" in body(bad)
    page = browser.post(url, {"reason": "harassment", "note": "look"}, follow=True)
    row = Report.objects.get()
    assert (row.reporter, row.person, row.post, row.reason, row.state) == (alice, bob, post, "harassment", "open")
    undo = reverse("feed:withdraw_report", args=[row.pk])
    assert undo in body(page)
    browser.post(url, {"reason": "spam", "note": "changed my mind"})
    row = Report.objects.get()
    assert row.reason == "spam"
    assert seen_by(bob).post(undo).status_code == 403
    browser.post(undo)
    row.refresh_from_db()
    assert row.state == "withdrawn"


def test_report_a_person_and_never_oneself(seen_by, alice, bob):
    seen_by(alice).post(reverse("feed:report_person", args=["bob"]), {"reason": "spam"})
    assert Report.objects.get().person == bob
    answer = seen_by(alice).post(reverse("feed:report_person", args=["alice"]), {"reason": "spam"})
    assert answer.status_code == 422
    assert "yourself" in body(answer)
    long = seen_by(alice).post(reverse("feed:report_person", args=["bob"]), {"reason": "spam", "note": "n" * 1001})
    assert long.status_code == 422
    assert "1,000 characters" in body(long)
