"""Search: words and meaning together, both languages, names of things; nothing one may not read; no query breaks it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts import actions as people
from feed import actions, backends, search, timelines
from feed.models import Topic


def texts(page):
    return [post.text for post in page.posts]


def test_words_are_found_whatever_their_case_and_the_last_as_a_beginning(say, alice, bob):
    say(bob, "The Quick brown Fox")
    say(bob, "nothing here")
    for query in ("quick", "QUICK fox", "fo", "brow"):
        assert texts(search.posts(query, alice)) == ["The Quick brown Fox"], query
    assert texts(search.posts("quick wolf", alice)) == []


def test_chinese_is_found_by_any_word_of_two_characters(say, alice, bob):
    say(bob, "今天在院子里种了番茄")
    for query in ("番茄", "院子", "今天", "种了番茄", "茄"):
        assert texts(search.posts(query, alice)) == ["今天在院子里种了番茄"], query
    assert texts(search.posts("土豆", alice)) == []


def test_descriptions_of_pictures_and_warnings_are_searched(say, alice, bob):
    say(bob, "look", content_warning="needles")
    assert texts(search.posts("needles", alice)) == ["look"]


def test_nothing_unreadable_or_muted_is_found(say, alice, bob, charlie, mallory):
    say(bob, "secret for followers", visibility="followers")
    say(mallory, "secret of the blocked")
    actions.delete(bob, say(bob, "secret deleted"))
    say(charlie, "secret muted word")
    people.mute_phrase(alice, "muted word")
    assert texts(search.posts("secret", alice)) == ["secret for followers"]
    assert sorted(texts(search.posts("secret", AnonymousUser()))) == ["secret muted word", "secret of the blocked"]
    assert texts(search.posts("secret", mallory)) == ["secret muted word", "secret of the blocked"]


class Meaning(backends.NoUnderstanding):
    near: tuple[int, ...] = ()

    def find_posts(self, query, limit):
        return self.near


def test_meaning_and_words_are_fused_and_meaning_passes_visibility(say, alice, bob, mallory, settings):
    both, words, meaning = say(bob, "tea and cake"), say(bob, "tea leaves"), say(bob, "一杯热饮")
    blocked = say(mallory, "also warm")
    settings.FEED_BACKENDS = {**settings.FEED_BACKENDS, "understanding": f"{__name__}.Meaning"}
    Meaning.near = (both.pk, blocked.pk, meaning.pk)
    backends.forget()
    assert texts(search.posts("tea", alice)) == ["tea and cake", "tea leaves", "一杯热饮"]
    assert words.pk not in Meaning.near


def test_pages_of_results_do_not_repeat(say, alice, bob, settings):
    settings.PAGE_SIZE = 5
    for n in range(12):
        say(bob, f"tomato number {n}")
    found, cursor = [], None
    while True:
        page = search.posts("tomato", alice, cursor)
        found += [post.pk for post in page.posts]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 12
    with pytest.raises(timelines.BadCursor):
        search.posts("tomato", alice, "-5")


def test_people_topics_and_groups_by_name(alice, bob, person, mallory):
    lin = person("lin_wen")
    lin.profile.display_name = "林文"
    lin.profile.save()
    assert search.people("林", alice) == [lin]
    assert search.people("@LIN", alice) == [lin]
    assert search.people("wen", alice) == [lin]
    assert search.people("alice", mallory) == []
    topic = Topic.objects.create(name="gardens", shown_as="gardens", curated=True, title_en="Gardens", title_zh="园艺")
    Topic.objects.create(name="花园", shown_as="花园", alias_of=topic)
    for query in ("gard", "园艺", "#Gardens", "花园", "arden"):
        assert search.topics(query) == [topic], query
    group = actions.create_group(bob, "Night bakers", about="bread after dark")
    for query in ("night", "BAKERS", "bread"):
        assert search.groups(query, alice) == [group], query


@pytest.mark.parametrize("kind", ["posts", "people", "topics", "groups", "nonsense"])
@pytest.mark.parametrize(
    "query",
    ["", " ", "'", "''", "\\", "& | !", "a & ! b", "<->", "((", ":*", "%", "_", "\x00", "x" * 5000, "'a':*B", "\u202e"]
    + ["👨‍👩‍👧‍👦", "–", "#", "@", "'; DROP TABLE feed_post; --", "مرحبا", "a:b:c", "\\' OR 1=1", "\ud83d"],
)
def test_no_query_breaks_the_page(seen_by, say, alice, kind, query):
    say(alice, "a & b ' c")
    answer = seen_by(alice).get("/search", {"q": query.encode("utf-8", "surrogatepass"), "kind": kind})
    assert answer.status_code == 200


def test_the_page_shows_each_kind(seen_by, say, alice, bob):
    say(bob, "rain on the roof #weather")
    actions.create_group(bob, "Rain watchers")
    browser = seen_by(alice)
    assert "rain on the roof" in browser.get("/search?q=rain").content.decode()
    assert "Rain watchers" in browser.get("/search?q=rain&kind=groups").content.decode()
    assert "@bob" in browser.get("/search?q=bo&kind=people").content.decode()
    assert "weather" in browser.get("/search?q=weath&kind=topics").content.decode()
    assert browser.get("/search?q=rain&cursor=x").status_code == 400
