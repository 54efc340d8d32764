"""Numbers of MIND impressions: what is popular is counted before a page, never on it or after it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import mind_numbers
from benchmarks.mind_data import FIRST_DAY, Impression, unit

HOUR = 3600.0
SAME, ALIKE, OTHER = 0, 1, 2


def page(hour: float, posts: list[int], clicked: list[int]) -> Impression:
    labels = np.array([int(post in clicked) for post in posts])
    return Impression(FIRST_DAY + hour * HOUR, f"p{hour}", [SAME, ALIKE], np.array(posts), labels)


PAGES = [
    page(0, [SAME, OTHER], [SAME]),
    page(1, [SAME, ALIKE, OTHER], [OTHER]),
    page(1, [SAME], []),
    page(90, [SAME], []),
]


def test_rates_know_only_what_was_before_and_forget() -> None:
    first, second, third, late = mind_numbers.rates(PAGES, PAGES, 3, hours=1.0)
    assert first.tolist() == [0, 0], "nothing is known yet"
    assert second[0] > 0 > second[2], (
        "the first was clicked, the other passed; what happens on this very page is not in it"
    )
    assert second[1] == pytest.approx(0), "never shown"
    assert third[0] == second[0], "pages of one moment do not know of each other"
    assert abs(late[0]) < abs(second[0]), "four days later it is nearly forgotten"


def test_posts_of_like_meaning_speak_for_each_other_and_never_for_themselves() -> None:
    vectors = unit(np.array([[1.0, 0.0], [0.99, 0.14], [-1.0, 0.2]]))
    second = mind_numbers.alike(PAGES, PAGES, vectors, hours=1e6)[1]
    assert second[1] > 0.05, "what is like the clicked one"
    assert second[0] == pytest.approx(0, abs=1e-3), "its own click does not count, and nothing else is near it"


def test_words_and_titles_are_near_what_was_read() -> None:
    texts = ["番茄苗移栽", "番茄苗浇水", "足球比赛结果"] * 2
    near = mind_numbers.letters(PAGES, texts)
    assert near[1][ALIKE] > near[1][OTHER]
    cosine = mind_numbers.cosine_to_mean(PAGES, unit(np.array([[1.0, 0.1], [0.9, 0.2], [-1.0, 0.2]])))
    assert cosine[0][0] > 0 > cosine[0][1]
