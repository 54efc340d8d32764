"""People, topics and groups somebody may want, each with why. What is shown is checked anew, however old the answer.

Answers of the suggester are kept for minutes a person; what the person follows, joins, mutes, blocks or says no to
makes them forgotten (`feed/receivers.py`), and whatever should not be there is left out when the rows are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db.models import Exists, OuterRef
from django.utils.translation import get_language
from prometheus_client import Counter

from accounts.models import Block, Follow, Mute, User
from feed.backends import suggester
from feed.models import Dismissal, Group, Membership, MutedTopic, Topic, TopicFollow

KINDS: Final = ("people", "topics", "groups")
MOST = 24  # of each kind
KEPT_SECONDS = 300
BESIDE_SECONDS = 60
SHOWN = Counter("courtyard_suggestions_shown_total", "Suggestions shown", ["kind"])
ACCEPTED = Counter("courtyard_suggestions_accepted_total", "Suggestions followed or joined while up", ["kind"])
DISMISSED = Counter("courtyard_suggestions_dismissed_total", "Suggestions said no to", ["kind"])


def suggestions(viewer: Any, kind: str, most: int = MOST) -> list[Any]:
    """Rows of `kind`, best first, each with `why`. Two cache reads at most and one query while the answer is kept."""
    whys = dict(_answer(viewer, kind))
    rows = {row.pk: row for row in _READ[kind](viewer, list(whys))} if whys else {}
    found = [rows[pk] for pk in whys if pk in rows][:most]
    for row in found:
        row.why = whys[row.pk]
    SHOWN.labels(kind).inc(len(found))
    return found


def beside(viewer: Any, most: int = 3) -> list[Any]:
    """People for the column beside a timeline: rows kept for a minute, so that most pages ask the database nothing."""
    key = _key(viewer.pk, "beside", get_language() or settings.LANGUAGE_CODE)
    found: list[Any] | None = cache.get(key)
    if found is None:
        found = suggestions(viewer, "people", most)
        cache.set(key, found, BESIDE_SECONDS)
    else:
        SHOWN.labels("people").inc(len(found))
    return found


def with_why(viewer: Any, kind: str, row: Any) -> Any:
    """The row with why it is suggested; "" when it is not any more."""
    row.why = dict(_answer(viewer, kind)).get(row.pk, "")
    return row


def forget(viewer_id: int | None) -> None:
    """Ask anew the next time."""
    kinds = (*KINDS, "beside")
    cache.delete_many([_key(viewer_id, kind, code) for kind in kinds for code, _name in settings.LANGUAGES])


def accepted(viewer_id: int, kind: str, pk: int) -> None:
    """Count it if what was followed or joined stood among what was suggested lately."""
    kept = cache.get_many([_key(viewer_id, kind, code) for code, _name in settings.LANGUAGES])
    if any(pk == suggested for answer in kept.values() for suggested, _why in answer):
        ACCEPTED.labels(kind).inc()


def _key(viewer_id: int | None, kind: str, language: str) -> str:
    return f"suggested:{kind}:{viewer_id or 0}:{language}"


def _answer(viewer: Any, kind: str) -> Sequence[tuple[int, str]]:
    """(id, why) from the suggester, in the active language."""
    key = _key(viewer.pk, kind, get_language() or settings.LANGUAGE_CODE)
    kept: Sequence[tuple[int, str]] | None = cache.get(key)
    if kept is None:
        found = getattr(suggester(), kind)(viewer, MOST)
        words = suggester().say_why(viewer, kind, [one.reason for one in found])
        kept = [(one.id, why) for one, why in zip(found, words, strict=True)]
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
