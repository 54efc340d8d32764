"""The recipe of the home feed: every stage in its order and every weight, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import structlog
from prometheus_client import Counter

from ml.ranking import arms, filters, hydrators, likeness, sources, viewer
from ml.ranking.candidate import Candidates, Column, Query
from ml.ranking.learned import load
from ml.ranking.pipeline import Pipeline
from ml.ranking.scorers import FALLBACKS, SHOWN_FACTOR, HandSet, Model, ScoreBy, Unfit
from ml.ranking.selectors import EXPLORED, NEW_VOICE, KnownLast, Places
from ml.registry import serving_ranker, shadow_ranker

# What one unit of each number is worth. Found by trial on the demo town; a learned model replaces it.
RECIPE: Final[dict[str, float]] = {
    "interest": 3.0,  # × cosine to the nearest interest
    "liked_like": 1.5,  # × cosine to the nearest liked posts
    "topic_taste": 3.0,  # × how much more than others one cares for its topic, −0.3 to 1
    "topic_interest": 0.7,  # × relative strength of the interest in a topic it carries
    "refusal": -3.0,  # × cosine to what was refused, above the floor
    "refusal_floor": 0.25,
    "follows_author": 0.4,
    "affinity": 0.5,  # × bond to the author, 0 to 1
    "friends": 0.5,  # × (1 − exp(−people followed who liked it / 2))
    "topic_followed": 0.6,
    "group_joined": 0.4,
    "freshness": 0.5,  # × 0.5^(age / half-life)
    "quality": 0.25,  # × log of acts over the usual
    "language": 0.3,
    "answer": -0.4,
    "shown_factor": SHOWN_FACTOR,  # of the score remains each time it was shown in vain
}

PLAIN_SOURCES: Final = (
    sources.FOLLOWS,
    sources.TOPICS,
    sources.LIKED_TOPICS,
    sources.GROUPS,
    sources.LIKED_BY_FOLLOWED,
    sources.REPOSTS,
    sources.CO_ENGAGED,
    sources.RISING,
    sources.BELOVED,
    sources.EXPLORATION,
    sources.NEW_VOICES,
)

SERVED = Counter("courtyard_ranking_served_total", "Posts placed, by how their place was filled", ["kind"])


PLAIN: Final = HandSet(RECIPE)
log = structlog.get_logger(__name__)


def model_for(query: Query) -> Model:
    """Who scores this request: what the person's arm of the experiment says, else the serving ranker, else the recipe.

    Raises `Unfit` for a version that cannot be loaded.
    """
    arm = arms.arm_of(query.viewer_id)
    query.bucket = arm.name if arm else ""
    version = serving_ranker() if arm is None or arm.serves == arms.SERVING else arm.serves
    return PLAIN if version in ("", arms.RECIPE, arms.FOLLOWING) else load(version)


class ShadowScore:
    """What a candidate version would have said, as column "shadow_score": logged, and never part of the score."""

    name = "shadow"
    model_version = ""

    def __call__(self, query: Query, candidates: Candidates) -> Mapping[str, Column]:
        version = shadow_ranker()
        if not version or version == query.scored_by:
            return {}
        try:
            terms = load(version).terms(query, candidates, candidates["row"])
        except Unfit as error:
            FALLBACKS.labels("shadow").inc()
            log.warning("shadow_unfit", version=version, why=str(error))
            return {}
        query.shadow = version
        return {"shadow_score": np.sum(list(terms.values()), axis=0)}


class CountPlaces:
    """How many places were ranked, explored, and given to new voices."""

    name = "count places"

    def __call__(self, query: Query, selected: Candidates) -> None:
        kinds = selected["place_kind"]
        for kind, name in ((EXPLORED, "explored"), (NEW_VOICE, "new voice")):
            SERVED.labels(name).inc(int((kinds == kind).sum()))
        SERVED.labels("ranked").inc(int((kinds == 0).sum()))


def home() -> Pipeline:
    """The pipeline behind "For you"."""
    return Pipeline(
        name="home",
        query_hydrators=[
            viewer.Relations(),
            viewer.Acts(),
            viewer.Impressions(),
            viewer.LearnedInterests(),
            viewer.TopicCentres(),
        ],
        sources=[
            sources.Together(PLAIN_SOURCES),
            sources.NearInterests(each=40, interests=8),
        ],
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
            filters.NOT_ACTED,
            filters.NOT_REFUSED,
            filters.NOT_FEWER,
            filters.YOUNG,
            filters.LANGUAGE,
            filters.MERITED,
            filters.NOT_SEEN,  # last: it counts what is left
        ],
        scorers=[ScoreBy(PLAIN, model_for), ShadowScore()],
        filters_on_ranked=[
            filters.ONE_A_THREAD,
            filters.OTHER_TEXT,
            filters.OTHER_MEANING,
        ],
        selector=KnownLast(Places(), filters.known),
        side_effects=[CountPlaces()],
    )
