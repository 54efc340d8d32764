"""What was suggested is stored once a day with its answer, forgotten like impressions, exported, and summed up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import actions as people
from accounts.exports import own_data
from accounts.models import Consent, Profile, User
from feed import actions
from feed.actions import outcomes
from feed.models import Group, SuggestionImpression, Topic
from feed.tasks import expire_impressions
from feed.timelines.suggestions import beside, offered, suggestions
from ml.ranking.suggest_figures import suggestion_figures

Row = SuggestionImpression


@pytest.fixture
def writers(person: Callable[..., User]) -> list[User]:
    found = [person(f"writer{i}") for i in range(4)]
    Profile.objects.filter(user__in=found).update(posts_count=1)
    return found


@pytest.fixture
def topic(db: None) -> Topic:
    return Topic.objects.create(name="stars", shown_as="stars", curated=True, title_en="Stars")


@pytest.fixture
def choir(writers: list[User]) -> Group:
    return actions.create_group(writers[3], "The Choir", slug="choir")


@pytest.fixture
def heard(django_capture_on_commit_callbacks: Any) -> Callable[..., Any]:
    """Does something, and lets everybody hear of it."""

    def do(verb: Callable[..., Any], *facts: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return verb(*facts)

    return do


def answers(viewer: User, **about: Any) -> list[str]:
    return list(Row.objects.filter(person=viewer, **about).values_list("answer", flat=True))


def test_the_page_stores_what_it_shows_once_a_day_in_one_insert(
    alice: User, writers: list[User], topic: Topic, choir: Group, seen_by: Any
) -> None:
    browser = seen_by(alice)
    for _twice in range(2):
        with CaptureQueriesContext(connection) as seen:
            browser.get(reverse("feed:suggestions"))
        assert sum("INSERT INTO" in query["sql"] for query in seen) == 1
    rows = Row.objects.filter(person=alice)
    assert {row.who for row in rows if row.who} == set(writers)
    assert [row.topic for row in rows if row.topic] == [topic]
    assert [row.group for row in rows if row.group] == [choir]
    assert {(row.reason, row.answer, row.day) for row in rows} == {("popular", "", timezone.localdate())}
    rows.update(day=timezone.localdate() - timedelta(days=1))
    browser.get(reverse("feed:suggestions"))
    assert rows.count() == 12


def test_only_what_is_shown_is_stored(alice: User, writers: list[User], seen_by: Any) -> None:
    suggestions(alice, "people")
    assert not Row.objects.exists()
    shown = {one.username for one in beside(alice)}
    assert {row.who.username for row in Row.objects.filter(person=alice)} == shown
    assert len(shown) == 3
    with CaptureQueriesContext(connection) as seen:
        beside(alice)
    assert len(seen) == 0
    seen_by().get("/explore")
    assert Row.objects.count() == 3  # of visitors nothing is kept


def test_the_answer_is_stored_and_taken_back(
    alice: User, writers: list[User], topic: Topic, choir: Group, heard: Callable[..., Any]
) -> None:
    offered(alice, people=3, topics=8, groups=8)
    for verb, undo, thing, column in (
        (people.follow, people.unfollow, writers[0], "who"),
        (actions.follow_topic, actions.unfollow_topic, topic, "topic"),
        (actions.join_group, actions.leave_group, choir, "group"),
    ):
        heard(verb, alice, thing)
        assert answers(alice, **{column: thing}) == ["accepted"]
        heard(undo, alice, thing)
        assert answers(alice, **{column: thing}) == [""]
        row = heard(actions.dismiss, alice, thing)
        assert answers(alice, **{column: thing}) == ["dismissed"]
        heard(actions.undo_dismiss, alice, row.pk)
        assert answers(alice, **{column: thing}) == [""]
    heard(people.follow, alice, writers[3])  # a candidate that was not shown
    assert answers(alice, who=writers[3]) == []


def test_it_counts_for_a_week_and_for_the_last_day_it_was_shown(
    alice: User, writers: list[User], heard: Callable[..., Any]
) -> None:
    for days in (2, 1):
        offered(alice, people=4)
        Row.objects.filter(day=timezone.localdate()).update(
            day=timezone.localdate() - timedelta(days=days), shown_at=timezone.now() - timedelta(days=days)
        )
    heard(people.follow, alice, writers[0])
    assert list(Row.objects.filter(who=writers[0]).order_by("day").values_list("answer", flat=True)) == ["", "accepted"]
    Row.objects.update(shown_at=timezone.now() - timedelta(days=8))
    heard(people.follow, alice, writers[1])
    assert answers(alice, who=writers[1]) == ["", ""]


def test_without_consent_no_answer_is_kept(alice: User, writers: list[User], heard: Callable[..., Any]) -> None:
    offered(alice, people=4)
    heard(people.follow, alice, writers[0])
    heard(lambda: people.give_consent(alice, behaviour=False))
    assert set(answers(alice)) == {""}
    heard(people.follow, alice, writers[1])
    assert set(answers(alice)) == {""}
    Row.objects.filter(who=writers[1]).update(answer="accepted")  # whoever put it there
    outcomes.sweep()
    assert set(answers(alice)) == {""}


def test_it_is_forgotten_with_impressions_and_with_the_account(alice: User, writers: list[User]) -> None:
    offered(alice, people=4)
    old = Row.objects.filter(who=writers[0])
    old.update(shown_at=timezone.now() - timedelta(days=site.IMPRESSIONS_KEPT_DAYS + 1))
    expire_impressions()
    assert not old.exists()
    assert Row.objects.count() == 3
    people.delete_account(writers[1])
    assert Row.objects.count() == 2
    people.delete_account(alice)
    assert not Row.objects.exists()


def test_it_is_in_the_file_of_ones_own_data(
    alice: User, writers: list[User], heard: Callable[..., Any], seen_by: Any
) -> None:
    offered(alice, people=1)
    heard(people.follow, alice, writers[0])
    (row,) = own_data(alice)["suggestions_shown"]
    assert (row["who__username"], row["reason"], row["answer"]) == ("writer0", "popular", "accepted")
    answer = seen_by(alice).get(reverse("accounts:export"))
    assert str(timezone.localdate()) in answer.content.decode()


def test_somebody_who_leaves_meanwhile_breaks_no_page(alice: User, writers: list[User], monkeypatch: Any) -> None:
    from django.db import IntegrityError

    def gone(*_given: Any, **_named: Any) -> None:
        raise IntegrityError("who_id")

    monkeypatch.setattr(Row.objects, "bulk_create", gone)
    assert len(offered(alice, people=4)["people"]) == 4


def test_figures_by_kind_and_reason(alice: User, bob: User, charlie: User, writers: list[User], topic: Topic) -> None:
    today = timezone.localdate()

    def show(viewer: User, reason: str, answer: str = "", **about: Any) -> None:
        Row.objects.create(person=viewer, reason=reason, answer=answer, day=today, **about)

    show(alice, "friends", "accepted", who=writers[0])
    show(alice, "friends", who=writers[1])
    show(alice, "popular", "dismissed", who=writers[2])
    show(bob, "friends", who=writers[0])
    show(alice, "liked", topic=topic)
    show(alice, "popular", "accepted", who=writers[3], shown_at=timezone.now() - timedelta(days=9))
    Consent.objects.filter(person=charlie).update(behaviour=False)
    show(charlie, "friends", who=writers[0])
    with CaptureQueriesContext(connection) as seen:
        lines = suggestion_figures(days=7)
    assert len(seen) == 1
    assert [(one.name, one.impressions, one.share, one.rate, one.refused) for one in lines] == [
        ("People", 4, "100.0 %", "25.0 %", 1),
        ("People: followed by people they follow", 3, "75.0 %", "33.3 %", 0),
        ("People: popular", 1, "25.0 %", "0.0 %", 1),
        ("Topics", 1, "100.0 %", "0.0 %", 0),
        ("Topics: liked", 1, "100.0 %", "0.0 %", 0),
    ]
    assert lines[0].interval == "4.6 – 69.9 %"
    assert suggestion_figures(days=30)[0].impressions == 5
