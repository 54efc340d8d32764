"""Notifications: grouped, marked as read by being seen, and never about what one may not read."""

from __future__ import annotations

from django.urls import reverse

from accounts import actions as people
from feed import actions
from feed.models import Notification


def bundles(browser):
    return browser.get("/notifications").context["bundles"]


def test_likes_of_one_post_are_one_bundle(seen_by, say, person, bob):
    post = say(bob, "popular")
    crowd = [person(f"fan{n}", consents=False) for n in range(5)]
    for fan in crowd:
        actions.like(fan, post)
    browser = seen_by(bob)
    (bundle,) = bundles(browser)
    assert (bundle.kind, bundle.post, bundle.more_count, bundle.unread) == ("like", post, 2, True)
    assert bundle.actors == crowd[:-4:-1]
    page = browser.get("/notifications").content.decode()
    assert "Fan4" in page
    assert "popular" in page
    assert Notification.objects.filter(read_at=None).count() == 0
    assert not bundles(browser)[0].unread


def test_answers_and_mentions_stand_alone(seen_by, say, alice, bob):
    post = say(bob, "question")
    one = say(alice, "answer one", parent=post)
    two = say(alice, "answer two", parent=post)
    say(alice, "hello @bob")
    kinds = [(bundle.kind, bundle.post.text) for bundle in bundles(seen_by(bob))]
    assert kinds[:3] == [("mention", "hello @bob"), ("comment", two.text), ("comment", one.text)]


def test_deleted_and_blocked_things_are_left_out(seen_by, say, alice, bob, charlie):
    post = say(bob, "question")
    answer = say(alice, "soon gone", parent=post)
    say(charlie, "hi @bob")
    actions.delete(alice, answer)
    people.block(bob, charlie)
    actions.like(alice, post)
    kinds = [bundle.kind for bundle in bundles(seen_by(bob))]
    assert kinds == ["like"]


def test_the_number_unread_and_reading_all(seen_by, say, alice, bob):
    actions.like(alice, say(bob, "x"))
    browser = seen_by(bob)
    assert browser.get("/?tab=local").context["unread_notices"] == 1
    browser.post(reverse("feed:notices_read"))
    assert browser.get("/?tab=local").context["unread_notices"] == 0
    assert seen_by().get("/notifications").status_code == 302


def test_paging_back_through_many(seen_by, say, person, bob, monkeypatch):
    monkeypatch.setattr("feed.views.notices.PER_PAGE", 3)
    fan = person("fan", consents=False)
    for n in range(7):
        actions.like(fan, say(bob, f"post {n}"))
    browser = seen_by(bob)
    url, seen = "/notifications", []
    while url:
        answer = browser.get(url)
        seen += [bundle.post.text for bundle in answer.context["bundles"]]
        url = answer.context["more_url"]
    assert seen == [f"post {n}" for n in range(6, -1, -1)]
    assert browser.get("/notifications?cursor=x").status_code == 400
