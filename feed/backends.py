"""The door upward: what the feed asks of whoever learns, as Protocols, with honest plain answers for when nobody does.

`settings.FEED_BACKENDS` names who answers. Whatever fails behind this door is logged and answered plainly here, so that
a page never breaks because of a model.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Protocol
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ranked:
    """One place of a slate: the post, and everything needed to say later why it was there."""

    post_id: int
    source: str
    reason: dict[str, Any] = field(default_factory=dict)
    score: float = 0.0
    terms: dict[str, float] = field(default_factory=dict)
    features: dict[str, float] = field(default_factory=dict)
    seen_before: bool = False  # comes back because nothing new is left; such posts stand last
    shadow_score: float | None = None  # what a candidate model would have said
    found_by: Sequence[str] = ()  # every source that found it; `source` is the one that is named


@dataclass(frozen=True)
class Slate:
    """An ordered answer to "what should this person read now"."""

    items: Sequence[Ranked]
    model_version: str
    request_id: UUID = field(default_factory=uuid4)
    bucket: str = ""  # the arm of a running experiment
    shadow_version: str = ""  # the candidate model that scored beside the one that served
    scored_at: datetime = field(default_factory=timezone.now)  # later pages of it are shown later


@dataclass(frozen=True)
class Bar:
    """One term of a score, in words: `value` is its share of the score, between -1 and 1; `amount` says it in figures,
    such as "12 % × 0.5"."""

    name: str
    label: str
    value: float
    meaning: str = ""
    amount: str = ""


@dataclass(frozen=True)
class Why:
    """The answer to "why this post": a sentence first, then the terms, the acts that counted most, and the source."""

    sentence: str
    bars: Sequence[Bar] = ()
    model_version: str = ""
    acts: Sequence[str] = ()  # sentences, the weightiest first
    source: str = ""


@dataclass(frozen=True)
class Suggested:
    """A person, topic or group somebody may want, and why: ids and numbers only, no names."""

    id: int
    reason: dict[str, Any] = field(default_factory=dict)


class Ranker(Protocol):
    def rank(self, viewer: Any, *, limit: int, exclude: Collection[int] = ()) -> Slate:
        """Posts for the viewer's home, best first. Visibility is not decided here: the caller applies `visible_to`."""
        ...

    def outside(self, viewer: Any, *, limit: int, exclude: Collection[int] = ()) -> Slate:
        """Well-liked posts far from what the viewer usually reads, best first; the caller applies `visible_to`."""
        ...

    def say_why(self, viewer: Any, reasons: Sequence[tuple[dict[str, Any], str]]) -> Sequence[str]:
        """One plain sentence each, in the active language, for the (reason, source) logged with impressions."""
        ...

    def explain(self, impression: Any) -> Why:
        """The whole panel for one logged impression."""
        ...


class Assistant(Protocol):
    def suggest(self, viewer: Any, post_id: int, draft: str) -> Sequence[str]:
        """Replies one might give, best first; empty to stay silent."""
        ...


class Understanding(Protocol):
    def language(self, text: str) -> str:
        """The language a text is written in, as a BCP 47 tag such as "en" or "zh"; empty when it cannot be told."""
        ...

    def find_posts(self, query: str, limit: int) -> Sequence[int]:
        """Ids of posts near the query in meaning, nearest first; empty where meaning cannot be compared."""
        ...


class Suggester(Protocol):
    """Best first, at least `limit` where there are as many. Whom the viewer follows, muted, blocked or said no to, who
    blocked them or was suspended, is left out by the caller as well."""

    def people(self, viewer: Any, limit: int) -> Sequence[Suggested]: ...

    def topics(self, viewer: Any, limit: int) -> Sequence[Suggested]: ...

    def groups(self, viewer: Any, limit: int) -> Sequence[Suggested]: ...

    def say_why(self, viewer: Any, kind: str, reasons: Sequence[dict[str, Any]]) -> Sequence[str]:
        """One plain phrase each, in the active language; `kind` is "people", "topics" or "groups"."""
        ...


class NewestFirst:
    """The plain ranker: it has no opinion, so the caller shows the newest posts."""

    def rank(self, viewer: Any, *, limit: int, exclude: Collection[int] = ()) -> Slate:
        return Slate(items=(), model_version="newest-first")

    def outside(self, viewer: Any, *, limit: int, exclude: Collection[int] = ()) -> Slate:
        return Slate(items=(), model_version="newest-first")

    def say_why(self, viewer: Any, reasons: Sequence[tuple[dict[str, Any], str]]) -> Sequence[str]:
        return [_("Newest first")] * len(reasons)

    def explain(self, impression: Any) -> Why:
        return Why(sentence=_("Your home is newest first; nothing was ranked."), model_version="newest-first")


class SilentAssistant:
    def suggest(self, viewer: Any, post_id: int, draft: str) -> Sequence[str]:
        return ()


class NoUnderstanding:
    """Tells Chinese from the rest by its characters, and finds nothing by meaning."""

    def language(self, text: str) -> str:
        return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else ""

    def find_posts(self, query: str, limit: int) -> Sequence[int]:
        return ()


class _Guarded:
    """Asks the chosen backend; when it fails, logs it and gives the plain answer instead."""

    def __init__(self, chosen: Any, plain: Any) -> None:
        self._chosen, self._plain = chosen, plain

    def __getattr__(self, question: str) -> Any:
        asked, fallback = getattr(self._chosen, question), getattr(self._plain, question)

        def answer(*args: Any, **kwargs: Any) -> Any:
            try:
                return asked(*args, **kwargs)
            except Exception:
                log.exception("backend_failed", question=question, backend=type(self._chosen).__name__)
                return fallback(*args, **kwargs)

        return answer


@cache
def _door(name: str, plain: type) -> Any:
    return _Guarded(import_string(settings.FEED_BACKENDS[name])(), plain())


def ranker() -> Ranker:
    return _door("ranker", NewestFirst)  # type: ignore[no-any-return]


def assistant() -> Assistant:
    return _door("assistant", SilentAssistant)  # type: ignore[no-any-return]


def understanding() -> Understanding:
    return _door("understanding", NoUnderstanding)  # type: ignore[no-any-return]


def suggester() -> Suggester:
    from feed.popular import PopularFirst

    return _door("suggester", PopularFirst)  # type: ignore[no-any-return]


def forget() -> None:
    """Choose anew: for tests that change `settings.FEED_BACKENDS`."""
    _door.cache_clear()
