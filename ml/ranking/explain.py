"""Why a post stands where it stands: the reason chosen at ranking, its sentence, and the terms in words. No query.

A reason is stored with the impression, so it holds all that its sentence needs and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from django.utils.translation import get_language, gettext as _, ngettext

from feed.backends import Bar
from ml.ranking.candidate import Candidates, Query
from ml.ranking.selectors import EXPLORED, NEW_VOICE

ALIKE = 0.35  # cosine from which a post is said to resemble one that was liked
WORDS = 3
SNIPPET = 42
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
    """(source, reason) of each of the selected: how its place was filled, else its strongest term that has a reason."""
    likeness, liked = _liked_neighbours(query, selected)
    terms = {
        kind: np.sum([selected.columns.get(f"term:{name}", np.zeros(len(selected))) for name in names], axis=0)
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
            neighbour = int(liked[row]) if likeness[row] >= ALIKE else None
            answers.append(_strongest(query, selected, row, strengths, neighbour))
    return answers


def _liked_neighbours(query: Query, selected: Candidates) -> tuple[Any, Any]:
    """The cosine of each selected post to the nearest post the viewer liked, and which one; zeros without any."""
    vectors = selected.columns.get("vector")
    if vectors is None or not len(query.acted_vectors) or vectors.shape[1] != query.acted_vectors.shape[1]:
        return np.zeros(len(selected)), np.zeros(len(selected), dtype=np.int64)
    cosines = vectors @ query.acted_vectors.T
    cosines[selected.ids[:, None] == np.array(query.acted_ids, dtype=np.int64)] = 0  # no post is its own reason
    return cosines.max(axis=1), np.array(query.acted_ids, dtype=np.int64)[cosines.argmax(axis=1)]


def _strongest(
    query: Query, selected: Candidates, row: int, strengths: Mapping[str, float], neighbour: int | None
) -> tuple[str, Reason]:
    for kind in sorted(strengths, key=lambda kind: -strengths[kind]):
        if strengths[kind] <= 0:
            break
        if (reason := _MADE[kind](query, selected, row, neighbour)) is not None:
            return _source_of(kind), reason
    if selected.found("rising")[row]:
        return "rising", {"kind": "rising", "language": str(selected["language"][row])}
    return _first_source(selected, row), {"kind": "loved"}


def _source_of(kind: str) -> str:
    return {"interest": "interests", "follow": "follows", "friend": "liked by followed"}.get(kind, f"{kind}s")


def _first_source(selected: Candidates, row: int) -> str:
    return next((source for source, mask in selected.found_by.items() if mask[row]), "")


def _by_interest(query: Query, selected: Candidates, row: int, neighbour: int | None) -> Reason | None:
    if neighbour is not None:
        act = query.act_on[neighbour]
        return {"kind": "like", "post": str(neighbour), "text": _beginning(act.text), "name": act.author_name}
    at = int(selected["interest_at"][row])
    words = list(query.interests.words[at][:WORDS]) if 0 <= at < len(query.interests.words) else []
    if not words:
        return None
    return {"kind": "asked" if query.interests.chosen[at] else "interest", "words": words}


def _beginning(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SNIPPET else text[: SNIPPET - 1].rstrip() + "…"


def _by_follow(query: Query, selected: Candidates, row: int, neighbour: int | None) -> Reason | None:
    author = int(selected["author"][row])
    kind = "follow" if author in query.followed else "bond"
    return {"kind": kind, "person": author, "name": str(selected["author_name"][row])}


def _by_friend(query: Query, selected: Candidates, row: int, neighbour: int | None) -> Reason | None:
    others = int(selected["friends"][row]) - 1
    return {"kind": "friend", "name": str(selected["friend_name"][row]), "others": others}


def _by_topic(query: Query, selected: Candidates, row: int, neighbour: int | None) -> Reason | None:
    topic = next((topic for topic in selected["topics"][row] if topic in query.topics), None)
    return None if topic is None else {"kind": "topic", "topic": topic, **query.topics[topic]}


def _by_group(query: Query, selected: Candidates, row: int, neighbour: int | None) -> Reason | None:
    return {"kind": "group", "name": query.groups.get(int(selected["group"][row]), "")}


_MADE: dict[str, Callable[[Query, Candidates, int, int | None], Reason | None]] = {
    "interest": _by_interest,
    "follow": _by_follow,
    "friend": _by_friend,
    "topic": _by_topic,
    "group": _by_group,
}


def sentence(reason: Mapping[str, Any]) -> str:
    """One plain sentence in the active language. A reason that is not known any more still gets an honest one."""
    say = _SENTENCES.get(str(reason.get("kind", "")))
    try:
        return say(reason) if say else _unknown(reason)
    except (KeyError, TypeError, ValueError):
        return _unknown(reason)


def _unknown(reason: Mapping[str, Any]) -> str:
    return _("Chosen for you")


def _friend(reason: Mapping[str, Any]) -> str:
    others = int(reason.get("others", 0))
    if others <= 0:
        return _("%(name)s, whom you follow, liked this") % {"name": reason["name"]}
    return ngettext(
        "%(name)s and %(others)d other person you follow liked this",
        "%(name)s and %(others)d other people you follow liked this",
        others,
    ) % {"name": reason["name"], "others": others}


def _topic(reason: Mapping[str, Any]) -> str:
    title = reason.get("zh") if (get_language() or "en").startswith("zh") else reason.get("en")
    return _("You follow %(topic)s") % {"topic": title or f"#{reason['tag']}"}


def _rising(reason: Mapping[str, Any]) -> str:
    language = str(reason.get("language", ""))
    if language == "zh":
        return _("Rising in Chinese")
    return _("Rising in English") if language == "en" else _("Rising now")


def _like(reason: Mapping[str, Any]) -> str:
    if not reason["text"]:
        return _("Because you liked a post by %(name)s") % {"name": reason["name"]}
    return _("Because you liked “%(text)s” by %(name)s") % {"text": reason["text"], "name": reason["name"]}


def _words(reason: Mapping[str, Any]) -> str:
    return str(_(", ")).join(reason["words"])


_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "like": _like,
    "interest": lambda r: _("You seem to like posts about %(words)s") % {"words": _words(r)},
    "asked": lambda r: _("You asked for posts about %(words)s") % {"words": _words(r)},
    "follow": lambda r: _("You follow %(name)s") % {"name": r["name"]},
    "bond": lambda r: _("You often respond to %(name)s") % {"name": r["name"]},
    "friend": _friend,
    "topic": _topic,
    "group": lambda r: _("From your group %(name)s") % {"name": r["name"]},
    "rising": _rising,
    "loved": lambda r: _("Many people here liked this"),
    "explore": lambda r: _("Something different, to keep your view wide"),
    "new-voice": lambda r: _("A new voice"),
}


def bars(terms: Mapping[str, float]) -> Sequence[Bar]:
    """The terms of a score in words, the strongest first; each value is its share of all that spoke for or against."""
    total = sum(abs(value) for value in terms.values())
    if total == 0:
        return []
    words = _words_of_terms()
    found = [
        Bar(name, words.get(name, (name, ""))[0], round(value / total, 4), words.get(name, (name, ""))[1])
        for name, value in terms.items()
        if abs(value) / total >= 0.005
    ]
    return sorted(found, key=lambda bar: -abs(bar.value))


def _words_of_terms() -> dict[str, tuple[str, str]]:
    """Label and meaning of every term of the recipe, in the active language."""
    return {
        "interest": (_("Your interests"), _("How near its meaning is to what you like")),
        "liked_like": (_("Posts you liked"), _("How near its meaning is to particular posts you liked")),
        "topic_taste": (_("Subjects you care for"), _("How much more than others you like what it is about")),
        "topic_interest": (_("Topics you like"), _("It carries a topic that you often like")),
        "refusal": (_("What you said no to"), _("How near it is to posts you did not want")),
        "follows_author": (_("You follow the author"), _("Posts of people you follow count more")),
        "affinity": (_("Your bond with the author"), _("How often you liked or answered them lately")),
        "friends": (_("People you follow"), _("People you follow liked or reposted it")),
        "topic_followed": (_("Topics you follow"), _("It carries a topic that you follow")),
        "group_joined": (_("Your groups"), _("It was written in a group of yours")),
        "freshness": (_("Freshness"), _("Newer posts count more")),
        "quality": (_("Response of others"), _("Likes and answers, compared with what is usual at its age")),
        "language": (_("Language"), _("It is in a language you read")),
        "answer": (_("An answer"), _("Answers count less than posts that stand alone")),
        "shown": (_("Shown before"), _("You have seen it and passed on")),
        "acted": (_("Known to you"), _("You liked or answered it some time ago")),
        "fewer": (_("Fewer of these"), _("You asked to see fewer like this")),
    }
