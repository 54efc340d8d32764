"""A post is found by a question of the same meaning in the other language; what is not near is no answer."""

from collections.abc import Callable

from feed import backends
from feed.models import Post
from tests.ml.pairs import PAIRS

Write = Callable[..., Post]


def test_posts_are_found_from_the_other_language(write: Write) -> None:
    posts = {write(text).pk: question for text, question in PAIRS}
    assert len(posts) >= 20
    firsts = among_three = 0
    for post_id, question in posts.items():
        found = list(backends.understanding().find_posts(question, 10))
        firsts += found[:1] == [post_id]
        among_three += post_id in found[:3]
    assert among_three >= len(PAIRS) - 1
    assert firsts >= len(PAIRS) - 3


def test_nonsense_finds_nothing(write: Write) -> None:
    for text, _question in PAIRS:
        write(text)
    for question in ("qzxv wjkp", "🎉🎉🎉", "   ", "https://example.org/a"):
        assert list(backends.understanding().find_posts(question, 10)) == []
