"""Which reason a place has: chosen when ranking, from the strongest terms. Ids only, no name, no text, no query.

A reason is stored with the impression. Names and beginnings of posts are looked up when it is read (`explain`), so what
is deleted or closed later shows in no reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ml.ranking.candidate import Candidates, Query
from ml.ranking.home import PLAIN
from ml.ranking.selectors import EXPLORED, NEW_VOICE

NEAR = 0.5  # cosine from which the liked post says more than the topic
ALIKE = 0.35  # cosine from which a post is said to resemble one that was liked
ABOUT = 0.5  # p(topic | post) from which a reason may name the topic
MATCHED = 0.25  # cosine to an interest, weighed, from which its words may be named
WORDS = 2  # so many, neither more nor less: one word says nothing, a list reads as noise
CO_ENGAGED = "co-engaged"  # the name of that source
Reason = dict[str, Any]

# Which term speaks for which reason, in the order asked when they are equally strong.
_TERMS = {
    "interest": ("interest", "liked_like", "topic_interest", "topic_taste"),
    "follow": ("follows_author", "affinity"),
    "friend": ("friends",),
    "topic": ("topic_followed",),
    "group": ("group_joined",),
}


def reasons(query: Query, selected: Candidates) -> list[tuple[str, Reason]]:
    """(source, reason) of each of the selected: how its place was filled, else its strongest term that has a reason.

    The source is one that found the post, whatever the reason speaks of.
    """
    likeness, liked = _liked_neighbours(query, selected)
    evidence = _evidence(selected)
    terms = {
        kind: np.sum([evidence.get(name, np.zeros(len(selected))) for name in names], axis=0)
        for kind, names in _TERMS.items()
    }
    kinds = selected.columns.get("place_kind", np.zeros(len(selected), dtype=np.int64))
    answers: list[tuple[str, Reason]] = []
    for row in range(len(selected)):
        if kinds[row] == EXPLORED:
            chance = float(selected["propensity"][row])
            answers.append(("exploration", {"kind": "explore", "propensity": round(chance, 5)}))
        elif kinds[row] == NEW_VOICE:
            answers.append(("new voices", {"kind": "new-voice"}))
        else:
            strengths = {kind: float(term[row]) for kind, term in terms.items()}
            neighbour = (int(liked[row]), float(likeness[row]))
            answers.append(_strongest(query, selected, row, strengths, neighbour))
    return answers


def _evidence(selected: Candidates) -> Mapping[str, Any]:
    """What speaks for each post, by the names of the recipe. A learned model says how much, not what it saw: there the
    recipe reads the same rows."""
    if any(name.startswith("term:head:") for name in selected.columns):
        return PLAIN.of_rows(selected["row"])
    return {name[5:]: column for name, column in selected.columns.items() if name.startswith("term:")}


def _liked_neighbours(query: Query, selected: Candidates) -> tuple[Any, Any]:
    """The cosine of each selected post to the nearest post the viewer liked, and which one; zeros without any."""
    vectors = selected.columns.get("vector")
    if vectors is None or not len(query.acted_vectors) or vectors.shape[1] != query.acted_vectors.shape[1]:
        return np.zeros(len(selected)), np.zeros(len(selected), dtype=np.int64)
    cosines = vectors @ query.acted_vectors.T
    cosines[selected.ids[:, None] == np.array(query.acted_ids, dtype=np.int64)] = 0  # no post is its own reason
    return cosines.max(axis=1), np.array(query.acted_ids, dtype=np.int64)[cosines.argmax(axis=1)]


def _strongest(
    query: Query, selected: Candidates, row: int, strengths: Mapping[str, float], neighbour: tuple[int, float]
) -> tuple[str, Reason]:
    for kind in sorted(strengths, key=lambda kind: -strengths[kind]):
        if strengths[kind] <= 0:
            break
        if kind == "interest" and _found_by_others_alone(selected, row):
            break
        if (reason := _MADE[kind](query, selected, row, neighbour)) is not None:
            return _source_of(kind, selected, row), reason
    if (via := selected.via.get(CO_ENGAGED, {}).get(int(selected.ids[row]))) is not None:
        return CO_ENGAGED, {"kind": "coengaged", "post": str(via)}
    if selected.found("rising")[row]:
        return "rising", {"kind": "rising", "language": str(selected["language"][row])}
    return _first_source(selected, row), {"kind": "loved"}


def _found_by_others_alone(selected: Candidates, row: int) -> bool:
    """Whether it is here only because of what others did: then no likeness to an interest is why it was found."""
    return [source for source, mask in selected.found_by.items() if mask[row]] == [CO_ENGAGED]


def _source_of(kind: str, selected: Candidates, row: int) -> str:
    """The source that the reason speaks of where it found the post, else the first that did."""
    named = {"interest": "interests", "follow": "follows", "friend": "liked by followed"}.get(kind, f"{kind}s")
    return named if selected.found(named)[row] else _first_source(selected, row)


def _first_source(selected: Candidates, row: int) -> str:
    return next((source for source, mask in selected.found_by.items() if mask[row]), "")


def _by_interest(query: Query, selected: Candidates, row: int, neighbour: tuple[int, float]) -> Reason | None:
    """The liked post it is very near to, else the topic, else the liked post it resembles, else two words.

    What comes behind is kept too, for when the liked post is gone by the time this is read.
    """
    liked, likeness = neighbour
    at = int(selected["interest_at"][row]) if selected["interest"][row] >= MATCHED else -1
    words = list(query.interests.words[at][:WORDS]) if 0 <= at < len(query.interests.words) else []
    topic = _interest_topic(query, selected, row)
    asked = topic in _asked(query) if topic is not None else at >= 0 and bool(query.interests.chosen[at])
    behind: Reason = {}
    if topic is not None:
        behind["topic"] = topic
    elif len(words) == WORDS:
        behind["words"] = words
    if likeness >= (NEAR if topic is not None else ALIKE):
        return {"kind": "like", "post": str(liked), **behind}
    return {"kind": "asked" if asked else "interest", **behind} if behind else None


def _interest_topic(query: Query, selected: Candidates, row: int) -> int | None:
    """The topic of an interest that the post carries, else the one it is most probably about; None when unsure."""
    strengths: dict[int, float] = {}
    for topic, strength in zip(query.interests.topics, query.interests.strengths.tolist(), strict=False):
        if topic is not None:
            strengths[topic] = strengths.get(topic, 0.0) + strength
    if carried := [topic for topic in selected["topics"][row] if topic in strengths]:
        return int(max(carried, key=lambda topic: strengths[topic]))
    if "about" not in selected.columns:
        return None
    sure = {
        topic: float(selected["about"][row][query.topic_places[topic]])
        for topic in strengths
        if topic in query.topic_places
    }
    best = max(sure, key=lambda topic: sure[topic], default=None)
    return best if best is not None and sure[best] >= ABOUT else None


def _asked(query: Query) -> set[int | None]:
    """Topics that are an interest only because they were asked for."""
    known = list(zip(query.interests.topics, query.interests.chosen, strict=False))
    return {topic for topic, chosen in known if chosen} - {topic for topic, chosen in known if not chosen}


def _by_follow(query: Query, selected: Candidates, row: int, neighbour: tuple[int, float]) -> Reason | None:
    author = int(selected["author"][row])
    return {"kind": "follow" if author in query.followed else "bond", "person": author}


def _by_friend(query: Query, selected: Candidates, row: int, neighbour: tuple[int, float]) -> Reason | None:
    return {"kind": "friend", "person": int(selected["friend"][row]), "others": int(selected["friends"][row]) - 1}


def _by_topic(query: Query, selected: Candidates, row: int, neighbour: tuple[int, float]) -> Reason | None:
    topic = next((topic for topic in selected["topics"][row] if topic in query.topics), None)
    return None if topic is None else {"kind": "topic", "topic": topic}


def _by_group(query: Query, selected: Candidates, row: int, neighbour: tuple[int, float]) -> Reason | None:
    return {"kind": "group", "group": int(selected["group"][row])}


_MADE: dict[str, Callable[[Query, Candidates, int, tuple[int, float]], Reason | None]] = {
    "interest": _by_interest,
    "follow": _by_follow,
    "friend": _by_friend,
    "topic": _by_topic,
    "group": _by_group,
}
