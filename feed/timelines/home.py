"""The ranked home: asks the ranker, shows what the viewer may read, and remembers what was shown and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core import signing
from django.core.cache import cache
from django.db.models import BigIntegerField, F, Func, IntegerField, Value
from django.utils import timezone

from feed import backends
from feed.backends import Ranked, Slate
from feed.models import Impression, Post
from feed.timelines.page import BadCursor, Page, attach_reasons, cards
from feed.timelines.places import newest, rising

SLATE = 200  # places asked for at once: ten pages
OUTSIDE_SLATE = 60
FOR_YOU, OUTSIDE = "for-you", "outside"  # the surfaces that are logged
KEPT_SECONDS = 60 * 60
_signer = signing.Signer(salt="feed.home")
_RANKED = tuple(field.name for field in fields(Ranked))


def home_ranked(viewer: Any, cursor: str | None = None) -> Page:
    """The viewer's own page, best first; newest first where nothing is ranked or they switched ranking off.

    The slate is kept for the following pages. When the cache lost it, or it is used up, the ranker is asked again
    without what this request has already shown. Raises `BadCursor`.
    """
    if not viewer.consent.personalised or (cursor or "").isdigit():
        return newest(viewer, cursor)
    if cursor:
        return _following_page(viewer, *_read_cursor(cursor, viewer))
    slate = backends.ranker().rank(viewer, limit=SLATE)
    if not slate.items:
        return newest(viewer, None)
    full = len(slate.items) >= SLATE
    _keep(slate, full)
    page = _page(viewer, slate, 0, full)
    return page if page.posts else newest(viewer, None)


def _following_page(viewer: Any, request_id: UUID, offset: int) -> Page:
    slate, full = _kept(request_id, viewer)
    if slate is not None:
        page = _page(viewer, slate, offset, full)
        if page.posts or not full:
            return page
    # The cache lost the slate, or all of it was shown (or may not be read any more): ask for another.
    slate, full, offset = _rank_again(viewer, request_id, offset)
    return _page(viewer, slate, offset, full)


def outside(viewer: Any, cursor: str | None = None) -> Page:
    """Well-liked posts far from what the viewer usually reads; what rises, where their page is not ranked or nobody
    can tell. Raises `BadCursor`."""
    if not viewer.consent.personalised:
        return Page() if cursor else rising(viewer)
    ask = backends.ranker().outside
    if cursor:
        request_id, offset = _read_cursor(cursor, viewer, OUTSIDE)
        slate, full = _kept(request_id, viewer)
        if slate is None:
            slate, full, offset = _rank_again(viewer, request_id, offset, ask)
        return _page(viewer, slate, offset, full, OUTSIDE)
    slate = ask(viewer, limit=OUTSIDE_SLATE)
    _keep(slate, full=False)
    return _page(viewer, slate, 0, full=False, surface=OUTSIDE)


def _page(viewer: Any, slate: Slate, offset: int, full: bool, surface: str = FOR_YOU) -> Page:
    """The next posts of the slate that the viewer may read, with an impression each; `visible_to` has the last word."""
    size = settings.PAGE_SIZE
    places = {item.post_id: place for place, item in enumerate(slate.items)}
    left = [item.post_id for item in slate.items[offset:]]
    if not left:
        return Page(request_id=slate.request_id)
    # Nearly always the next few suffice; only where many of them may not be read are all the others looked at.
    posts = _readable(viewer, left[: 2 * size], size + 1)
    if len(posts) <= size < len(left) - size:
        posts = _readable(viewer, left, size + 1)
    kept = posts[:size]
    attach_reasons(kept, record(viewer, slate, kept, places, surface=surface), viewer)
    for post in kept:
        post.seen_before = slate.items[places[post.pk]].seen_before  # type: ignore[attr-defined]
    following = places[posts[size].pk] if len(posts) > size else len(slate.items)
    # A full slate that is used up is not the end of what there is: the next page asks for another.
    ended = len(posts) <= size and not (full and posts)
    cursor = None if ended else _cursor(slate.request_id, following, viewer, surface)
    return Page(kept, cursor, ended, slate.request_id)


def _readable(viewer: Any, ids: list[int], most: int) -> list[Post]:
    """The first `most` of `ids`, in their order, that the viewer may read and has not muted."""
    order = Func(Value(ids, ArrayField(BigIntegerField())), F("pk"), function="array_position")
    order.output_field = IntegerField()
    posts = Post.objects.visible_to(viewer).without_muted(viewer).filter(pk__in=ids)
    return cards(posts.order_by(order)[:most], viewer)


def record(
    viewer: Any,
    slate: Slate,
    posts: Sequence[Post],
    places: dict[int, int],
    at: datetime | None = None,
    surface: str = FOR_YOU,
) -> list[Impression]:
    """What was shown, where and why, in one insert; the same page loaded again changes only the moment (`at`: now)."""
    at, rows = at or timezone.now(), []
    for post in posts:
        item = slate.items[places[post.pk]]
        rows.append(
            Impression(
                person=viewer,
                post=post,
                request_id=slate.request_id,
                surface=surface,
                position=places[post.pk],
                source=item.source[:40],
                found_by=[name[:40] for name in item.found_by],
                reason=item.reason,
                features=item.features,
                terms=item.terms,
                score=item.score,
                model_version=slate.model_version[:120],
                bucket=slate.bucket[:20],
                shadow_version=slate.shadow_version[:120] if item.shadow_score is not None else "",
                shadow_score=item.shadow_score,
                scored_at=min(slate.scored_at, at),
                shown_at=at,
            )
        )
    return Impression.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["request_id", "post"], update_fields=["shown_at"]
    )


def _rank_again(
    viewer: Any, request_id: UUID, offset: int, ask: Callable[..., Slate] | None = None
) -> tuple[Slate, bool, int]:
    """What this request has shown, in that order, and then what the ranker says now; and where `offset` is in it."""
    rows = Impression.objects.filter(person=viewer, request_id=request_id).order_by("pk")
    shown = list(rows.values_list("post_id", "position"))
    before = [Ranked(post_id, "") for post_id, _position in shown]
    ask = ask or backends.ranker().rank
    fresh = ask(viewer, limit=SLATE, exclude={post_id for post_id, _position in shown})
    slate = replace(fresh, items=(*before, *fresh.items), request_id=request_id)
    full = len(fresh.items) >= SLATE
    _keep(slate, full)
    return slate, full, sum(position < offset for _post_id, position in shown)


def _keep(slate: Slate, full: bool) -> None:
    rows = [tuple(getattr(item, name) for name in _RANKED) for item in slate.items]
    about = (slate.model_version, slate.bucket, slate.shadow_version, slate.scored_at)
    cache.set(f"ranked:{slate.request_id.hex}", (about, rows, full), KEPT_SECONDS)


def _kept(request_id: UUID, viewer: Any) -> tuple[Slate | None, bool]:
    """The slate of a request and whether there may be more behind it; None where the cache lost it, or the viewer
    steered since it was begun."""
    key, dropped = f"ranked:{request_id.hex}", f"slates-until:{viewer.pk}"
    found = cache.get_many([key, dropped])
    if key not in found:
        return None, False
    (version, bucket, shadow, scored_at), rows, full = found[key]
    if scored_at.timestamp() <= found.get(dropped, 0.0):
        return None, False
    return Slate(tuple(Ranked(*row) for row in rows), version, request_id, bucket, shadow, scored_at), full


def drop_slates(person_id: int) -> None:
    """What was kept for this person's following pages counts no more: the next page is ranked anew."""
    cache.set(f"slates-until:{person_id}", timezone.now().timestamp(), KEPT_SECONDS)


def _cursor(request_id: UUID, offset: int, viewer: Any, surface: str = FOR_YOU) -> str:
    return _signer.sign(f"{request_id.hex}.{offset}.{viewer.pk}.{surface}")


def _read_cursor(cursor: str, viewer: Any, surface: str = FOR_YOU) -> tuple[UUID, int]:
    try:
        request_id, offset, person, where = _signer.unsign(cursor).split(".")
        if int(person) != viewer.pk or where != surface:
            raise BadCursor(cursor)
        return UUID(request_id), int(offset)
    except (signing.BadSignature, ValueError) as error:
        raise BadCursor(cursor) from error
