"""Which encoder serves: versions are filled beside the serving one and replace it when complete. Knows no vector."""

from __future__ import annotations

from time import monotonic
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from ml.embedding.encoder import EncoderUnavailable, get_encoder
from ml.models import ModelVersion

CACHED_SECONDS = 2.0
log = structlog.get_logger(__name__)
_serving: tuple[str, float] = ("", float("-inf"))


def serving_encoder() -> str:
    """The name of the encoder whose vectors answer questions now; empty when no encoder was ever prepared.

    Remembered for two seconds in each process: after a promotion the vectors of the old encoder still stand, so a
    process that learns of it late answers from them and is not wrong.
    """
    global _serving
    name, until = _serving
    if monotonic() > until:
        name = _chosen_encoder()
        _serving = (name, monotonic() + CACHED_SECONDS)
    return name


def _chosen_encoder() -> str:
    row = ModelVersion.objects.filter(kind=ModelVersion.Kind.ENCODER, state=ModelVersion.State.SERVING).first()
    return row.name if row else configured_encoder()


def configured_encoder() -> str:
    """The encoder that `EMBEDDER_MODEL` names, as it was prepared last; empty when it is not prepared."""
    try:
        return get_encoder().name
    except EncoderUnavailable:
        return ""


def encoders_to_fill() -> list[str]:
    """The encoders that every post and interest needs a vector of: the serving one, and those being prepared."""
    rows = ModelVersion.objects.filter(kind=ModelVersion.Kind.ENCODER)
    filling = rows.filter(state=ModelVersion.State.FILLING).order_by("pk").values_list("name", flat=True)
    return [name for name in dict.fromkeys([_chosen_encoder(), *filling]) if name]


def begin_filling(name: str, card: dict[str, Any]) -> ModelVersion:
    """Note that the encoder `name` is being prepared. The very first one serves at once."""
    row, _new = ModelVersion.objects.get_or_create(
        name=name, defaults={"kind": ModelVersion.Kind.ENCODER, "card": card, "state": ModelVersion.State.FILLING}
    )
    if row.state == ModelVersion.State.RETIRED:
        row.state = ModelVersion.State.FILLING
        row.save(update_fields=["state"])
    if not ModelVersion.objects.filter(kind=row.kind, state=ModelVersion.State.SERVING).exists():
        _serve(row)
    return row


def promote_encoder(name: str) -> None:
    """Let the encoder `name` serve from now on; the one before it retires, its vectors stay until they are purged.

    The caller has made sure that every post and interest has a vector of it (`embedding.posts.pending`).
    Raises `ModelVersion.DoesNotExist` for a name that was never begun.
    """
    with transaction.atomic():
        row = ModelVersion.objects.select_for_update().get(name=name, kind=ModelVersion.Kind.ENCODER)
        _serve(row)
    log.info("encoder_promoted", name=name)


@transaction.atomic
def _serve(row: ModelVersion) -> None:
    ModelVersion.objects.filter(kind=row.kind, state=ModelVersion.State.SERVING).exclude(pk=row.pk).update(
        state=ModelVersion.State.RETIRED
    )
    row.state, row.served_from = ModelVersion.State.SERVING, timezone.now()
    row.save(update_fields=["state", "served_from"])
    forget()


def forget() -> None:
    """Ask the database again at the next question."""
    global _serving
    _serving = ("", float("-inf"))
