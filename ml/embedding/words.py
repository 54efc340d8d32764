"""The words that name a group of posts, in each language; knows texts, and no vector."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from time import monotonic

import regex

from feed import text as texts
from feed.models import Post
from feed.models.post import Visibility
from ml.conf import WORDS_OF_INTEREST

NEWEST = 2000  # public posts that say which words are common here
KEPT_SECONDS = 600
MANY = 20  # posts of an interest from which a word must stand in three of them
_HAN = regex.compile(r"\p{Han}+")
_LATIN = regex.compile(r"[\p{Latin}][\p{Latin}\p{M}'’-]{2,29}")
_LINK = re.compile(r"https?://\S+|www\.\S+")
_NAMING = ("n", "nz", "ns", "nt", "vn", "eng")  # parts of speech that can name: nouns
_NO_NOUN = ("ly", "ed", "est")
_STOP = frozenset(Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8").split())


def words_in(text: str) -> list[str]:
    """The words of a text that could name it, in small letters. Chinese is cut with rjieba (the jieba dictionary)."""
    text = texts.MENTION.sub(" ", _LINK.sub(" ", text))
    found = [word.lower().replace("’", "'").removesuffix("'s").strip("'-") for word in _LATIN.findall(text)]
    for run in _HAN.findall(text):
        found += [word for word, kind in _segmenter().tag(run) if len(word) > 1 and kind in _NAMING]
    return [word for word in found if word not in _STOP and (len(word) > 2 or not word.isascii())]


@lru_cache(maxsize=1)
def _segmenter():  # type: ignore[no-untyped-def]
    import rjieba  # its dictionary takes 40 MB: only where words are cut

    return rjieba


def typical_words(posts: Sequence[tuple[str, float, int]], most: int = WORDS_OF_INTEREST) -> list[str]:
    """The most typical words of (text, weight, author) posts, best first; none where no word recurs.

    Class-based TF-IDF (Grootendorst 2022, equation 2), counted by posts instead of by tokens: weight of the posts that
    have the word · log(1 + N / n), with n of the site's N newest public posts having it. A word must recur: in two
    posts, three where they are many, and by two authors where there are several. What looks like an adverb or a past
    tense counts half.
    """
    common, total = site_words()
    weight: defaultdict[str, float] = defaultdict(float)
    having: Counter[str] = Counter()
    by: defaultdict[str, set[int]] = defaultdict(set)
    for text, worth, author in posts:
        for word in set(words_in(text)):
            weight[word] += worth
            having[word] += 1
            by[word].add(author)
    least = 3 if len(posts) >= MANY else 2
    voices = min(2, len({author for _text, _worth, author in posts}))
    scores = {
        word: worth * math.log1p(total / max(common[word], 1)) * (0.5 if word.endswith(_NO_NOUN) else 1.0)
        for word, worth in weight.items()
        if having[word] >= least and len(by[word]) >= voices and common[word] <= total
    }
    best = sorted(scores, key=lambda word: (-scores[word], word))
    return _without_repeats(best)[:most]


def _without_repeats(words: Sequence[str]) -> list[str]:
    """Leaves out a word that only lengthens or shortens one before it: plurals, a name inside a name."""
    kept: list[str] = []
    for word in words:
        if not any(word in other or other in word for other in kept):
            kept.append(word)
    return kept


def site_words() -> tuple[Counter[str], int]:
    """Word -> in how many of the newest public posts it stands, and how many those are. Kept for ten minutes.

    Names and handles of their authors get more than all, for a person's name names no interest.
    """
    return _site_words(int(monotonic() // KEPT_SECONDS))


@lru_cache(maxsize=1)
def _site_words(_period: int) -> tuple[Counter[str], int]:
    newest = Post.objects.alive().filter(visibility=Visibility.PUBLIC).order_by("-pk")[:NEWEST]
    rows = newest.values_list("text", "author__username", "author__profile__display_name")
    common = Counter(word for text, _handle, _name in rows for word in set(words_in(text)))
    for _text, handle, name in rows:
        common.update(dict.fromkeys(words_in(f"{handle.replace('_', ' ')} {name}"), len(rows) + 1))
    return common, max(len(rows), 1)


def forget() -> None:
    _site_words.cache_clear()
