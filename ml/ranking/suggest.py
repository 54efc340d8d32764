"""Whom to follow, which topics, which groups: evidence from plain SQL and from interests, weighed; the strongest is the
reason. Ids and numbers only; names and words are in `suggest_words.py`.

Without the consent `behaviour` only what a person said on purpose counts: whom and what they follow, where they are in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Any, Final

from django.utils import timezone

from feed.backends import Suggested
from ml.embedding.nearest import nearest_to_each
from ml.ranking import suggest_sql as sql
from ml.ranking.candidate import Query
from ml.ranking.sql import rows
from ml.ranking.viewer import LearnedInterests, Relations

# Evidence -> (weight, so many of it count as half): weight × (1 − 2^(−much / half)). Set by hand, not measured.
PEOPLE: Final = {
    "follows-you": (1.2, 0.2),
    "friends": (1.5, 2.0),
    "their-posts": (1.6, 3.0),
    "alike": (0.9, 2.0),
    "interest": (0.8, 3.0),
    "writes": (0.7, 3.0),
    "group": (0.3, 1.0),
    "popular": (0.2, 10.0),
}
TOPICS: Final = {
    "liked": (1.4, 0.15),
    "friends-write": (0.9, 2.0),
    "your-group": (0.6, 1.0),
    "popular": (0.2, 10.0),
}
GROUPS: Final = {
    "members": (1.2, 2.0),
    "liked-posts": (1.3, 2.0),
    "topic-followed": (0.9, 0.5),
    "topic-liked": (0.8, 0.15),
    "popular": (0.2, 10.0),
}
OTHER_LANGUAGE = 0.4  # of the score remains where they share no language
NEAR_POSTS = 40  # nearest to each interest, whose authors are looked at
INTERESTS = 6


@dataclass(frozen=True)
class Evidence:
    """That something speaks for `id`: what, how much, and by whom or what (an id, else 0)."""

    id: int
    kind: str
    much: float
    via: int = 0
    words: tuple[str, ...] = field(default=())


def people(viewer: Any, limit: int) -> list[Suggested]:
    """People the viewer does not follow, each with the strongest reason, best first; at most `limit`."""
    query = _asked(viewer)
    refused = query.blocked | query.muted_people | {viewer.pk} | _said_fewer_of(query)
    found = [*_evidence(sql.PEOPLE, query, refused), *_writers_near(query)]
    facts = {"ids": sorted({one.id for one in found}), "viewer": viewer.pk, "languages": sorted(query.languages)}
    allowed = {row[0]: bool(row[1]) for row in rows(sql.MAY_BE_SUGGESTED, facts)} if facts["ids"] else {}
    refused |= query.followed
    factors = {who: 1.0 if reads else OTHER_LANGUAGE for who, reads in allowed.items() if who not in refused}
    return _best(PEOPLE, found, factors, limit)


def topics(viewer: Any, limit: int) -> list[Suggested]:
    """Topics the viewer does not follow, likewise."""
    query = _asked(viewer)
    found = _evidence(sql.TOPICS, query, query.muted_topics | {said.topic_id for said in query.said if said.topic_id})
    return _best(TOPICS, found, {one.id: 1.0 for one in found}, limit)


def groups(viewer: Any, limit: int) -> list[Suggested]:
    """Groups the viewer is not in, likewise."""
    query = _asked(viewer)
    liked = _topics_of(query)
    found = []
    for one in _evidence(sql.GROUPS, query, query.blocked):
        if one.kind == "topic":
            kind = "topic-followed" if one.via in query.topics else "topic-liked"
            found.append(Evidence(one.id, kind, 1.0 if kind == "topic-followed" else liked.get(one.via, 0.0), one.via))
        else:
            found.append(one)
    return _best(GROUPS, found, {one.id: 1.0 for one in found}, limit)


def _asked(viewer: Any) -> Query:
    """What is known of the viewer, in two queries; nothing learned without their consent."""
    query = Query(viewer_id=viewer.pk, now=timezone.now())
    Relations()(query)
    LearnedInterests()(query)
    return query


def _evidence(statement: str, query: Query, refused: Collection[int]) -> list[Evidence]:
    """`refused` are people or topics, as the statement says; it leaves out itself what the viewer has or dismissed."""
    liked = _topics_of(query)
    facts = {
        "viewer": query.viewer_id,
        "learns": query.learns,
        "followed": sorted(query.followed),
        "refused": sorted(refused),
        "topics": sorted({*query.topics, *liked}),
        "liked": list(liked),
        "shares": list(liked.values()),
        "groups": sorted(query.groups),
        "oldest": query.oldest_id,
    }
    return [Evidence(row[0], row[1], float(row[2]), row[3] or 0) for row in rows(statement, facts)]


def _topics_of(query: Query) -> dict[int, float]:
    """Topics of the viewer's interests and their shares."""
    shares: dict[int, float] = defaultdict(float)
    for topic, strength in zip(query.interests.topics, query.interests.strengths.tolist(), strict=False):
        if topic is not None:
            shares[topic] += strength
    return dict(shares)


def _said_fewer_of(query: Query) -> set[int]:
    return {said.author_id for said in query.said if said.author_id and said.kind.startswith("fewer")}


def _writers_near(query: Query) -> Iterable[Evidence]:
    """Authors of the posts nearest to each interest: one point for each post, by the strength of the interest."""
    vectors = query.interests.vectors[:INTERESTS]
    near = nearest_to_each(vectors, NEAR_POSTS, model=query.model, newer_than=query.oldest_id, top_level=True)
    posts = [post_id for found in near for post_id, _cosine in found]
    if not posts:
        return
    authors = dict(rows(sql.AUTHORS, {"ids": sorted(set(posts))}))
    strongest = float(query.interests.strengths.max()) or 1.0
    for place, found in enumerate(near):
        share = float(query.interests.strengths[place]) / strongest
        topic, words = query.interests.topics[place], tuple(query.interests.words[place][:2])
        counted: dict[int, int] = defaultdict(int)
        for post_id, _cosine in found:
            if post_id in authors:
                counted[authors[post_id]] += 1
        for author, posts_near in counted.items():
            if posts_near >= 2:
                yield Evidence(author, "interest", share * posts_near, topic or 0, words)


def _best(
    weights: dict[str, tuple[float, float]], found: Sequence[Evidence], factors: dict[int, float], limit: int
) -> list[Suggested]:
    """Each kind of evidence counts once, its strongest piece; the sum ranks, the greatest part is the reason."""
    strongest: dict[tuple[int, str], Evidence] = {}
    for one in found:
        if one.id in factors and one.much > strongest.get((one.id, one.kind), Evidence(0, "", 0.0)).much:
            strongest[one.id, one.kind] = one
    parts: dict[int, list[tuple[float, Evidence]]] = defaultdict(list)
    for one in strongest.values():
        weight, half = weights[one.kind]
        parts[one.id].append((weight * (1 - exp(-0.6931 * one.much / half)), one))
    scores = {who: factors[who] * sum(part for part, _one in pieces) for who, pieces in parts.items()}
    order = sorted(scores, key=lambda who: (-scores[who], -who))[:limit]
    return [Suggested(who, _reason(max(parts[who], key=lambda part: part[0])[1])) for who in order]


def _reason(one: Evidence) -> dict[str, Any]:
    """What is kept of the evidence: its kind, and the id or number its words need."""
    reason: dict[str, Any] = {"kind": one.kind}
    if one.kind in ("friends", "friends-write", "members"):
        reason |= {"person": one.via, "others": round(one.much) - 1}
    elif one.kind in ("their-posts", "liked-posts"):
        reason["posts"] = round(one.much)
    elif one.kind in ("group", "your-group"):
        reason["group"] = one.via
    elif one.kind in ("writes", "interest", "topic-followed", "topic-liked") and one.via:
        reason["topic"] = one.via
    elif one.kind == "interest" and len(one.words) == 2:
        reason["words"] = list(one.words)
    return reason
