"""What is left out, and why. Each filter is one rule; the engine keeps what it removed beside what it kept.

Filters on the ranked get the candidates best first, and keep the best of posts that say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ml.ranking.candidate import Bools, Candidates, Query

SHOWN_AT_MOST = 3  # shown so often in the last seven days without an answer: enough (once and twice only damp)
A_PAGE = 20  # what one page needs
NEVER_DAYS = 999  # since somebody acted on what they never acted on
ACTED_AWAY_DAYS = 7.0  # what one liked or answered stays away for a week; later it may return, behind all that is new
STRONG_INTEREST = 0.6  # from here a post in another language may pass
MERIT = 2.0  # an answer is worth showing alone from this many times the usual acts
SAME_MEANING = 0.96  # cosine from which two posts say the same
COMPARED = 300  # only so many of the best are compared with each other


@dataclass(frozen=True)
class Rule:
    """A filter made of one function that says which to keep."""

    name: str
    reason: str
    keep: Callable[[Query, Candidates], Bools]

    def __call__(self, query: Query, candidates: Candidates) -> Bools:
        return self.keep(query, candidates)


def _among(candidates: Candidates, column: str, ids: frozenset[int]) -> Bools:
    return np.isin(candidates[column], np.fromiter(ids, dtype=np.int64, count=len(ids)))


def readable(query: Query, candidates: Candidates) -> Bools:
    return np.asarray(candidates["readable"])


def not_own(query: Query, candidates: Candidates) -> Bools:
    return np.asarray(candidates["author"] != query.viewer_id)


def not_blocked(query: Query, candidates: Candidates) -> Bools:
    return ~_among(candidates, "author", query.blocked)


def not_muted(query: Query, candidates: Candidates) -> Bools:
    return ~_among(candidates, "author", query.muted_people)


def without_muted_words(query: Query, candidates: Candidates) -> Bools:
    return np.asarray(~candidates["muted_words"])


def without_muted_topics(query: Query, candidates: Candidates) -> Bools:
    if not query.muted_topics:
        return np.ones(len(candidates), dtype=np.bool_)
    return np.array([query.muted_topics.isdisjoint(topics) for topics in candidates["topics"]], dtype=np.bool_)


def recommendable(query: Query, candidates: Candidates) -> Bools:
    return np.asarray(candidates["recommendable"] | _among(candidates, "author", query.followed))


def known(candidates: Candidates) -> Bools:
    """Which of them the viewer acted on before, or was shown often enough: they come after everything new."""
    acted = candidates["acted_days_ago"] < NEVER_DAYS
    return np.asarray(acted | (candidates["shown_times"] >= SHOWN_AT_MOST))


def not_acted(query: Query, candidates: Candidates) -> Bools:
    return np.asarray(candidates["acted_days_ago"] >= ACTED_AWAY_DAYS)


def not_refused(query: Query, candidates: Candidates) -> Bools:
    return ~candidates["refused"]


def not_fewer(query: Query, candidates: Candidates) -> Bools:
    return np.asarray(candidates["feedback"] > 0)


def not_seen_enough(query: Query, candidates: Candidates) -> Bools:
    """Where less than a page is left, what was shown before comes back to fill it, most rested first."""
    keep = np.asarray(candidates["shown_times"] < SHOWN_AT_MOST)
    seen = np.flatnonzero(~keep)
    rested = seen[np.lexsort((-candidates.ids[seen], -candidates["shown_hours_ago"][seen]))]
    keep[rested[: max(min(A_PAGE, query.limit) - int(keep.sum()), 0)]] = True
    return keep


def young_enough(query: Query, candidates: Candidates) -> Bools:
    return np.asarray(candidates["age_hours"] <= query.window_hours)


def language_read(query: Query, candidates: Candidates) -> Bools:
    if not query.languages:
        return np.ones(len(candidates), dtype=np.bool_)
    read = np.array([not tag or tag in query.languages for tag in candidates["language"]], dtype=np.bool_)
    wanted = _among(candidates, "author", query.followed)
    if not query.sliders.languages:  # who chose languages for this page meant just these
        wanted |= candidates["interest"] >= STRONG_INTEREST
    return np.asarray(read | wanted)


def answers_with_merit(query: Query, candidates: Candidates) -> Bools:
    acts = candidates["likes"] + 2 * candidates["answers"] + 2 * candidates["reposts"]
    return np.asarray(~candidates["answer"] | (acts >= MERIT * query.typical_acts))


def _first_of_each(values: np.ndarray) -> Bools:  # type: ignore[type-arg]
    keep = np.zeros(len(values), dtype=np.bool_)
    keep[np.unique(values, return_index=True)[1]] = True
    return keep


def one_a_thread(query: Query, candidates: Candidates) -> Bools:
    return _first_of_each(candidates["thread"])


def not_the_same_text(query: Query, candidates: Candidates) -> Bools:
    """Posts without a digest (pictures alone) are never taken for the same."""
    return np.asarray(_first_of_each(candidates["digest"].astype(str)) | (candidates["length"] == 0))


def not_the_same_meaning(query: Query, candidates: Candidates) -> Bools:
    """Drops a post nearly the same as a better one that is kept; only the best COMPARED are looked at."""
    keep = np.ones(len(candidates), dtype=np.bool_)
    vectors = candidates["vector"][:COMPARED]
    same = np.triu(vectors @ vectors.T > SAME_MEANING, k=1)
    for row in np.flatnonzero(same.any(axis=1)):
        if keep[row]:
            keep[: len(vectors)] &= ~same[row]
    return keep


READABLE = Rule("unreadable", "gone, hidden, or not for this person", readable)
NOT_OWN = Rule("own", "written by the viewer", not_own)
NOT_BLOCKED = Rule("blocked", "one blocked the other", not_blocked)
NOT_MUTED = Rule("muted person", "the viewer muted the author", not_muted)
NO_MUTED_WORDS = Rule("muted words", "holds a word the viewer muted", without_muted_words)
NO_MUTED_TOPICS = Rule("muted topic", "carries a topic the viewer muted", without_muted_topics)
RECOMMENDABLE = Rule("not recommendable", "the author keeps out of recommendations", recommendable)
NOT_ACTED = Rule("acted on", "the viewer liked, answered, kept or reposted it this week", not_acted)
NOT_REFUSED = Rule("not interested", "the viewer said: not this post", not_refused)
NOT_FEWER = Rule("see fewer", "the viewer asked for fewer, less than 14 days ago", not_fewer)
NOT_SEEN = Rule("seen enough", f"shown {SHOWN_AT_MOST} times in seven days", not_seen_enough)
YOUNG = Rule("too old", "written before the time the home page looks back over", young_enough)
LANGUAGE = Rule("other language", "in a language the viewer does not read", language_read)
MERITED = Rule("answer without merit", "an answer that few cared about", answers_with_merit)
ONE_A_THREAD = Rule("same thread", "a better post of the same thread stands", one_a_thread)
OTHER_TEXT = Rule("same text", "a better post has the same text", not_the_same_text)
OTHER_MEANING = Rule("same meaning", "a better post says nearly the same", not_the_same_meaning)
