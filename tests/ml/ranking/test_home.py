"""The home feed from end to end, on PostgreSQL: what people do changes what they are shown, and how it is explained."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts import actions as people
from accounts.models import User
from feed import actions, backends
from feed.models import Feedback, Impression, Post, Topic
from ml.models import TopicVector
from ml.ranking import explain, home, serve
from ml.ranking.candidate import Found
from ml.ranking.features import NAMES
from ml.ranking.sources import Sql, Together
from tests.ml.ranking.batches import MODEL, axis

Means = Callable[[Post, np.ndarray], Post]


def ranked(viewer: User, **asked: Any) -> list[int]:
    fresh = User.objects.get(pk=viewer.pk)
    return [item.post_id for item in backends.ranker().rank(fresh, limit=200, **asked).items]


def reason_of(viewer: User, post: Post) -> dict[str, Any]:
    slate = backends.ranker().rank(User.objects.get(pk=viewer.pk), limit=200)
    return next(item.reason for item in slate.items if item.post_id == post.pk)


def said(viewer: User, reason: dict[str, Any]) -> str:
    return explain.sentences(viewer, [reason])[0]


@pytest.fixture
def topic(db: None) -> Topic:
    return Topic.objects.create(
        name="gardening", shown_as="gardening", curated=True, title_en="Gardening", title_zh="园艺"
    )


@pytest.fixture
def town(person: Callable[..., User], means: Means) -> list[Post]:
    """Twelve people, each of whom wrote of tomatoes (axis 0) and of trains (axis 1), all equally old."""
    at = timezone.now() - timedelta(hours=3)
    posts = []
    for i in range(12):
        author = person(f"writer{i}")
        for subject, direction in (("tomatoes", 0), ("trains", 1)):
            post = actions.publish(author, f"About {subject}, says number {i}", language="en", at=at)
            posts.append(means(post, (0.8 * axis(direction) + 0.6 * axis(2 + i)).astype(np.float32)))
    return posts


def about(posts: list[Post], subject: str) -> set[int]:
    return {post.pk for post in posts if subject in post.text}


def test_an_interest_leads_the_page(alice: User, town: list[Post], likes_axis: Callable[..., Any]) -> None:
    likes_axis(alice, 0)
    first = ranked(alice)[:8]
    assert set(first) <= about(town, "tomatoes")
    likes_axis(alice, 1, strength=2.0)
    assert len(set(ranked(alice)[:8]) & about(town, "trains")) >= 3


def test_no_consent_no_learning(alice: User, town: list[Post], likes_axis: Callable[..., Any]) -> None:
    likes_axis(alice, 0)
    actions.like(alice, town[0])
    people.give_consent(alice, behaviour=False)
    slate = backends.ranker().rank(User.objects.get(pk=alice.pk), limit=200)
    assert slate.items
    assert {kind for item in slate.items for kind in item.terms} & {"interest", "affinity", "topic_interest"} == set()
    assert {item.reason["kind"] for item in slate.items} & {"like", "interest", "bond"} == set()


def test_what_was_chosen_at_the_beginning_needs_no_consent(
    alice: User, town: list[Post], likes_axis: Callable[..., Any]
) -> None:
    people.give_consent(alice, behaviour=False)
    likes_axis(alice, 1, source="chosen", words=["trains", "rails"])
    assert set(ranked(alice)[:8]) <= about(town, "trains")
    reason = reason_of(alice, town[1])
    assert said(alice, reason) == "You asked for posts about trains, rails"


def test_because_you_liked(alice: User, town: list[Post], likes_axis: Callable[..., Any]) -> None:
    likes_axis(alice, 0)
    actions.like(alice, town[0])
    assert town[0].pk not in ranked(alice)  # liked already
    reason = reason_of(alice, town[2])
    assert reason["post"] == str(town[0].pk)
    assert said(alice, reason) == "Because you liked “About tomatoes, says number 0” by Writer0"


def test_a_reason_keeps_ids_and_says_nothing_of_what_is_gone(
    alice: User, town: list[Post], likes_axis: Callable[..., Any], topic: Topic
) -> None:
    likes_axis(alice, 0, topic=topic)
    actions.publish(alice, "Mine", language="en")
    actions.like(alice, town[0])
    for post in town[2:]:
        actions.label_topics(post, {topic.pk: 0.9} if "tomatoes" in post.text else {}, MODEL)
    slate = backends.ranker().rank(User.objects.get(pk=alice.pk), limit=200)
    stored = str([item.reason for item in slate.items])
    assert "tomatoes" not in stored
    assert "Writer" not in stored
    reason = reason_of(alice, town[2])
    assert (reason["kind"], reason["post"], reason["topic"]) == ("like", str(town[0].pk), topic.pk)
    actions.delete(User.objects.get(pk=town[0].author_id), Post.objects.get(pk=town[0].pk))
    assert said(alice, reason) == "You often like posts about Gardening"
    assert said(alice, {"kind": "like", "post": reason["post"]}) == "Chosen for you"


def test_a_liked_post_behind_a_warning_is_not_quoted(alice: User, bob: User) -> None:
    post = actions.publish(bob, "The butler did it", language="en", content_warning="the ending")
    assert said(alice, {"kind": "like", "post": str(post.pk)}) == "Because you liked a post by Bob"


def test_all_reasons_of_a_page_are_named_in_one_query(alice: User, bob: User, charlie: User, topic: Topic) -> None:
    posts = [actions.publish(bob, f"Post {i}", language="en") for i in range(5)]
    group = actions.create_group(bob, "The Shed", slug="shed")
    asked = [{"kind": "like", "post": str(post.pk)} for post in posts]
    asked += [{"kind": "follow", "person": bob.pk}, {"kind": "bond", "person": charlie.pk}]
    asked += [{"kind": "topic", "topic": topic.pk}, {"kind": "group", "group": group.pk}, {"kind": "new-voice"}]
    with CaptureQueriesContext(connection) as captured:
        found = explain.sentences(alice, asked)
    assert len(captured) == 1
    assert found[0] == "Because you liked “Post 0” by Bob"
    assert found[5:] == [
        "You follow Bob",
        "You often respond to Charlie",
        "You follow Gardening",
        "From your group The Shed",
        "A new voice",
    ]


def test_unliking_brings_it_back(alice: User, town: list[Post]) -> None:
    before = ranked(alice)
    actions.like(alice, town[0])
    assert town[0].pk not in ranked(alice)
    actions.unlike(alice, town[0])
    assert ranked(alice) == before


def test_a_feed_for_someone_who_skipped_everything(person: Callable[..., User], town: list[Post]) -> None:
    newcomer = person("newcomer", languages=(), consents=False)
    for liker in ("writer1", "writer2", "writer3"):
        actions.like(User.objects.get(username=liker), town[0])
    assert ranked(newcomer)[0] == town[0].pk
    assert set(ranked(newcomer)) == {post.pk for post in town}


def test_without_vectors_follows_and_topics_still_lead(alice: User, bob: User, charlie: User) -> None:
    plain = actions.publish(charlie, "Nothing in particular", language="en")
    followed = actions.publish(bob, "From somebody followed", language="en")
    tagged = actions.publish(charlie, "A bed of #leeks", language="en")
    actions.follow_topic(alice, Topic.objects.get(name="leeks"))
    assert ranked(alice) == [tagged.pk, followed.pk, plain.pk]
    assert said(alice, reason_of(alice, followed)) == "You follow Bob"
    assert said(alice, reason_of(alice, tagged)) == "You follow #leeks"


def test_blocked_muted_and_deleted_stay_out(alice: User, bob: User, charlie: User, person: Any) -> None:
    dora = person("dora")
    mine = actions.publish(alice, "My own", language="en")
    blocked = actions.publish(charlie, "From a blocked person", language="en")
    gone = actions.publish(bob, "Deleted", language="en")
    muted = actions.publish(dora, "From a muted person", language="en")
    words = actions.publish(bob, "The football result", language="en")
    stays = actions.publish(bob, "The weather", language="en")
    assert set(ranked(alice)) == {blocked.pk, gone.pk, muted.pk, words.pk, stays.pk}
    people.block(charlie, alice)
    people.mute(alice, dora)
    people.mute_phrase(alice, "FOOTBALL")
    actions.delete(bob, gone)
    assert ranked(alice) == [stays.pk]
    assert mine.pk not in ranked(alice)


def test_keeping_out_of_recommendations(alice: User, bob: User, charlie: User) -> None:
    for who in (bob, charlie):
        who.profile.recommendable = False
        who.profile.save()
    followed = actions.publish(bob, "Only for those who follow", language="en")
    actions.publish(charlie, "Not to be recommended", language="en")
    assert ranked(alice) == [followed.pk]


def test_shown_three_times_is_enough(alice: User, bob: User) -> None:
    often, once, never = (actions.publish(bob, f"Post {name}", language="en") for name in ("a", "b", "c"))
    for post, times in ((often, 3), (once, 1)):
        for visit in range(times):
            at = timezone.now() - timedelta(hours=1 + visit)
            Impression.objects.create(person=alice, post=post, request_id=uuid4(), position=0, shown_at=at)
    others = [actions.publish(bob, f"Post {i}", language="en").pk for i in range(20)]
    assert set(ranked(alice)) == {never.pk, once.pk, *others}
    for pk in others[5:]:
        actions.delete(bob, Post.objects.get(pk=pk))
    assert ranked(alice)[-1] == often.pk  # less than a page is left: it comes back, last


def test_home_opened_thirty_times_is_still_ranked_and_gives_reasons(
    alice: User, town: list[Post], likes_axis: Callable[..., Any], client: Client
) -> None:
    likes_axis(alice, 0)
    client.force_login(alice)
    new_end, seen_end = "You have seen everything new.<", "Here is what you saw before."
    last = 0
    for opened in range(30):
        # Each opening is a visit of its own: what was shown on this one still counts as being read.
        Impression.objects.filter(person=alice).update(shown_at=F("shown_at") - timedelta(hours=1))
        answer = client.get("/")
        assert answer.status_code == 200
        posts = answer.context["page"].posts
        why = [post.why for post in posts]
        assert len(posts) == 20
        assert all(why)
        assert "Newest first" not in why
        while answer.context["more_url"]:
            answer = client.get(answer.context["more_url"])
        page = answer.content.decode()
        assert page.count(new_end) + page.count(seen_end) == 1, opened
        last += seen_end in page
    assert last >= 20
    rows = Impression.objects.filter(person=alice, post=posts[0])
    assert len({row.pk for row in rows}) < 30  # the rested take turns


def test_coming_back_at_once_finds_the_page_as_it_was_left(
    alice: User, town: list[Post], likes_axis: Callable[..., Any], client: Client
) -> None:
    likes_axis(alice, 0)
    client.force_login(alice)
    pages = [[post.pk for post in client.get("/").context["page"].posts] for _ in range(3)]
    assert pages[0] == pages[1] == pages[2]


def test_the_most_rested_come_back_first(alice: User, bob: User) -> None:
    posts = [actions.publish(bob, f"Post {i}", language="en") for i in range(25)]
    for hours, post in enumerate(posts):
        for visit in range(3):
            at = timezone.now() - timedelta(hours=1 + hours + visit)
            Impression.objects.create(person=alice, post=post, request_id=uuid4(), position=0, shown_at=at)
    assert set(ranked(alice)) == {post.pk for post in posts[5:]}


def test_see_fewer_of_a_topic_empties_it_and_undoing_brings_it_back(
    alice: User, town: list[Post], likes_axis: Callable[..., Any], means: Means, charlie: User
) -> None:
    """By hashtag and by meaning: posts of the subject without the hashtag go too."""
    likes_axis(alice, 0)
    tagged = means(actions.publish(charlie, "More #tomato", language="en"), axis(0))
    topic = Topic.objects.get(name="tomato")
    for place, other in ((0, topic), (1, Topic.objects.create(name="rail", shown_as="rail"))):
        TopicVector.objects.create(topic=other, model=MODEL, vector=axis(place).tolist())
    before = ranked(alice)[:50]
    unwanted = about(town, "tomatoes") | {tagged.pk}
    assert len(set(before) & unwanted) == 13
    said = actions.give_feedback(alice, Feedback.Kind.SEE_FEWER_TOPIC, topic=topic)
    after = ranked(alice)[:50]
    assert len(set(after) & unwanted) / len(after) < 0.02
    assert len(set(after) & about(town, "trains")) == 12
    actions.undo_feedback(alice, said.pk)
    assert ranked(alice)[:50] == before


def test_see_fewer_of_a_person(alice: User, bob: User, charlie: User) -> None:
    theirs = actions.publish(charlie, "Again me", language="en")
    other = actions.publish(bob, "Somebody else", language="en")
    said = actions.give_feedback(alice, Feedback.Kind.SEE_FEWER_AUTHOR, post=theirs)
    assert ranked(alice) == [other.pk]
    Feedback.objects.filter(pk=said.pk).update(created_at=timezone.now() - timedelta(days=20))
    assert ranked(alice) == [other.pk, theirs.pk]


def test_not_interested_in_one_post(alice: User, charlie: User) -> None:
    post = actions.publish(charlie, "Not this one", language="en")
    actions.give_feedback(alice, Feedback.Kind.NOT_INTERESTED, post=post)
    assert ranked(alice) == []


def test_ranking_switched_off_is_newest_first(alice: User, bob: User) -> None:
    actions.publish(bob, "Something", language="en")
    people.give_consent(alice, personalised=False)
    slate = backends.ranker().rank(User.objects.get(pk=alice.pk), limit=200)
    assert (list(slate.items), slate.model_version) == ([], "newest-first")


def test_an_old_no_holds_however_many_came_after_it(
    alice: User, bob: User, charlie: User, town: list[Post], person: Callable[..., User]
) -> None:
    writer = User.objects.get(pk=town[0].author_id)
    actions.give_feedback(alice, Feedback.Kind.SEE_FEWER_AUTHOR, author=writer)
    actions.give_feedback(alice, Feedback.Kind.NOT_INTERESTED, post=town[4])
    others = Post.objects.bulk_create(Post(author=charlie, text=f"n{i}", language="en") for i in range(600))
    Feedback.objects.bulk_create(Feedback(person=alice, kind="not_interested", post=post) for post in others)
    writers = User.objects.bulk_create(User(username=f"w{i}", email=f"w{i}@x.org") for i in range(600))
    Feedback.objects.bulk_create(Feedback(person=alice, kind="fewer_author", author=one) for one in writers)
    left = set(ranked(alice)) & {post.pk for post in town}
    assert left == {post.pk for post in town} - {town[0].pk, town[1].pk, town[4].pk}


def test_excluded_posts_are_not_offered(alice: User, town: list[Post]) -> None:
    assert set(ranked(alice, exclude={town[0].pk})) == {post.pk for post in town[1:]}


def test_what_is_logged_is_what_was_seen(alice: User, town: list[Post], likes_axis: Callable[..., Any]) -> None:
    likes_axis(alice, 0)
    slate = backends.ranker().rank(alice, limit=200)
    for item in slate.items:
        again = home.PLAIN.of_rows(np.array([list(item.features.values())], dtype=np.float32))
        assert sum(float(term[0]) for term in again.values()) == pytest.approx(item.score, abs=0.01)
        assert sum(item.terms.values()) == pytest.approx(item.score, abs=0.01)
    assert slate.model_version == home.PLAIN.version


def test_fourteen_queries_however_many_posts(alice: User, town: list[Post], likes_axis: Callable[..., Any]) -> None:
    for place in range(6):
        likes_axis(alice, place)
    actions.like(alice, town[0])
    actions.give_feedback(alice, Feedback.Kind.SEE_FEWER_AUTHOR, post=town[1])
    with CaptureQueriesContext(connection) as captured:
        serve.rank(alice, limit=200)
    assert len(captured) <= 14  # two of them are remembered for seconds: which ranker serves, which experiment runs


@pytest.mark.django_db(transaction=True)
def test_a_source_that_breaks_leaves_the_others(alice: User, bob: User) -> None:
    post = actions.publish(bob, "Still here", language="en")
    works = Sql("works", "SELECT id, author_id FROM feed_post", cap=5)
    breaks = Sql("breaks", "SELECT nothing FROM nowhere", cap=5)
    found = Together([breaks, works])(serve.query_for(alice, limit=10))
    assert found == [Found("works", [post.pk], [bob.pk])]


@pytest.mark.django_db(transaction=True)
def test_without_pgvector_the_page_still_comes(
    alice: User, bob: User, likes_axis: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    likes_axis(alice, 0)
    post = actions.publish(bob, "Still here", language="en")

    def broken(*_given: Any, **_named: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT vector FROM a_table_that_is_gone")

    monkeypatch.setattr("ml.ranking.sources.nearest_to_each", broken)
    monkeypatch.setattr("ml.ranking.hydrators.vectors_of", broken)
    assert ranked(alice) == [post.pk]


def test_explained_from_the_impression_alone(alice: User, bob: User) -> None:
    impression = Impression(
        person=alice,
        reason={"kind": "friend", "person": bob.pk, "others": 2},
        terms={"interest": 1.5, "freshness": 0.5, "shown": -1.0},
        model_version="home-recipe/1a2b3c4d",
    )
    why = backends.ranker().explain(impression)
    assert why.sentence == "Bob and 2 other people you follow liked this"
    assert [(bar.name, bar.value) for bar in why.bars] == [
        ("interest", 0.5),
        ("shown", pytest.approx(-0.3333)),
        ("freshness", pytest.approx(0.1667)),
    ]
    assert all(bar.label and bar.meaning for bar in why.bars)
    assert why.model_version == "home-recipe/1a2b3c4d"


def test_every_term_of_the_recipe_has_words() -> None:
    terms = home.PLAIN.of_rows(np.zeros((1, len(NAMES)), dtype=np.float32))
    assert set(terms) == set(explain.words_of_terms())


@pytest.mark.parametrize(
    "reason", [{}, {"kind": "like"}, {"kind": "nonsense"}, {"kind": "topic"}, {"kind": "interest"}]
)
def test_a_reason_of_another_time_still_has_a_sentence(alice: User, reason: dict[str, Any]) -> None:
    assert said(alice, reason) == "Chosen for you"


def test_topics_are_named_in_the_language_of_the_page(alice: User, topic: Topic) -> None:
    reason = {"kind": "topic", "topic": topic.pk}
    assert said(alice, reason) == "You follow Gardening"
    assert said(alice, {"kind": "interest", "topic": topic.pk}) == "You often like posts about Gardening"
    with translation.override("zh-hans"):
        assert "园艺" in said(alice, reason)
