"""The admin's pages of the feed: reading costs the same for 50 rows as for one; decisions are logged and undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group as Role
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from feed import actions
from feed.models import Comment, Impression, Label, Membership, Notification, Post, Report, Topic
from ml.models import InterestVector, ModelVersion


@pytest.fixture
def moderator(person: Callable[..., User]) -> User:
    user = person("hana", is_staff=True)
    user.groups.add(Role.objects.get(name="moderator"))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def administrator(person: Callable[..., User]) -> User:
    user = person("ines", is_staff=True)
    user.groups.add(Role.objects.get(name="administrator"))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def reported(alice: User, bob: User) -> Report:
    post = actions.publish(bob, "You are all <b>fools</b> #rude")
    return actions.report(alice, person=bob, post=post, reason="harassment", note="he <i>shouts</i>")


def sees(viewer: Any, post: Post) -> bool:
    return Post.objects.visible_to(viewer).filter(pk=post.pk).exists()


def act(client: Client, model: str, action: str, rows: Any, **more: str) -> Any:
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(reverse(f"admin:{model}_changelist"), data, follow=True)


def test_open_reports_come_first_and_the_oldest_of_them_on_top(
    client: Client, moderator: User, alice: User, bob: User, charlie: User
) -> None:
    posts = [actions.publish(bob, f"post {number}") for number in range(3)]
    first, second, third = (actions.report(alice, person=bob, post=post, reason="spam") for post in posts)
    actions.handle_report(moderator, first, "dismissed")
    client.force_login(moderator)
    page = client.get(reverse("admin:feed_report_changelist"))
    assert [row.pk for row in page.context["cl"].result_list] == [second.pk, third.pk, first.pk]


def test_a_report_is_shown_with_its_post_its_thread_and_its_links(
    client: Client, moderator: User, reported: Report, alice: User
) -> None:
    answer = actions.comment(alice, reported.post, "Please be kind")
    client.force_login(moderator)
    text = client.get(reverse("admin:feed_report_change", args=[reported.pk])).content.decode()
    assert "You are all &lt;b&gt;fools&lt;/b&gt;" in text
    assert "he &lt;i&gt;shouts&lt;/i&gt;" in text
    assert answer.text in text
    assert reported.post.get_absolute_url() in text
    assert reverse("admin:feed_post_change", args=[reported.post_id]) in text


def test_uphold_and_hide_is_one_click_and_undo_another(
    client: Client, moderator: User, reported: Report, alice: User
) -> None:
    client.force_login(moderator)
    address = reverse("admin:feed_report_decide", args=[reported.pk])
    client.post(address, {"decision": "uphold_hide", "reason": "insult"})
    reported.refresh_from_db()
    assert (reported.state, reported.handled_by) == ("upheld", moderator)
    assert not sees(alice, reported.post)
    assert Label.objects.get(post=reported.post).reason == "insult"
    assert Notification.objects.filter(recipient=alice, kind="report_done").count() == 1
    assert set(LogEntry.objects.values_list("user_id", "object_id", "change_message")) == {
        (moderator.pk, str(reported.pk), "uphold_hide: insult"),
        (moderator.pk, str(reported.post_id), "hidden: insult"),
    }
    page = client.get(reverse("admin:feed_report_changelist"))
    assert "1 report upheld, its post hidden." in page.content.decode()
    client.post(reverse("admin:feed_report_undo"))
    reported.refresh_from_db()
    assert reported.state == "open"
    assert sees(alice, reported.post)
    assert Label.objects.get(post=reported.post).lifted_at is not None
    assert "1 report upheld" not in client.get(reverse("admin:feed_report_changelist")).content.decode()


def test_the_log_keeps_no_words_of_the_post(client: Client, moderator: User, reported: Report) -> None:
    client.force_login(moderator)
    act(client, "feed_report", "uphold_and_hide", [reported], reason="rule 2")
    assert LogEntry.objects.count() == 2
    assert not any("fools" in f"{entry.object_repr}{entry.change_message}" for entry in LogEntry.objects.all())


def test_many_reports_at_once_and_all_back(client: Client, moderator: User, alice: User, bob: User) -> None:
    posts = [actions.publish(bob, f"post {number}") for number in range(4)]
    rows = [actions.report(alice, person=bob, post=post, reason="spam") for post in posts]
    actions.withdraw_report(alice, rows[3].pk)
    client.force_login(moderator)
    act(client, "feed_report", "dismiss", rows)
    states = list(Report.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["dismissed", "dismissed", "dismissed", "withdrawn"]
    client.post(reverse("admin:feed_report_undo"))
    states = list(Report.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["open", "open", "open", "withdrawn"]


def test_a_decided_report_opens_again(client: Client, moderator: User, reported: Report) -> None:
    actions.handle_report(moderator, reported, "dismissed")
    client.force_login(moderator)
    client.post(reverse("admin:feed_report_decide", args=[reported.pk]), {"decision": "reopen"})
    reported.refresh_from_db()
    assert reported.state == "open"


@pytest.mark.parametrize("decision", ["", "nonsense", "withdrawn"])
def test_a_decision_that_does_not_exist_changes_nothing(
    decision: str, client: Client, moderator: User, reported: Report
) -> None:
    client.force_login(moderator)
    address = reverse("admin:feed_report_decide", args=[reported.pk])
    answer = client.post(address, {"decision": decision}, follow=True)
    assert "There is no such decision." in answer.content.decode()
    reported.refresh_from_db()
    assert reported.state == "open"
    assert client.get(address).status_code == 405
    assert client.post(reverse("admin:feed_report_decide", args=[10**9]), {"decision": "dismiss"}).status_code == 404


def test_who_may_not_decide_is_refused(client: Client, person: Any, reported: Report) -> None:
    analyst = person("anna", is_staff=True)
    analyst.groups.add(Role.objects.get(name="analyst"))
    client.force_login(analyst)
    answer = client.post(reverse("admin:feed_report_decide", args=[reported.pk]), {"decision": "dismiss"})
    assert answer.status_code == 403
    reported.refresh_from_db()
    assert reported.state == "open"


def test_posts_are_hidden_with_a_reason_only_and_shown_again(
    client: Client, moderator: User, alice: User, bob: User
) -> None:
    posts = [actions.publish(bob, f"post {number}") for number in range(3)]
    client.force_login(moderator)
    page = act(client, "feed_post", "hide_posts", posts[:2])
    assert "Say why" in page.content.decode()
    assert all(sees(alice, post) for post in posts)
    act(client, "feed_post", "hide_posts", posts[:2], reason="spam wave")
    assert [sees(alice, post) for post in posts] == [False, False, True]
    act(client, "feed_post", "show_again", posts)
    assert all(sees(alice, post) for post in posts)
    client.post(reverse("admin:feed_post_undo"))
    assert [sees(alice, post) for post in posts] == [False, False, True]


def test_the_page_of_a_post_covers_it_but_never_changes_its_words(
    client: Client, moderator: User, administrator: User, bob: User
) -> None:
    post = actions.publish(bob, "my own words")
    client.force_login(moderator)
    client.post(reverse("admin:feed_post_treat", args=[post.pk]), {"treatment": "cover", "reason": "spoiler"})
    assert Label.objects.in_force().get(post=post).name == Label.COVERED
    client.force_login(administrator)
    page = client.get(reverse("admin:feed_post_change", args=[post.pk]))
    assert "my own words" in page.content.decode()
    assert 'name="text"' not in page.content.decode()
    answer = client.post(reverse("admin:feed_post_change", args=[post.pk]), {"text": "other words"})
    assert answer.status_code == 403
    post.refresh_from_db()
    assert post.text == "my own words"


def test_suspending_hides_a_person_and_their_posts_until_reinstated(
    client: Client, moderator: User, administrator: User, alice: User, bob: User
) -> None:
    post = actions.publish(bob, "hello")
    client.force_login(moderator)
    page = act(client, "accounts_user", "suspend_people", [bob, administrator, moderator], reason="spam")
    bob.refresh_from_db()
    administrator.refresh_from_db()
    assert (bob.is_active, administrator.is_active) == (False, True)
    assert "You cannot suspend @ines." in page.content.decode()
    assert not sees(alice, post)
    assert LogEntry.objects.get().change_message == "suspended: spam"
    act(client, "accounts_user", "reinstate_people", [bob])
    assert sees(alice, post)


def test_topics_are_merged_as_aliases(client: Client, administrator: User, alice: User, bob: User) -> None:
    post = actions.publish(bob, "a #garden and #gardening")
    lone = actions.publish(bob, "only #gardens")
    into, other = Topic.objects.get(name="gardening"), Topic.objects.get(name="gardens")
    actions.follow_topic(alice, other)
    client.force_login(administrator)
    chosen = Topic.objects.filter(name__in=["garden", "gardens"])
    page = act(client, "feed_topic", "merge", chosen, into="Gardening")
    assert "2 topics merged." in page.content.decode()
    assert set(into.posts.all()) == {post, lone}
    into.refresh_from_db()
    assert into.followers_count == 1
    assert set(into.aliases.values_list("name", flat=True)) == {"garden", "gardens"}
    page = act(client, "feed_topic", "merge", [into], into="garden")
    assert "is an alias itself" in page.content.decode()
    act(client, "feed_topic", "part", [other])
    other.refresh_from_db()
    assert other.alias_of is None


def test_a_curated_topic_needs_both_titles(client: Client, administrator: User, bob: User) -> None:
    actions.publish(bob, "#tea")
    topic = Topic.objects.get(name="tea")
    client.force_login(administrator)
    address = reverse("admin:feed_topic_change", args=[topic.pk])
    page = client.post(address, {"curated": "on", "title_en": "Tea"})
    assert "needs a title in both languages" in page.content.decode()
    assert client.post(address, {"curated": "on", "title_en": "Tea", "title_zh": "茶"}).status_code == 302
    topic.refresh_from_db()
    assert (topic.curated, topic.title_zh, topic.name) == (True, "茶", "tea")


def fill(number: int, people: list[User], start: int) -> None:
    """`number` rows of everything the admin lists."""
    for index in range(start, start + number):
        author, reader = people[index % len(people)], people[(index + 1) % len(people)]
        post = actions.publish(author, f"post {index} #topic{index}")
        actions.comment(reader, post, f"answer {index}")
        actions.report(reader, person=author, post=post, reason="spam")
        actions.label(post, "sad", score=0.7, model_version="m1")
        actions.create_group(author, f"Group {index}", slug=f"group-{index}")
        Impression.objects.create(person=reader, post=post, request_id=uuid4(), position=index)
        ModelVersion.objects.create(name=f"m{index}", kind="encoder", state="retired", card={"dimensions": 384})
        InterestVector.objects.create(
            person=reader, model="m1", rank=index, vector=[0.0, 1.0], strength=0.5, words=["tea", "pot"]
        )


LISTS = ["post", "comment", "topic", "group", "membership", "report", "label", "impression"]


def test_lists_ask_no_query_a_row(client: Client, administrator: User, alice: User, bob: User, charlie: User) -> None:
    people = [alice, bob, charlie]
    client.force_login(administrator)
    pages = [*(f"feed_{name}" for name in LISTS), "ml_interestvector", "ml_modelversion", "accounts_user"]
    addresses = [reverse(f"admin:{page}_changelist") for page in pages]
    fill(2, people, 0)
    few = {address: queries(client, address) for address in addresses}
    fill(48, people, 2)
    many = {address: queries(client, address) for address in addresses}
    assert {address: number for address, number in many.items() if number > few[address]} == {}
    assert max(many.values()) <= 16
    assert min(Comment.objects.count(), Membership.objects.count(), Topic.objects.count()) == 50


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_one_row_of_each_opens(client: Client, administrator: User, alice: User, bob: User) -> None:
    fill(1, [alice, bob], 1)
    client.force_login(administrator)
    for page, model in [
        *((f"feed_{name}", None) for name in LISTS),
        ("ml_interestvector", InterestVector),
        ("ml_modelversion", ModelVersion),
        ("accounts_user", User),
    ]:
        rows = client.get(reverse(f"admin:{page}_changelist")).context["cl"].queryset
        answer = client.get(reverse(f"admin:{page}_change", args=[rows[0].pk]))
        assert answer.status_code == 200, (page, model)
        assert client.get(reverse(f"admin:{page}_change", args=[10**17])).status_code == 302


@pytest.mark.parametrize("asked", ["@bob", "garden", "花园", "99999999999999999", "'; --", "\x00", "%", "@"])
def test_search_of_posts_bears_anything(asked: str, client: Client, moderator: User, bob: User) -> None:
    post = actions.publish(bob, "my garden 我的花园")
    client.force_login(moderator)
    page = client.get(reverse("admin:feed_post_changelist"), {"q": asked})
    assert page.status_code in (200, 302)
    if asked in ("@bob", "garden", "花园"):
        assert [row.pk for row in page.context["cl"].result_list] == [post.pk]
