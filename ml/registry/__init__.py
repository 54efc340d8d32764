"""Which models serve, how each came to, and back again. Knows names, folders and cards; no vector and no weight."""

from ml.registry import encoders, rankers
from ml.registry.encoders import begin_filling, configured_encoder, encoders_to_fill, promote_encoder, serving_encoder
from ml.registry.rankers import (
    RankerBroken,
    card_of,
    check_ranker,
    name_ranker,
    promote_ranker,
    purge_rankers,
    ranker_folder,
    refuse_ranker,
    register_ranker,
    rollback_ranker,
    serving_ranker,
    set_shadow,
    shadow_ranker,
)

__all__ = [
    "RankerBroken",
    "begin_filling",
    "card_of",
    "check_ranker",
    "configured_encoder",
    "encoders_to_fill",
    "forget",
    "name_ranker",
    "promote_encoder",
    "promote_ranker",
    "purge_rankers",
    "ranker_folder",
    "refuse_ranker",
    "register_ranker",
    "rollback_ranker",
    "serving_encoder",
    "serving_ranker",
    "set_shadow",
    "shadow_ranker",
]


def forget() -> None:
    """Ask the database again at the next question."""
    encoders.forget()
    rankers.forget()
