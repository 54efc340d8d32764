"""Suggestions as pages and verbs: who is never suggested, what "not for me" leaves behind, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from prometheus_client import REGISTRY

from accounts import actions as people
from accounts.models import Profile, User
from feed import actions, backends
from feed.backends import Suggested
from feed.models import Dismissal, Group, Topic
from feed.timelines.suggestions import beside, offered, suggestions

HTMX = {"headers": {"hx-request": "true"}}


@pytest.fixture
def writers(person: Callable[..., User]) -> list[User]:
    found = [person(f"writer{i}") for i in range(4)]
    Profile.objects.filter(user__in=found).update(posts_count=1)
    return found


@pytest.fixture
def topic(db: None) -> Topic:
    return Topic.objects.create(
        name="stars", shown_as="stars", curated=True, title_en="Stars", title_zh="星", about_en="What shines."
    )


@pytest.fixture
def choir(writers: list[User]) -> Group:
    return actions.create_group(writers[3], "The Choir", slug="choir", about="We sing on Mondays.")


def names(viewer: Any) -> set[str]:
    return {row.username for row in suggestions(viewer, "people")}


def counted(name: str, kind: str) -> float:
    return REGISTRY.get_sample_value(f"courtyard_suggestions_{name}_total", {"kind": kind}) or 0.0


def test_who_is_never_suggested(alice: User, writers: list[User]) -> None:
    assert names(alice) == {"writer0", "writer1", "writer2", "writer3"}
    people.follow(alice, writers[0])
    assert names(alice) == {"writer1", "writer2", "writer3"}
    people.block(alice, writers[1])
    people.block(writers[2], alice)
    assert names(alice) == {"writer3"}
    people.mute(alice, writers[3])
    assert names(alice) == set()
    people.unmute(alice, writers[3])
    assert names(alice) == {"writer3"}
    User.objects.filter(pk=writers[3].pk).update(is_active=False)  # suspended past every signal: the answer is kept
    assert names(alice) == set()


def test_whoever_does_not_want_to_be_recommended_is_not(alice: User, writers: list[User]) -> None:
    names(alice)
    Profile.objects.filter(user=writers[0]).update(recommendable=False)
    assert "writer0" not in names(alice)


def test_a_dismissed_one_never_returns(alice: User, writers: list[User], topic: Topic, choir: Group) -> None:
    for thing, kind in ((writers[0], "people"), (topic, "topics"), (choir, "groups")):
        assert thing in suggestions(alice, kind)
        row = actions.dismiss(alice, thing)
        assert actions.dismiss(alice, thing) == row
        assert thing not in suggestions(alice, kind)
        assert thing in suggestions(writers[1], kind) or kind == "people"
    assert Dismissal.objects.filter(person=alice).count() == 3
    with pytest.raises(PermissionDenied):
        actions.undo_dismiss(writers[1], row.pk)
    actions.undo_dismiss(alice, row.pk)
    assert choir in suggestions(alice, "groups")
    with pytest.raises(ValidationError):
        actions.dismiss(alice, alice)


def test_topics_and_groups_one_has_are_left_out(alice: User, topic: Topic, choir: Group) -> None:
    actions.follow_topic(alice, topic)
    actions.join_group(alice, choir)
    assert suggestions(alice, "topics") == []
    assert suggestions(alice, "groups") == []
    actions.unfollow_topic(alice, topic)
    assert suggestions(alice, "topics") == [topic]
    actions.mute_topic(alice, topic)
    assert suggestions(alice, "topics") == []


def test_the_page_says_why(alice: User, writers: list[User], topic: Topic, choir: Group, seen_by: Any) -> None:
    html = seen_by(alice).get(reverse("feed:suggestions")).content.decode()
    assert "Followed by many people here" in html
    assert "Many people here are in it" in html
    assert html.count('class="suggestion"') == 6
    assert "Only from whom you follow" not in html
    people.give_consent(alice, behaviour=False)
    assert "Only from whom you follow" in seen_by(alice).get(reverse("feed:suggestions")).content.decode()


def test_the_page_in_chinese(alice: User, writers: list[User], seen_by: Any) -> None:
    browser = seen_by(alice)
    browser.cookies["django_language"] = "zh-hans"
    html = browser.get(reverse("feed:suggestions")).content.decode()
    assert "你可能想关注的人" in html
    assert "People you may" not in html


def test_nothing_to_suggest_is_said(alice: User, seen_by: Any) -> None:
    assert "Nothing to suggest" in seen_by(alice).get(reverse("feed:suggestions")).content.decode()
    assert seen_by().get(reverse("feed:suggestions")).status_code == 302


def test_the_rail_and_explore_show_them(alice: User, writers: list[User], topic: Topic, seen_by: Any) -> None:
    home = seen_by(alice).get("/").content.decode()
    assert home.count('class="suggestion"') == 3
    assert reverse("feed:suggestions") in home
    explore = seen_by(alice).get("/explore").content.decode()
    assert "Topics you may like" in explore
    assert "Not for me: Stars" in explore
    visitor = seen_by().get("/explore").content.decode()
    assert "Not for me" not in visitor
    assert visitor.count('class="suggestion"') == 4


def test_not_for_me_without_scripts_and_back(alice: User, writers: list[User], seen_by: Any) -> None:
    browser: Client = seen_by(alice)
    form = {"kind": "people", "id": writers[0].pk, "next": reverse("feed:suggestions")}
    page = browser.post(reverse("feed:dismiss"), form, follow=True).content.decode()
    assert "Writer0 will not be suggested again." in page
    assert "writer0" not in re.sub(r"(?s)<div class=\"toasts.*", "", page)
    row = Dismissal.objects.get()
    undo = reverse("feed:undo_dismiss", args=[row.pk])
    assert undo in page
    page = browser.post(undo, {"next": reverse("feed:suggestions")}, follow=True).content.decode()
    assert "@writer0" in page
    assert not Dismissal.objects.exists()


def test_not_for_me_in_place(alice: User, topic: Topic, seen_by: Any) -> None:
    browser: Client = seen_by(alice)
    answer = browser.post(reverse("feed:dismiss"), {"kind": "topics", "id": topic.pk}, **HTMX).content.decode()
    assert 'class="undo"' in answer
    assert "Stars will not be suggested again." in answer
    undo = reverse("feed:undo_dismiss", args=[Dismissal.objects.get(topic=topic).pk])
    card = browser.post(undo, **HTMX).content.decode()
    assert "Not for me: Stars" in card
    assert "Followed by many people here" in card


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"kind": "people", "id": "x"}, 422),
        ({"kind": "people", "id": "99999999999999999999"}, 422),
        ({"kind": "people", "id": "４"}, 422),
        ({"kind": "people", "id": "12345"}, 404),
        ({"kind": "mountains", "id": "1"}, 404),
        ({}, 422),
    ],
)
def test_bad_input(form: dict[str, str], status: int, alice: User, seen_by: Any) -> None:
    assert seen_by(alice).post(reverse("feed:dismiss"), form, **HTMX).status_code == status
    assert not Dismissal.objects.exists()


def test_nobody_undoes_what_is_not_theirs(alice: User, bob: User, topic: Topic, seen_by: Any) -> None:
    row = actions.dismiss(alice, topic)
    assert seen_by(bob).post(reverse("feed:undo_dismiss", args=[row.pk])).status_code == 403
    assert seen_by().post(reverse("feed:dismiss"), {"kind": "topics", "id": topic.pk}).status_code == 302
    assert list(Dismissal.objects.all()) == [row]


def test_what_is_shown_accepted_and_refused_is_counted(
    alice: User, writers: list[User], django_capture_on_commit_callbacks: Any
) -> None:
    before = {name: counted(name, "people") for name in ("shown", "accepted", "dismissed")}
    offered(alice, people=3)
    with django_capture_on_commit_callbacks(execute=True):
        people.follow(alice, writers[0])
    with django_capture_on_commit_callbacks(execute=True):
        people.follow(alice, writers[3])  # among the candidates, but it was never shown
    offered(alice, people=3)
    with django_capture_on_commit_callbacks(execute=True):
        actions.dismiss(alice, writers[2])
    after = {name: counted(name, "people") - before[name] for name in before}
    assert after == {"shown": 5, "accepted": 1, "dismissed": 1}


def test_what_one_does_asks_anew(
    alice: User, writers: list[User], person: Callable[..., User], django_capture_on_commit_callbacks: Any
) -> None:
    assert len(suggestions(alice, "people")) == 4
    Profile.objects.filter(user=person("newcomer")).update(posts_count=1)
    assert "newcomer" not in names(alice)  # kept for minutes
    with django_capture_on_commit_callbacks(execute=True):
        actions.dismiss(alice, writers[0])
    assert names(alice) == {"writer1", "writer2", "writer3", "newcomer"}


def test_a_kept_answer_costs_one_query(alice: User, writers: list[User], topic: Topic) -> None:
    for kind in ("people", "topics"):
        suggestions(alice, kind)
        with CaptureQueriesContext(connection) as seen:
            assert suggestions(alice, kind)
        assert len(seen) == 1


def test_the_column_beside_costs_nothing_and_forgets_at_once(
    alice: User, writers: list[User], django_capture_on_commit_callbacks: Any
) -> None:
    first = beside(alice)
    with CaptureQueriesContext(connection) as seen:
        assert [row.username for row in beside(alice)] == [row.username for row in first]
    assert len(seen) == 0
    with django_capture_on_commit_callbacks(execute=True):
        people.block(writers[0], alice)
    assert "writer0" in {row.username for row in first}
    assert "writer0" not in {row.username for row in beside(alice)}


class Broken:
    def people(self, viewer: Any, limit: int) -> list[Suggested]:
        raise RuntimeError("no")

    topics = groups = people

    def say_why(self, viewer: Any, kind: str, reasons: Any) -> list[str]:
        raise RuntimeError("no")


def test_a_suggester_that_breaks_leaves_the_popular(settings: Any, alice: User, writers: list[User]) -> None:
    settings.FEED_BACKENDS = {**settings.FEED_BACKENDS, "suggester": f"{__name__}.Broken"}
    backends.forget()
    assert [row.why for row in suggestions(alice, "people")] == ["Followed by many people here"] * 4
