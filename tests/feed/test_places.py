"""Topics, groups, welcome, explore, reading time: the other pages, with who may do what."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from accounts import actions as people
from accounts.models import ConsentChange, Profile, User
from feed import actions, tasks
from feed.models import Attachment, Group, Impression, Membership, Notification, Post, Topic, TopicFollow

HTMX = {"HX-Request": "true"}


def body(answer):
    return answer.content.decode()


def test_a_group_by_approval(seen_by, say, alice, bob, charlie):
    owner, asker, stranger = seen_by(bob), seen_by(alice), seen_by(charlie)
    sent = {"name": "Quiet readers", "slug": "quiet-readers", "about": "books", "approval": "on"}
    assert owner.post("/groups/new", sent).url == "/groups/quiet-readers"
    group = Group.objects.get()
    say(bob, "only for members", group=group)
    assert "only for members" not in body(stranger.get("/groups/quiet-readers"))
    assert stranger.get("/groups/quiet-readers/members").status_code == 403
    asker.post(reverse("feed:join_group", args=["quiet-readers"]))
    assert Membership.objects.get(person=alice).state == "asked"
    assert "only for members" not in body(asker.get("/groups/quiet-readers"))
    assert Notification.objects.filter(recipient=bob, kind="group_ask").exists()
    admit = reverse("feed:group_admit", args=["quiet-readers", "alice"])
    assert asker.post(admit).status_code == 403
    assert "Alice" in body(owner.get("/groups/quiet-readers/members"))
    owner.post(admit)
    assert "only for members" in body(asker.get("/groups/quiet-readers"))
    asker.post("/compose", {"text": "hello readers", "place": "group:quiet-readers"})
    assert Post.objects.get(text="hello readers").visibility == "group"
    refused = stranger.post("/compose", {"text": "let me in", "place": "group:quiet-readers"})
    assert refused.status_code == 403
    assert "let me in" in body(refused)
    owner.post(reverse("feed:group_role", args=["quiet-readers", "alice"]), {"role": "moderator"})
    assert Membership.objects.get(person=alice).role == "moderator"
    assert asker.get("/groups/quiet-readers/edit").status_code == 200
    assert stranger.get("/groups/quiet-readers/edit").status_code == 403
    owner.post(reverse("feed:group_remove", args=["quiet-readers", "alice"]))
    assert "only for members" not in body(asker.get("/groups/quiet-readers"))
    answer = owner.post(reverse("feed:leave_group", args=["quiet-readers"]), follow=True)
    assert "owner before you leave" in body(answer)
    group.refresh_from_db()
    assert group.members_count == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"name": ""},
        {"name": "x" * 61},
        {"name": "ok", "slug": "Bad Slug!"},
        {"name": "ok", "slug": "taken"},
        {"name": "ok", "topic": "99999"},
        {"name": "ok", "about": "x" * 501},
    ],
)
def test_bad_groups_are_refused_in_the_form(seen_by, alice, bob, sent):
    actions.create_group(bob, "Taken", slug="taken")
    answer = seen_by(alice).post("/groups/new", sent)
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert Group.objects.count() == 1


def test_joining_an_open_group_and_leaving_under_htmx(seen_by, alice, bob):
    group = actions.create_group(bob, "Open house")
    browser = seen_by(alice)
    answer = browser.post(reverse("feed:join_group", args=[group.slug]), headers=HTMX)
    assert answer.context["membership"].state == "active"
    answer = browser.post(reverse("feed:leave_group", args=[group.slug]), headers=HTMX)
    assert answer.context["membership"] is None


def test_topics_are_followed_and_aliases_lead_home(seen_by, say, alice, bob):
    topic = Topic.objects.create(name="gardens", shown_as="gardens", curated=True, title_en="Gardens", title_zh="园艺")
    Topic.objects.create(name="花园", shown_as="花园", alias_of=topic)
    browser = seen_by(alice)
    assert browser.get("/topics/花园").url == "/topics/gardens"
    assert browser.get("/topics/no-such-thing").status_code == 404
    browser.post(reverse("feed:follow_topic", args=["gardens"]))
    topic.refresh_from_db()
    assert topic.followers_count == 1
    assert browser.get("/topics/gardens").context["following"]
    answer = browser.post(reverse("feed:unfollow_topic", args=["gardens"]), headers=HTMX)
    assert not answer.context["following"]


def test_welcome_asks_and_keeps(seen_by, person):
    topic = Topic.objects.create(
        name="tea", shown_as="tea", curated=True, title_en="Tea", example_en="What is in the pot"
    )
    new = person("newcomer", languages=(), consents=False)
    Profile.objects.filter(user=new).update(onboarded_at=None)
    browser = seen_by(new)
    assert browser.get("/you/welcome").status_code == 200
    page = browser.post("/you/welcome", {"step": "1", "languages": ["en", "zh"]}, follow=True)
    assert "Tea" in body(page)
    page = browser.post("/you/welcome", {"step": "2", "topics": [str(topic.pk)]}, follow=True)
    assert page.context["step"] == 3
    assert browser.post("/you/welcome", {"step": "3", "behaviour": "on"}).url == "/"
    new.refresh_from_db()
    profile = Profile.objects.get(user=new)
    assert profile.languages == ["en", "zh"]
    assert profile.onboarded_at is not None
    assert TopicFollow.objects.filter(person=new, topic=topic).exists()
    consent = type(new.consent).objects.get(person=new)
    assert (consent.behaviour, consent.reading_time, consent.training) == (True, False, False)
    assert ConsentChange.objects.get(person=new).switch == "behaviour"


def test_skipping_everything_gives_nothing_away(seen_by, person):
    new = person("newcomer", consents=False)
    Profile.objects.filter(user=new).update(onboarded_at=None)
    browser = seen_by(new)
    for step in "123":
        answer = browser.post("/you/welcome", {"step": step, "skip": "1", "behaviour": "on"})
        assert answer.status_code == 302
    assert not type(new.consent).objects.get(person=new).behaviour
    assert Profile.objects.get(user=new).onboarded_at is not None
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("sent", [{"step": "9"}, {"step": "1", "languages": "klingon"}, {"step": "2", "topics": "x"}])
def test_bad_answers_to_the_welcome(seen_by, alice, sent):
    assert seen_by(alice).post("/you/welcome", sent).status_code in (302, 422)


def shown(alice, post):
    return Impression.objects.create(person=alice, post=post, request_id="0" * 31 + "1", position=0)


def test_reading_time_is_kept_only_with_consent_and_only_for_oneself(seen_by, say, alice, bob):
    row = shown(alice, say(bob, "read me"))
    browser = seen_by(alice)

    def send(who, ms):
        data = json.dumps({"items": [{"impression": row.pk, "ms": ms}]})
        assert who.post("/seen", data, content_type="application/json").status_code == 204
        row.refresh_from_db()
        return row.read_ms

    assert send(browser, 4000) is None
    people.give_consent(alice, reading_time=True)
    people.give_consent(bob, reading_time=True)
    assert send(seen_by(bob), 4000) is None
    assert send(browser, 4000) == 4000
    assert send(browser, 3000) == 7000
    assert send(browser, -5) == 7000
    assert send(browser, 10**12) == 600_000


@pytest.mark.parametrize(
    "data", ["", "[]", "x", '{"items": 3}', '{"items": [1, null, {"impression": "x"}]}', "[" * 5000]
)
def test_nonsense_about_reading_is_ignored(seen_by, alice, data):
    answer = seen_by(alice).post("/seen", data, content_type="application/json")
    assert answer.status_code in (204, 400)


def test_why_is_for_whom_it_was_shown(seen_by, say, alice, bob, charlie):
    post = say(bob, "why me")
    row = shown(alice, post)
    assert "newest first" in body(seen_by(alice).get(f"/why/{row.pk}"))
    partial = seen_by(alice).get(f"/why/{row.pk}", headers=HTMX)
    assert "<html" not in body(partial)
    assert seen_by(charlie).get(f"/why/{row.pk}").status_code == 404
    actions.delete(bob, post)
    assert seen_by(alice).get(f"/why/{row.pk}").status_code == 404


def test_new_posts_come_as_cards(seen_by, say, alice, bob, charlie):
    old = say(bob, "old news")
    say(charlie, "from a stranger")
    say(bob, "from a friend")
    page = body(seen_by(alice).get(f"/new?since={old.pk}&tab=following"))
    assert "from a friend" in page
    assert "stranger" not in page
    assert "old news" not in page
    page = body(seen_by().get(f"/new?since={old.pk}&tab=local"))
    assert "stranger" in page
    assert seen_by().get("/new?since=x").status_code == 400


def test_completion_of_people_and_topics(seen_by, say, alice, bob, mallory):
    say(bob, "#gardens #garlic")
    browser = seen_by(alice)
    assert browser.get("/complete/people?q=@b").json() == [{"username": "bob", "name": "Bob", "avatar": ""}]
    assert browser.get("/complete/people?q=%00").status_code == 200
    assert seen_by(mallory).get("/complete/people?q=ali").json() == []
    names = [row["name"] for row in browser.get("/complete/topics?q=gar").json()]
    assert sorted(names) == ["gardens", "garlic"]


def test_pages_in_chinese(seen_by, say, alice, bob):
    say(bob, "hello")
    answer = seen_by(alice).get("/", headers={"Accept-Language": "zh-CN"})
    assert "庭院" in body(answer)


def test_the_night_forgets(say, alice, bob, settings):
    from datetime import timedelta

    from django.utils import timezone

    post, kept = say(bob, "long gone"), say(bob, "kept")
    shown(alice, kept)
    Impression.objects.update(shown_at=timezone.now() - timedelta(days=91))
    Post.objects.filter(pk=post.pk).update(deleted_at=timezone.now() - timedelta(days=31))
    lost = Attachment.objects.create(
        owner=bob, image="x.webp", width=1, height=1, created_at=timezone.now() - timedelta(days=4)
    )
    assert tasks.purge_deleted() == 1
    assert tasks.expire_impressions() == 1
    assert list(Post.objects.all()) == [kept]
    assert not Attachment.objects.filter(pk=lost.pk).exists()
    assert not Impression.objects.exists()
    assert tasks.purge_deleted() == tasks.expire_impressions() == 0


@pytest.mark.parametrize("verb", ["", "/follow", "/mute"])
def test_a_topic_that_cannot_be_written_is_not_found(client: Client, alice: User, verb: str) -> None:
    client.force_login(alice)
    answer = client.post(f"/topics/%00{verb}") if verb else client.get("/topics/%00")
    assert answer.status_code == 404
