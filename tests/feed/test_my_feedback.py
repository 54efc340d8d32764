"""My feedback and its effect: everything one said, what it does today, why, and the way back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import actions as people
from accounts.models import Block, Mute, MutedPhrase
from feed import actions
from feed.models import Dismissal, Feedback, MutedTopic, Report, Topic
from ml.ranking import arms
from ml.ranking.effects import fewer_now, recovery_curve, recovery_point

HTMX = {"HX-Request": "true"}
PAGE = "/you/feedback"


def body(answer):
    return answer.content.decode()


def aged(row, days):
    row.created_at = timezone.now() - timedelta(days=days)
    row.save()
    return row


@pytest.mark.parametrize(
    ("days", "phase", "percent"),
    [(0, "away", 0), (13.9, "away", 0), (14, "fading", 20), (84, "fading", 60), (154, "over", 100)],
)
def test_the_effect_is_that_of_the_ranker(days, phase, percent):
    now = timezone.now()
    effect = fewer_now(now - timedelta(days=days), now)
    assert (effect.phase, effect.percent) == (phase, percent)
    assert effect.full_at - effect.back_at == timedelta(days=140)


def test_the_curve_falls_to_nothing_and_rises_to_all():
    points = [tuple(map(float, point.split(","))) for point in recovery_curve().split()]
    assert points[0][1] == points[1][1] == 32
    assert points[-1] == (156, 4)
    assert recovery_point(1000) == (156, 4)


def test_every_kind_says_what_it_does(seen_by, say, alice, bob, charlie, mallory):
    topic = Topic.objects.create(name="football", shown_as="football", curated=True, title_en="Football")
    for i in range(3):
        say(charlie, f"noise {i}")
    post = say(bob, "again #football")
    actions.give_feedback(alice, "not_interested", post=post)
    actions.give_feedback(alice, "more", post=say(bob, "lovely"))
    actions.give_feedback(alice, "hide", post=say(bob, "hide me"))
    actions.give_feedback(alice, "fewer_topic", topic=topic)
    aged(actions.give_feedback(alice, "fewer_author", author=charlie), 84)
    people.mute(alice, charlie, timezone.now() + timedelta(days=3))
    people.mute_phrase(alice, "spoiler")
    actions.mute_topic(alice, topic)
    page = body(seen_by(alice).get(PAGE))
    for words in (
        "This post stays off your home for good",
        "This post is in none of your feeds",
        "counts like two likes",
        "Removed from your home until",
        "Shown at 60% of its usual weight today",
        "Nothing by them in your feeds until",
        "for as long as you leave it so",
        "Neither of you sees the other",
        "spoiler",
        "@mallory",
    ):
        assert words in page, words
    assert "At least 1 post of the last 7 days is kept away." in page
    assert "3 posts of the last 7 days are kept away." in page  # by muting charlie; what is fading keeps nothing away
    assert page.count('class="recovery"') == 2


def test_filters_pages_and_nothing(seen_by, say, alice, bob):
    browser = seen_by(alice)
    assert "Nothing yet" in body(browser.get(PAGE))
    assert "Nothing of this kind" in body(browser.get(PAGE, {"kind": "words"}))
    for i in range(25):
        actions.give_feedback(alice, "not_interested", post=say(bob, f"number {i} of many"))
    people.mute_phrase(alice, "spoiler")
    first, second = (body(browser.get(PAGE, {"kind": "posts", "page": page})) for page in (1, 2))
    assert (first.count('class="feedback"'), second.count('class="feedback"')) == (20, 5)
    assert "number 24" in first
    assert "kind=posts&amp;page=2" in first
    assert "number 0 of" in second
    assert "spoiler" not in first + second
    for odd in ({"kind": "nonsense"}, {"page": "x"}, {"page": "999"}):
        assert browser.get(PAGE, odd).status_code == 200


def test_queries_do_not_grow_with_rows(seen_by, say, alice, bob, charlie, django_assert_max_num_queries):
    for i in range(16):
        actions.give_feedback(alice, "not_interested", post=say(bob, f"number {i}"))
    people.mute(alice, charlie)
    people.mute_phrase(alice, "spoiler")
    actions.dismiss(alice, charlie)
    actions.report(alice, person=charlie, reason="spam")
    browser = seen_by(alice)
    with django_assert_max_num_queries(19):
        browser.get(PAGE)


def test_each_is_taken_back(seen_by, say, alice, bob, charlie, mallory):
    topic = Topic.objects.create(name="football", shown_as="football", curated=True, title_en="Football")
    row = actions.give_feedback(alice, "fewer_author", author=charlie)
    rows = {
        "fewer_author": row.pk,
        "mute": people.mute(alice, charlie).pk,
        "word": people.mute_phrase(alice, "spoiler").pk,
        "muted_topic": actions.mute_topic(alice, topic).pk,
        "block": Block.objects.get(blocker=alice).pk,
    }
    browser = seen_by(alice)
    for kind, pk in rows.items():
        answer = browser.post(reverse("ml:take_back"), {"kind": kind, "pk": pk}, headers=HTMX)
        assert answer.status_code == 200, kind
        assert "Taken back" in body(answer)
    row.refresh_from_db()
    assert row.undone_at is not None
    assert not Mute.objects.exists()
    assert not MutedPhrase.objects.exists()
    assert not MutedTopic.objects.exists()
    assert not Block.objects.exists()
    assert "Nothing yet" in body(browser.get(PAGE))


def test_without_javascript_it_comes_back_to_the_page(seen_by, say, alice, bob):
    row = actions.give_feedback(alice, "not_interested", post=say(bob, "x"))
    fields = {"kind": "not_interested", "pk": row.pk, "next": PAGE}
    page = seen_by(alice).post(reverse("ml:take_back"), fields, follow=True)
    assert page.request["PATH_INFO"] == PAGE
    assert "Taken back" in body(page)


def test_nobody_takes_back_what_is_not_theirs(seen_by, say, alice, bob, charlie):
    row = actions.give_feedback(charlie, "not_interested", post=say(bob, "x"))
    mute, phrase = people.mute(charlie, bob), people.mute_phrase(charlie, "spoiler")
    browser = seen_by(alice)
    for kind, pk, status in (
        ("not_interested", row.pk, 403),
        ("mute", mute.pk, 404),
        ("block", 10**9, 404),
        ("nonsense", 1, 404),
        ("mute", "x", 404),
        ("mute", 10**30, 404),
    ):
        assert browser.post(reverse("ml:take_back"), {"kind": kind, "pk": pk}).status_code == status, kind
    browser.post(reverse("ml:take_back"), {"kind": "word", "pk": phrase.pk})
    assert MutedPhrase.objects.count() == 1
    assert Mute.objects.count() == 1
    assert browser.get(reverse("ml:take_back")).status_code == 405
    assert seen_by().get(PAGE).status_code == 302


def test_posts_that_closed_are_not_told(seen_by, say, alice, bob):
    post = say(bob, "a secret soon")
    actions.give_feedback(alice, "not_interested", post=post)
    actions.delete(bob, post)
    page = body(seen_by(alice).get(PAGE))
    assert "a secret soon" not in page
    assert "A post that is gone" in page


def test_why_is_asked_after_the_click_and_kept(seen_by, say, alice, bob, charlie):
    post = say(bob, "no thanks")
    browser = seen_by(alice)
    answer = body(browser.post(reverse("feed:not_interested", args=[post.pk]), headers=HTMX))
    row = Feedback.objects.get()
    why = reverse("feed:say_reason", args=[row.pk])
    assert why in answer
    assert PAGE in answer
    assert row.reason == ""
    said = body(browser.post(why, {"reason": "not_true"}, headers=HTMX))
    assert reverse("feed:report", args=[post.pk]) in said
    row.refresh_from_db()
    assert row.reason == "not_true"
    assert "Not true" in body(browser.get(PAGE))
    assert browser.post(why, {"reason": "because"}, headers=HTMX).status_code == 422
    assert seen_by(charlie).post(why, {"reason": "upsetting"}).status_code == 403
    assert browser.post(why, {"reason": "upsetting", "next": PAGE}).url == PAGE
    row.refresh_from_db()
    assert row.reason == "upsetting"


def test_more_is_not_asked_why(seen_by, say, alice, bob):
    answer = seen_by(alice).post(reverse("feed:more_like", args=[say(bob, "x").pk]), {"next": "/"}, follow=True)
    assert "Why, if you like" not in body(answer)


def test_it_is_found_from_settings_and_interests(seen_by, alice):
    browser = seen_by(alice)
    assert PAGE in body(browser.get("/you/settings"))
    assert PAGE in body(browser.get("/you/interests"))
    assert "/you/interests/variety" in body(browser.get("/you/interests"))


def test_refused_suggestions_stand_there_and_are_taken_back(seen_by, alice, charlie):
    topic = Topic.objects.create(name="football", shown_as="football", curated=True, title_en="Football")
    group = actions.create_group(charlie, "The Choir", slug="choir")
    rows = [actions.dismiss(alice, thing) for thing in (charlie, topic, group)]
    browser = seen_by(alice)
    page = body(browser.get(PAGE, {"kind": "suggestions"}))
    assert page.count("Never suggested to you again.") == 3
    for words in ("@charlie", "Football", "The Choir", "Not suggested any more"):
        assert words in page
    assert "The Choir" in body(browser.get(PAGE))
    assert "The Choir" not in body(browser.get(PAGE, {"kind": "people"}))
    for row in rows:
        assert seen_by(charlie).post(reverse("ml:take_back"), {"kind": "dismissal", "pk": row.pk}).status_code == 403
        browser.post(reverse("ml:take_back"), {"kind": "dismissal", "pk": row.pk}, headers=HTMX)
    assert not Dismissal.objects.exists()
    assert "Nothing yet" in body(browser.get(PAGE))


def test_reports_say_what_became_of_them(seen_by, say, alice, bob, charlie, person):
    post = say(bob, "buy my watches")
    about_post = actions.report(alice, person=bob, post=post, reason="spam")
    about_person = actions.report(alice, person=charlie, reason="harassment")
    browser = seen_by(alice)
    page = body(browser.get(PAGE, {"kind": "reports"}))
    for words in ("buy my watches", "@charlie", "You said: Spam or advertising.", "No moderator has decided yet"):
        assert words in page, words
    assert page.count("Take it back") == 2
    assert "By itself it keeps nothing away" in page
    assert seen_by(bob).post(reverse("ml:take_back"), {"kind": "report", "pk": about_post.pk}).status_code == 403
    browser.post(reverse("ml:take_back"), {"kind": "report", "pk": about_person.pk})
    about_person.refresh_from_db()
    assert about_person.state == Report.State.WITHDRAWN
    assert "@charlie" not in body(browser.get(PAGE))
    boss = person("boss", is_staff=True, is_superuser=True)
    for state, words in (("upheld", "A moderator agreed with you."), ("dismissed", "that it breaks no rule")):
        actions.handle_report(boss, about_post, state)
        page = body(browser.get(PAGE))
        assert words in page
        assert "Take it back" not in page
    assert browser.post(reverse("ml:take_back"), {"kind": "report", "pk": about_post.pk}).status_code == 403
    actions.delete(bob, post)
    page = body(browser.get(PAGE))
    assert "buy my watches" not in page
    assert "@bob" in page


@pytest.mark.parametrize("who", ["person", "comparison", "site"])
def test_without_ranking_nothing_is_claimed_that_does_not_hold(who, seen_by, say, alice, bob, charlie, settings):
    say(charlie, "noise")
    actions.give_feedback(alice, "not_interested", post=say(bob, "once"))
    actions.give_feedback(alice, "more", post=say(bob, "lovely"))
    actions.give_feedback(alice, "fewer_author", author=charlie)
    actions.give_feedback(alice, "hide", post=say(bob, "hide me"))
    people.mute_phrase(alice, "spoiler")
    browser = seen_by(alice)
    claims = ("stays off your home for good", "counts like two likes", "Removed from your home until", "is kept away")
    page = body(browser.get(PAGE))
    assert all(claim in page for claim in claims)
    assert "change nothing there now" not in page
    if who == "person":
        people.give_consent(alice, personalised=False)
    elif who == "comparison":
        arms.start("Hold out", [arms.Arm("holdout", 1.0, arms.FOLLOWING)])
    else:
        settings.RECOMMENDER = False
    page = body(browser.get(PAGE))
    arms.forget()
    said = {"person": "You switched ranking off", "comparison": "An experiment compares", "site": "ranks no home"}
    assert said[who] in page
    assert "change nothing there now" in page
    assert not any(claim in page for claim in claims)
    assert page.count("without effect on your home as long as it is not ranked") == 3
    assert "This post is in none of your feeds." in page
    assert "Posts with these words stay out of your feeds" in page
    assert page.count('class="recovery"') == 0
