"""What a post is about: told from its words, with the hashtags of the author left alone."""

from collections.abc import Callable

import pytest

from accounts.models import User
from feed.models import Post, PostTopic, Topic
from ml import registry
from ml.embedding import posts, topics
from ml.models import TopicVector

Write = Callable[..., Post]
ABOUT = {
    "gardening": ("Gardening", "园艺", "Balconies, beds, seeds, soil and slugs.", "阳台、菜畦、种子、土壤和蛞蝓。"),
    "astronomy": (
        "Astronomy",
        "天文",
        "Telescopes, planets, comets and dark skies.",
        "望远镜、行星、彗星和黑暗的夜空。",
    ),
    "football": ("Football", "足球", "Matches, goals, referees and the offside rule.", "比赛、进球、裁判和越位。"),
}


@pytest.fixture
def curated(learning: object, bob: User) -> dict[str, Topic]:
    made = {
        name: Topic.objects.create(
            name=name, shown_as=name, curated=True, title_en=en, title_zh=zh, about_en=about, about_zh=about_zh
        )
        for name, (en, zh, about, about_zh) in ABOUT.items()
    }
    posts.prepare()
    topics.refresh_topic_vectors(registry.serving_encoder())
    return made


def read(post: Post) -> set[str]:
    rows = PostTopic.objects.filter(post=post, source=PostTopic.Source.MODEL)
    return set(rows.values_list("topic__name", flat=True))


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("The slugs found the lettuce seedlings again.", "gardening"),
        ("番茄苗要搭架子了，土也该松一松。", "gardening"),
        ("Jupiter and four moons in the eyepiece tonight.", "astronomy"),
        ("昨晚的流星雨，一个小时数到三十颗。", "astronomy"),
        ("That was never a penalty, the referee is blind.", "football"),
        ("补时绝杀，全场都疯了！", "football"),
    ],
)
def test_a_post_is_read_to_be_about_its_topic(write: Write, curated: dict[str, Topic], text: str, topic: str) -> None:
    assert read(write(text)) == {topic}


def test_the_hashtag_of_the_author_stays(write: Write, curated: dict[str, Topic]) -> None:
    post = write("Saturn's rings through the telescope #gardening")
    assert PostTopic.objects.get(post=post, topic=curated["gardening"]).source == PostTopic.Source.HASHTAG


def test_posts_with_the_hashtag_shape_the_topic(write: Write, curated: dict[str, Topic]) -> None:
    before = TopicVector.objects.get(topic=curated["football"]).vector
    for number in range(3):
        write(f"My knees hurt after training number {number}. #football")
    topics.refresh_topic_vectors(registry.serving_encoder())
    after = TopicVector.objects.get(topic=curated["football"])
    assert after.posts >= 3
    assert after.vector != before


def test_labelling_twice_changes_nothing(write: Write, curated: dict[str, Topic]) -> None:
    post = write("The slugs found the lettuce seedlings again.")
    assert topics.label_posts([post.pk]) == 0


def test_without_curated_topics_a_post_is_about_nothing(write: Write) -> None:
    assert read(write("The slugs found the lettuce seedlings again.")) == set()
