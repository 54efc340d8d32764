"""The recipe of the home feed: every stage in its order and every weight, on one page."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

from ml.ranking import filters, hydrators, likeness, sources, viewer
from ml.ranking.candidate import Candidates, Query
from ml.ranking.pipeline import Pipeline
from ml.ranking.scorers import HandSet, ScoreBy
from ml.ranking.selectors import EXPLORED, NEW_VOICE, Places, SeenLast

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
    "acted_factor": 0.8,  # of the score remains when one liked or answered it longer than a week ago
    "shown_factor": 0.6,  # of the score remains each time it was shown in vain
}

PLAIN_SOURCES: Final = (
    sources.FOLLOWS,
    sources.TOPICS,
    sources.LIKED_TOPICS,
    sources.GROUPS,
    sources.LIKED_BY_FOLLOWED,
    sources.REPOSTS,
    sources.RISING,
    sources.BELOVED,
    sources.EXPLORATION,
    sources.NEW_VOICES,
)

SERVED = Counter("courtyard_ranking_served_total", "Posts placed, by how their place was filled", ["kind"])


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
        scorers=[ScoreBy(HandSet(RECIPE))],
        filters_on_ranked=[
            filters.ONE_A_THREAD,
            filters.OTHER_TEXT,
            filters.OTHER_MEANING,
        ],
        selector=SeenLast(Places(), filters.SHOWN_AT_MOST),
        side_effects=[CountPlaces()],
    )
