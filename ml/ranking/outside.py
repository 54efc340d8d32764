"""The recipe of "Step outside": what others liked well, far from what the viewer usually reads. Knows no page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np

from feed.backends import Slate
from ml.ranking import filters, hydrators, likeness, serve, sources, viewer
from ml.ranking.candidate import Bools, Candidates, Floats, Query
from ml.ranking.features import quality
from ml.ranking.filters import NEVER_DAYS, Rule
from ml.ranking.home import RECIPE
from ml.ranking.pipeline import Pipeline
from ml.ranking.scorers import HandSet, ScoreBy
from ml.ranking.selectors import Places

SURFACE: Final = "outside"  # also the name of the source, and of the reason
FAR = 0.3  # cosine to an interest, and to what was liked, from which a post is near
WELL = 0.2  # log of the response over the usual (`features.quality`) from which a post is well liked

WEIGHTS: Final[dict[str, float]] = {
    **dict.fromkeys(RECIPE, 0.0),
    "interest": -1.0,  # the farther the better
    "liked_like": -1.0,
    "topic_taste": -1.0,
    "refusal": RECIPE["refusal"],  # far, but not what was refused
    "refusal_floor": RECIPE["refusal_floor"],
    "quality": 1.5,
    "freshness": 0.5,
    "language": 0.3,
    "shown_factor": 1.0,
}


class Outside:
    """The hand-set terms with weights of their own."""

    by: Final = HandSet(WEIGHTS)
    version = by.version.replace("home-", "outside-")

    def terms(self, query: Query, candidates: Candidates, rows: Floats) -> Mapping[str, Floats]:
        return self.by.of_rows(rows)


def far(query: Query, candidates: Candidates) -> Bools:
    """Neither near an interest or a liked post in meaning, nor of a topic one often likes or follows."""
    followed = np.array([not query.topics.keys().isdisjoint(topics) for topics in candidates["topics"]], dtype=np.bool_)
    near = (candidates["interest"] >= FAR) | (candidates["liked_like"] >= FAR)
    liked = (candidates["topic_interest"] > 0) | (candidates["topic_taste"] > 0)
    return np.asarray(~near & ~liked & ~followed)


def from_elsewhere(query: Query, candidates: Candidates) -> Bools:
    """Nobody one follows, no group one is in."""
    groups = np.isin(candidates["group"], np.array(sorted(query.groups), dtype=np.int64))
    followed = np.isin(candidates["author"], np.array(sorted(query.followed), dtype=np.int64))
    return np.asarray(~followed & ~groups)


def well_liked(query: Query, candidates: Candidates) -> Bools:
    return np.asarray(quality(query, candidates) >= WELL)


def never_shown(query: Query, candidates: Candidates) -> Bools:
    return np.asarray(candidates["shown_times"] == 0)


def never_acted(query: Query, candidates: Candidates) -> Bools:
    return np.asarray(candidates["acted_days_ago"] >= NEVER_DAYS)


WELL_LIKED = replace(sources.BELOVED, name="well liked", cap=400, needs="")


@cache
def outside() -> Pipeline:
    """The pipeline behind "Step outside"."""
    return Pipeline(
        name=SURFACE,
        query_hydrators=[
            viewer.Relations(),
            viewer.Acts(),
            viewer.Impressions(),
            viewer.LearnedInterests(),
            viewer.TopicCentres(),
        ],
        sources=[sources.Together([WELL_LIKED])],
        hydrators=[
            hydrators.PostFacts(),
            hydrators.Age(),
            hydrators.Vectors(),
            likeness.InterestMatch(),
            likeness.Subjects(),
            likeness.TopicTaste(),
            hydrators.SocialProof(),
            hydrators.Affinity(),
            hydrators.ActedBefore(),
            hydrators.ShownBefore(),
            hydrators.FeedbackInForce(),
        ],
        filters=[
            filters.READABLE,
            filters.NOT_OWN,
            filters.NOT_BLOCKED,
            filters.NOT_MUTED,
            filters.NO_MUTED_WORDS,
            filters.NO_MUTED_TOPICS,
            filters.RECOMMENDABLE,
            filters.NOT_REFUSED,
            filters.NOT_FEWER,
            filters.YOUNG,
            filters.LANGUAGE,
            Rule("well liked", "no better received than is usual", well_liked),
            Rule("near", "near to what the viewer usually reads", far),
            Rule("from elsewhere", "by somebody followed, or in a group of the viewer", from_elsewhere),
            Rule("acted on ever", "the viewer liked, answered, kept or reposted it", never_acted),
            Rule("seen", "shown to the viewer in the last seven days", never_shown),
        ],
        scorers=[ScoreBy(Outside())],
        filters_on_ranked=[filters.ONE_A_THREAD, filters.OTHER_TEXT, filters.OTHER_MEANING],
        selector=Places(explore="", new_voices="", new_voice_place=0),
    )


def step_outside(person: Any, *, limit: int, exclude: Collection[int] = ()) -> Slate:
    """Well-liked posts far from the person's interests, best first; of somebody unknown, what is well liked."""
    query = serve.query_for(person, limit=limit, exclude=exclude)
    slate, _selected, _trace = serve.traced(query, outside())
    known = not query.cold or bool(query.topics) or bool(len(query.acted_vectors))
    reason = {"kind": SURFACE} if known else {"kind": "loved"}
    return replace(slate, items=[replace(item, source=SURFACE, reason=reason) for item in slate.items])
