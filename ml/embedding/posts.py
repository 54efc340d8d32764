"""Posts to vectors: which ones still need one, and giving it to them. Knows the text of a post, not who reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256

import numpy as np
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from feed.models import Post
from ml import registry
from ml.conf import EMBED_BATCH
from ml.embedding.encoder import Encoder, get_encoder
from ml.embedding.nearest import ensure_index
from ml.models import ModelVersion, PostVector


def text_of(post: Post) -> str:
    """What is embedded: content warning, text, and the descriptions of the pictures, a line each."""
    alts = [attachment.alt for attachment in post.attachments.all()]
    return "\n".join(part for part in (post.content_warning, post.text, *alts) if part)


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def embed_posts(ids: Iterable[int], models: Sequence[str] | None = None) -> int:
    """Give posts their vectors, of the serving encoder and of those being prepared. Returns how many were computed.

    May run twice and at the same time: an unchanged text is not embedded again, and a vector is replaced in one
    statement. Deleted posts are left out. Raises `EncoderUnavailable` when no encoder is prepared.
    """
    prepare()
    ids, done = list(ids), 0
    for model in registry.encoders_to_fill() if models is None else models:
        for chunk in _chunks(ids, EMBED_BATCH):
            done += _embed_chunk(chunk, model)
    return done


def prepare(encoder: Encoder | None = None) -> None:
    """Have an encoder, the configured one, among those that are filled, with its index. A new name begins to fill."""
    encoder = encoder or get_encoder()
    if not ModelVersion.objects.filter(name=encoder.name).exclude(state=ModelVersion.State.RETIRED).exists():
        card = {key: value for key, value in encoder.about.items() if key not in ("mean", "language_axis")}
        registry.begin_filling(encoder.name, card)
        ensure_index(encoder.name, encoder.dimensions)


def _chunks(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _embed_chunk(ids: Sequence[int], model: str) -> int:
    read_at = timezone.now()
    posts = Post.objects.alive().filter(pk__in=ids).prefetch_related("attachments")
    texts = {post.pk: text_of(post) for post in posts}
    known = dict(PostVector.objects.filter(post__in=texts, model=model).values_list("post_id", "digest"))
    changed = {pk: text for pk, text in texts.items() if known.get(pk) != digest_of(text)}
    # Edited, yet the text is the same: it was looked at now.
    PostVector.objects.filter(post__in=texts.keys() - changed.keys(), model=model).update(created_at=read_at)
    if changed:
        vectors = get_encoder(model).encode(list(changed.values()))
        _store(changed, vectors, model, read_at)
    return len(changed)


def _store(texts: dict[int, str], vectors: Sequence | np.ndarray, model: str, read_at: datetime) -> None:
    """`created_at` is when the text was read: an edit that came after that leaves the post `pending`."""
    alive = set(Post.objects.alive().filter(pk__in=texts).values_list("pk", flat=True))
    PostVector.objects.bulk_create(
        [
            PostVector(post_id=pk, model=model, vector=vector, digest=digest_of(text), created_at=read_at)
            for (pk, text), vector in zip(texts.items(), vectors, strict=True)
            if pk in alive
        ],
        update_conflicts=True,
        unique_fields=["post", "model"],
        update_fields=["vector", "digest", "created_at"],
    )


def pending(limit: int | None = None, model: str | None = None) -> list[int]:
    """Ids of living posts without a vector of the serving encoder or of one being prepared, newest first;
    a post edited after its vector was made counts as without."""
    wanted = registry.encoders_to_fill() if model is None else [model]
    lacking = Q(pk__in=[])
    for name in wanted:
        fresh = PostVector.objects.filter(post=OuterRef("pk"), model=name)
        fresh = fresh.filter(Q(created_at__gte=OuterRef("edited_at")) | Q(post__edited_at=None))
        lacking |= Q(~Exists(fresh))
    found = Post.objects.alive().filter(lacking).order_by("-pk").values_list("pk", flat=True)
    return list(found[:limit] if limit is not None else found)


def forget(post_id: int) -> None:
    """A deleted post has no vector, so that nothing near can find it."""
    PostVector.objects.filter(post_id=post_id).delete()
