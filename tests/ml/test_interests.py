"""Interests come from acts alone, stay apart, can be taken back, turned down and forgotten."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts import actions as people
from accounts.models import User
from feed import actions
from feed.models import Like, Post, Topic
from ml import registry
from ml.embedding import learning as learn, words
from ml.embedding.interests import Interests, all_interests, interests_of
from ml.embedding.topics import refresh_topic_vectors
from ml.models import InterestAdjustment, InterestVector

Write = Callable[..., Post]
GARDEN = [
    "Slugs ate every lettuce seedling in my vegetable garden last night.",
    "Sowed tomato seeds in pots on the balcony, the garden begins in March.",
    "How do I get rid of aphids on tomato plants without spraying?",
    "番茄的叶子上长满了蚜虫，菜园里该怎么办？",
    "Compost for the vegetable beds is finally ready, tomatoes will love it.",
]
STARS = [
    "Saturn's rings through my telescope tonight, clear skies at last.",
    "The telescope mirror needs cleaning before the meteor shower.",
    "A comet will pass near Jupiter and be visible in a small telescope.",
    "今晚用望远镜看到了土星的光环，天空特别清澈。",
    "Best star chart for finding galaxies with a small telescope?",
]


def learned(person: User) -> Interests:
    learn.learn(person.pk)
    return interests_of(person.pk, registry.serving_encoder())


@pytest.fixture
def garden(write: Write) -> list[Post]:
    return [write(text) for text in GARDEN]


@pytest.fixture
def stars(write: Write) -> list[Post]:
    return [write(text) for text in STARS]


def like_all(person: User, posts: list[Post]) -> None:
    for post in posts:
        actions.like(person, post)


def side_of(vector: np.ndarray, encoder: object) -> str:
    garden, stars = encoder.encode(["growing vegetables in the garden", "watching the stars with a telescope"])  # type: ignore[attr-defined]
    return "garden" if vector @ garden > vector @ stars else "stars"


def test_two_unrelated_interests_stay_two_vectors(
    charlie: User, garden: list[Post], stars: list[Post], learning: object
) -> None:
    like_all(charlie, garden + stars)
    found = learned(charlie)
    assert {side_of(vector, learning) for vector in found.vectors[:2]} == {"garden", "stars"}
    assert float(found.vectors[0] @ found.vectors[1]) < 0.5
    assert float(found.strengths[:2].sum()) > 0.75
    assert found.strengths.sum() == pytest.approx(1.0, abs=1e-3)


def test_interests_are_named_by_their_typical_words(charlie: User, garden: list[Post], stars: list[Post]) -> None:
    like_all(charlie, garden + stars)
    words = {word for row in learned(charlie).words[:2] for word in row[:3]}
    assert {"telescope", "garden"} & words or {"telescope", "tomato"} & words


def test_undoing_likes_gives_back_the_interests_from_before(
    charlie: User, garden: list[Post], stars: list[Post]
) -> None:
    like_all(charlie, garden)
    moment = timezone.now() + timedelta(seconds=5)
    learn.learn(charlie.pk, moment)
    before = interests_of(charlie.pk, registry.serving_encoder())
    like_all(charlie, stars)
    learn.learn(charlie.pk, moment)
    assert len(interests_of(charlie.pk, registry.serving_encoder()).ids) > len(before.ids)
    for post in stars:
        actions.unlike(charlie, post)
    learn.learn(charlie.pk, moment)
    after = interests_of(charlie.pk, registry.serving_encoder())
    assert np.array_equal(before.vectors, after.vectors)
    assert np.allclose(before.strengths, after.strengths)
    assert before.words == after.words


def test_an_interest_keeps_its_id_when_learned_anew(charlie: User, garden: list[Post], write: Write) -> None:
    like_all(charlie, garden)
    before = learned(charlie)
    actions.like(charlie, write("Compost and tomato seedlings for the vegetable garden."))
    assert learned(charlie).ids[0] in before.ids


def test_an_old_act_counts_less(charlie: User, garden: list[Post], stars: list[Post], learning: object) -> None:
    like_all(charlie, garden + stars)
    Like.objects.filter(post__in=garden).update(created_at=timezone.now() - timedelta(days=60))
    found = learned(charlie)
    by_side = {"garden": 0.0, "stars": 0.0}
    for vector, strength in zip(found.vectors, found.strengths, strict=True):
        by_side[side_of(vector, learning)] += float(strength)
    assert by_side["stars"] / by_side["garden"] == pytest.approx(4.0, rel=0.01)


def test_without_consent_nothing_is_learned_from_acts(person: Callable, garden: list[Post]) -> None:
    dora = person("dora", consents=False)
    like_all(dora, garden)
    assert not learned(dora)


def test_withdrawn_consent_deletes_what_was_learned_and_keeps_the_chosen(
    charlie: User, garden: list[Post], topic: Topic, django_capture_on_commit_callbacks: Callable
) -> None:
    actions.follow_topic(charlie, topic)
    like_all(charlie, garden)
    assert "acts" in learned(charlie).sources
    with django_capture_on_commit_callbacks(execute=True):
        people.give_consent(charlie, behaviour=False)
    rows = InterestVector.objects.filter(person=charlie)
    assert [(row.source, row.topic) for row in rows] == [("chosen", topic)]


def test_chosen_topics_are_the_cold_start(person: Callable, topic: Topic) -> None:
    dora = person("dora", consents=False)
    actions.follow_topic(dora, topic)
    found = learned(dora)
    assert (found.topics, found.sources) == ((topic.pk,), ("chosen",))


def test_a_no_is_kept_apart_and_beats_a_like(charlie: User, garden: list[Post], stars: list[Post]) -> None:
    like_all(charlie, garden + stars)
    for post in stars:
        actions.give_feedback(charlie, "not_interested", post=post)
    found = learned(charlie)
    assert len(found.negatives) >= 1
    assert max(float((found.vectors @ vector).max()) for vector in found.negatives) < 0.6


def test_a_removed_interest_stays_removed_when_learned_anew(
    charlie: User, garden: list[Post], stars: list[Post], write: Write, learning: object
) -> None:
    like_all(charlie, garden + stars)
    found = learned(charlie)
    removed = next(
        key for key, vector in zip(found.ids, found.vectors, strict=True) if side_of(vector, learning) == "stars"
    )
    assert learn.adjust(charlie, removed, 0.0).factor == 0.0
    actions.like(charlie, write("Another clear night: Saturn and its rings in the telescope."))
    after = learned(charlie)
    assert removed not in after.ids
    assert side_of(after.vectors[0], learning) == "garden"
    again = next(one for one in all_interests(charlie.pk, registry.serving_encoder()) if one.factor == 0.0)
    assert learn.adjust(charlie, again.id, 1.0).factor == 1.0
    assert not InterestAdjustment.objects.exists()


def test_nobody_adjusts_the_interest_of_another(charlie: User, alice: User, garden: list[Post]) -> None:
    like_all(charlie, garden)
    found = learned(charlie)
    with pytest.raises(PermissionDenied):
        learn.adjust(alice, found.ids[0], 0.0)
    with pytest.raises(ValidationError):
        learn.adjust(charlie, found.ids[0], 7.0)


def test_after_a_reset_only_new_acts_count(charlie: User, garden: list[Post], stars: list[Post]) -> None:
    like_all(charlie, garden)
    assert learned(charlie)
    learn.reset(charlie)
    assert not learned(charlie)
    like_all(charlie, stars)
    assert learned(charlie)


def test_reading_interests_is_one_query(charlie: User, garden: list[Post], django_assert_num_queries: Callable) -> None:
    like_all(charlie, garden)
    learn.learn(charlie.pk)
    model = registry.serving_encoder()
    with django_assert_num_queries(1):
        assert interests_of(charlie.pk, model)


def test_of_two_who_learn_at_once_the_one_that_looked_last_is_kept(charlie: User, garden: list[Post]) -> None:
    now = timezone.now() + timedelta(seconds=5)
    like_all(charlie, garden)
    learn.learn(charlie.pk, now)
    Like.objects.all().delete()
    learn.learn(charlie.pk, now - timedelta(seconds=1))
    assert interests_of(charlie.pk, registry.serving_encoder())


@pytest.fixture
def topic(learning: object) -> Topic:
    made = Topic.objects.create(
        name="gardening",
        shown_as="gardening",
        curated=True,
        title_en="Gardening",
        title_zh="园艺",
        about_en="Vegetables, balconies, beds, seeds and soil.",
        about_zh="阳台、菜畦、种子和土壤。",
    )
    refresh_topic_vectors(registry.serving_encoder() or learning.name)  # type: ignore[attr-defined]
    return made


def test_words_recur_and_name_no_person(person: Callable, write: Write) -> None:
    """Words of one post, words that say nothing, and names of people are no names of an interest."""
    eva, tom = person("eva"), person("tom")
    posts = [
        ("Compost needs worms, says Eva, honestly", eva, 1.0),
        ("My compost steams in winter, half of it leaves", tom, 1.0),
        ("Eva brought worms for the compost", tom, 1.0),
        ("堆肥里的蚯蚓真多，堆肥又热了", eva, 1.0),
        ("蚯蚓喜欢堆肥和咖啡渣", tom, 1.0),
    ]
    for text, author, _weight in posts:
        write(text, by=author)
    words.forget()
    found = words.typical_words([(text, weight, author.pk) for text, author, weight in posts])
    assert set(found) == {"compost", "worms", "蚯蚓"}
    assert words.typical_words([(posts[0][0], 1.0, eva.pk)]) == []


def test_groups_about_one_topic_are_one_interest(charlie: User, topic: Topic, garden: list[Post], write: Write) -> None:
    other = [write("The moon over my beetroot bed, seen at four.", by=charlie)]
    for post in garden:
        actions.label_topics(post, {topic.pk: 0.9}, registry.serving_encoder())
    actions.follow_topic(charlie, topic)
    like_all(charlie, garden + other)
    assert list(learned(charlie).topics).count(topic.pk) == 1
    assert len(learned(charlie).ids) <= 8
