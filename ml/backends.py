"""How ml answers the questions of `feed/backends.py`."""

from collections.abc import Collection, Sequence
from typing import Any

from feed.backends import NewestFirst, Slate, Suggested, Why
from feed.popular import PopularFirst
from ml.conf import SEARCH_FLOOR
from ml.embedding.encoder import get_encoder
from ml.embedding.nearest import nearest_posts
from ml.models import ModelVersion
from ml.ranking import attribution, explain, outside, serve, suggest, suggest_words, weights
from ml.ranking.learned import scale_by
from ml.registry import serving_encoder
from ml.understanding.language import language_of


class HomeRanker:
    """Ranks the home page by `ranking/home.py`, for those who did not switch ranking off."""

    def rank(self, viewer: Any, *, limit: int, exclude: Collection[int] = ()) -> Slate:
        consent = getattr(viewer, "consent", None)  # nobody's, for somebody who did not sign in
        if consent is None or not consent.personalised:
            return NewestFirst().rank(viewer, limit=limit, exclude=exclude)
        return serve.rank(viewer, limit=limit, exclude=exclude)

    def outside(self, viewer: Any, *, limit: int, exclude: Collection[int] = ()) -> Slate:
        consent = getattr(viewer, "consent", None)
        if consent is None or not consent.personalised:
            return NewestFirst().outside(viewer, limit=limit, exclude=exclude)
        return outside.step_outside(viewer, limit=limit, exclude=exclude)

    def say_why(self, viewer: Any, reasons: Sequence[tuple[dict[str, Any], str]]) -> Sequence[str]:
        return explain.sentences(viewer, [reason for reason, _source in reasons])

    def explain(self, impression: Any) -> Why:
        """From what was logged with the impression: what the ranker saw then, in the names of now."""
        return Why(
            sentence=explain.sentences(impression.person, [impression.reason])[0],
            bars=explain.bars(impression.terms, _amounts(impression)),
            model_version=impression.model_version,
            acts=explain.acts(impression.person, attribution.of_impression(impression)),
            source=explain.source(impression.source),
        )


class Suggester:
    """People, topics and groups by `ranking/suggest.py`; for visitors, what is popular."""

    def people(self, viewer: Any, limit: int) -> Sequence[Suggested]:
        return suggest.people(viewer, limit) if viewer.pk else PopularFirst().people(viewer, limit)

    def topics(self, viewer: Any, limit: int) -> Sequence[Suggested]:
        return suggest.topics(viewer, limit) if viewer.pk else PopularFirst().topics(viewer, limit)

    def groups(self, viewer: Any, limit: int) -> Sequence[Suggested]:
        return suggest.groups(viewer, limit) if viewer.pk else PopularFirst().groups(viewer, limit)

    def say_why(self, viewer: Any, kind: str, reasons: Sequence[dict[str, Any]]) -> Sequence[str]:
        return suggest_words.phrases(viewer, reasons)


def _amounts(impression: Any) -> dict[str, str]:
    """Chances and weights of a learned score, by the card of the version and the weights of that moment."""
    if not any(name.startswith("head:") for name in impression.terms):
        return {}
    card = ModelVersion.objects.filter(name=impression.model_version).values_list("card", flat=True).first() or {}
    table = weights.at(impression.scored_at)
    return explain.amounts_of(impression.terms, scale_by(card, table), table)


class Understanding:
    """Language by `understanding/language.py`; nearness in meaning by the vectors of the serving encoder."""

    def language(self, text: str) -> str:
        return language_of(text)

    def find_posts(self, query: str, limit: int) -> Sequence[int]:
        """The query is embedded here, in the web process; what is not near enough is no answer."""
        model = serving_encoder()
        if not model or not query.strip():
            return ()
        found = nearest_posts(get_encoder(model).encode([query])[0], limit, model=model)
        return [post_id for post_id, cosine in found if cosine >= SEARCH_FLOOR]
