"""The ranked home through the front door: real web process, worker, PostgreSQL, Redis and encoder, on the demo town."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from feed.demo.simulator import hit_rate
from feed.demo.town import Town
from tests.journeys.visitor import Visitor, cards

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def topic_of() -> Callable[[str], str | None]:
    """What a post is about by the town's own key, by its first letters; None for posts that are not the town's."""
    town = Town(datetime.now(UTC))
    known = {letters(words.text): town.topic_of[words.key] for words in (*town.posts, *town.comments)}
    return lambda text: known.get(letters(text))


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())[:40]


def until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.25)
    return found


def test_two_people_see_different_pages_each_to_their_taste(
    address: str, topic_of: Callable[[str], str | None]
) -> None:
    town = Town(datetime.now(UTC))
    pages = {name: Visitor(address, name).for_you() for name in ("mara_quill", "gradient_wen")}
    for name, page in pages.items():
        topics = [topic_of(text) for text in page.values()][:20]
        assert hit_rate(town.person[name], topics) >= 0.7, (name, topics)
    assert len(set(pages["mara_quill"]) & set(pages["gradient_wen"])) <= 2


def test_a_new_post_is_on_a_kindred_persons_next_page(address: str) -> None:
    words = f"Sowed leeks and tomatoes on the allotment today, slugs permitting {uuid.uuid4().hex[:6]}"
    reader, writer = Visitor(address, "mara_quill"), Visitor(address, "benoit_carr")
    writer.post("/compose", text=words, visibility="public", idempotency_key=uuid.uuid4().hex)
    assert until(lambda: any(words in text for text in reader.for_you().values()), 5)


def newcomer(address: str) -> Visitor:
    """Somebody who joined a moment ago and lets the site learn from what they do."""
    person, name = Visitor(address), f"new_{uuid.uuid4().hex[:8]}"
    person.get("/accounts/signup/")
    secret = {"password1": "quiet-gate-77", "password2": "quiet-gate-77"}
    person.post("/accounts/signup/", email=f"{name}@example.org", username=name, **secret)
    person.post("/you/welcome", step="1", languages="en")
    person.post("/you/welcome", step="2", skip="1")
    person.post("/you/welcome", step="3", behaviour="on")
    return person


def test_liking_a_new_subject_changes_the_page_and_taking_it_back_restores_it(
    address: str, topic_of: Callable[[str], str | None]
) -> None:
    person = newcomer(address)

    def share(topic: str) -> float:
        topics = [topic_of(text) for text in person.for_you(pages=2).values()]
        return topics.count(topic) / len(topics)

    def about(topic: str) -> list[int]:
        found = cards(person.get(f"/topics/{topic}"))
        chosen = [post for post, text in found.items() if topic_of(text) == topic][:3]
        assert len(chosen) == 3
        return chosen

    for post in about("gardening"):
        person.post(f"/posts/{post}/like")
    assert until(lambda: share("gardening") >= 0.1, 30)
    before = share("astronomy")
    for post in about("astronomy"):
        person.post(f"/posts/{post}/like")
    assert until(lambda: share("astronomy") >= before + 0.05, 30), (before, share("astronomy"))
    liked = share("astronomy")
    for post in about("astronomy"):
        person.post(f"/posts/{post}/unlike")
    assert until(lambda: share("astronomy") <= liked - 0.025, 30), (before, liked, share("astronomy"))


@pytest.mark.parametrize(
    ("query", "language", "words"),
    [("knee pain from running a marathon", "zh", "膝盖"), ("给番茄搭架子", "en", "tomato")],
)
def test_search_crosses_the_languages(address: str, query: str, language: str, words: str) -> None:
    from urllib.parse import quote

    html = Visitor(address).get(f"/search?q={quote(query)}")
    found = cards(html)
    chinese = [text for text in found.values() if any("\u4e00" <= letter <= "\u9fff" for letter in text)]
    other = chinese if language == "zh" else [text for text in found.values() if text not in chinese]
    assert any(words in text.lower() for text in other), found
