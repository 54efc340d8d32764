"""People, topics and groups somebody may want, each with why. What is shown is checked anew, however old the answer.

Answers of the suggester are kept for minutes a person; what the person follows, joins, mutes, blocks or says no to
makes them forgotten (`feed/receivers.py`), and whatever should not be there is left out when the rows are read.
What is shown is stored once a day and person, with the answer (`SuggestionImpression`), as long as impressions are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import get_language
from prometheus_client import Counter

from accounts.models import Block, Follow, Mute, User
from feed.backends import suggester
from feed.models import Dismissal, Group, Membership, MutedTopic, SuggestionImpression, Topic, TopicFollow

KINDS: Final = ("people", "topics", "groups")
COLUMNS: Final = {"people": "who", "topics": "topic", "groups": "group"}  # of the tables that name what was suggested
AFTER: Final = timedelta(days=7)  # following or joining so long after it was suggested accepts it
MOST = 24  # of each kind
KEPT_SECONDS = 300
BESIDE_SECONDS = 60
SHOWN = Counter("courtyard_suggestions_shown_total", "Suggestions shown", ["kind"])
ACCEPTED = Counter("courtyard_suggestions_accepted_total", "Suggestions followed or joined while up", ["kind"])
DISMISSED = Counter("courtyard_suggestions_dismissed_total", "Suggestions said no to", ["kind"])
Answer = SuggestionImpression.Answer
log = structlog.get_logger(__name__)


def offered(viewer: Any, **most: int) -> dict[str, list[Any]]:
    """Suggestions for a page, so many of each kind at most (`people=3`); stored as shown, in one insert for all."""
    found = {kind: suggestions(viewer, kind, number) for kind, number in most.items()}
    for kind, rows in found.items():
        SHOWN.labels(kind).inc(len(rows))
    _record(viewer, found)
    return found


def _record(viewer: Any, found: dict[str, list[Any]]) -> None:
    now = timezone.now()
    shown = [
        SuggestionImpression(
            person=viewer, reason=row.because, day=timezone.localdate(now), shown_at=now, **{COLUMNS[kind]: row}
        )
        for kind, rows in found.items()
        for row in rows
        if viewer.pk is not None
    ]
    try:
        with transaction.atomic():
            SuggestionImpression.objects.bulk_create(shown, ignore_conflicts=True)
    except IntegrityError:  # somebody left between the two statements: the page stands, the record does not matter
        log.warning("suggestions_not_recorded", person=viewer.pk)


def suggestions(viewer: Any, kind: str, most: int = MOST) -> list[Any]:
    """Rows of `kind`, best first, each with `why` in words and `because`, the kind of the reason.

    Two cache reads at most and one query while the answer is kept.
    """
    whys = {pk: (why, because) for pk, why, because in _answer(viewer, kind)}
    rows = {row.pk: row for row in _READ[kind](viewer, list(whys))} if whys else {}
    found = [rows[pk] for pk in whys if pk in rows][:most]
    for row in found:
        row.why, row.because = whys[row.pk]
    return found


def beside(viewer: Any, most: int = 3) -> list[Any]:
    """People for the column beside a timeline: rows kept for a minute, so that most pages ask the database nothing."""
    key = _key(viewer.pk, "beside", get_language() or settings.LANGUAGE_CODE)
    found: list[Any] | None = cache.get(key)
    if found is None:
        found = offered(viewer, people=most)["people"]
        cache.set(key, found, BESIDE_SECONDS)
    else:
        SHOWN.labels("people").inc(len(found))
    return found


def with_why(viewer: Any, kind: str, row: Any) -> Any:
    """The row with why it is suggested; "" when it is not any more."""
    row.why = next((why for pk, why, _because in _answer(viewer, kind) if pk == row.pk), "")
    return row


def forget(viewer_id: int | None) -> None:
    """Ask anew the next time."""
    kinds = (*KINDS, "beside")
    cache.delete_many([_key(viewer_id, kind, code) for kind in kinds for code, _name in settings.LANGUAGES])


def accepted(viewer_id: int, kind: str, pk: int) -> None:
    """Store it, if what was followed or joined was shown as a suggestion in the last days."""
    if _answered(viewer_id, kind, pk, Answer.ACCEPTED):
        ACCEPTED.labels(kind).inc()


def dismissed(viewer_id: int, kind: str, pk: int) -> None:
    DISMISSED.labels(kind).inc()
    _answered(viewer_id, kind, pk, Answer.DISMISSED)


def _answered(viewer_id: int, kind: str, pk: int, answer: str) -> bool:
    """Mark the last time it was shown, with consent; whether there was one, and not marked so already."""
    about = SuggestionImpression.objects.filter(person=viewer_id, **{COLUMNS[kind]: pk})
    last = about.filter(person__consent__behaviour=True, shown_at__gt=timezone.now() - AFTER).order_by("-day")
    return bool(about.filter(pk__in=last.values("pk")[:1]).exclude(answer=answer).update(answer=answer))


def taken_back(viewer_id: int, kind: str, pk: int, answer: str) -> None:
    """An act that was undone is no answer."""
    about = SuggestionImpression.objects.filter(person=viewer_id, **{COLUMNS[kind]: pk})
    about.filter(answer=answer).update(answer="")


def _key(viewer_id: int | None, kind: str, language: str) -> str:
    return f"offered:{kind}:{viewer_id or 0}:{language}"


def _answer(viewer: Any, kind: str) -> Sequence[tuple[int, str, str]]:
    """(id, why in the active language, kind of the reason) from the suggester."""
    key = _key(viewer.pk, kind, get_language() or settings.LANGUAGE_CODE)
    kept: Sequence[tuple[int, str, str]] | None = cache.get(key)
    if kept is None:
        found = getattr(suggester(), kind)(viewer, MOST)
        words = suggester().say_why(viewer, kind, [one.reason for one in found])
        kept = [(one.id, why, str(one.reason.get("kind", ""))[:40]) for one, why in zip(found, words, strict=True)]
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _people(viewer: Any, ids: list[int]) -> Any:
    found = User.objects.visible_to(viewer).with_profiles().defer("password", "email")
    found = found.filter(pk__in=ids, profile__recommendable=True)
    if viewer.pk is None:
        return found
    return found.exclude(pk=viewer.pk).exclude(
        Exists(Follow.objects.filter(follower=viewer, followed=OuterRef("pk")))
        | Exists(Block.objects.filter(blocker=viewer, blocked=OuterRef("pk")))
        | Exists(Mute.objects.active().filter(muter=viewer, muted=OuterRef("pk")))
        | Exists(Dismissal.objects.filter(person=viewer, who=OuterRef("pk")))
    )


def _topics(viewer: Any, ids: list[int]) -> Any:
    found = Topic.objects.filter(pk__in=ids, alias_of=None)
    if viewer.pk is None:
        return found
    return found.exclude(
        Exists(TopicFollow.objects.filter(person=viewer, topic=OuterRef("pk")))
        | Exists(MutedTopic.objects.active().filter(person=viewer, topic=OuterRef("pk")))
        | Exists(Dismissal.objects.filter(person=viewer, topic=OuterRef("pk")))
    )


def _groups(viewer: Any, ids: list[int]) -> Any:
    found = Group.objects.visible_to(viewer).filter(pk__in=ids).select_related("topic")
    if viewer.pk is None:
        return found
    return found.exclude(
        Exists(Membership.objects.filter(person=viewer, group=OuterRef("pk")))
        | Exists(Block.objects.filter(blocker=viewer, blocked=OuterRef("owner")))
        | Exists(Block.objects.filter(blocker=OuterRef("owner"), blocked=viewer))
        | Exists(Dismissal.objects.filter(person=viewer, group=OuterRef("pk")))
    )


_READ: Final = {"people": _people, "topics": _topics, "groups": _groups}
