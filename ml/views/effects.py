"""My feedback and its effect: every no (and more) of the viewer, what it does right now, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import CharField, DateTimeField, F, QuerySet, Value
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import actions as people
from accounts.models import Block, Mute, MutedPhrase, User
from feed import actions
from feed.models import Dismissal, Feedback, MutedTopic, Post, Report
from feed.views.access import signed_in, verb
from feed.views.answers import back, rendered
from feed.views.requests import PersonRequest, by_htmx
from ml.ranking.effects import Fewer, fewer_now, recovery_curve, recovery_point, unranked
from ml.views.kept_away import kept_away

PER_PAGE = 20
Kind = Feedback.Kind
FEWER = (Kind.SEE_FEWER_AUTHOR, Kind.SEE_FEWER_TOPIC)
FILTERS: dict[str, tuple[str, ...]] = {
    "posts": (Kind.NOT_INTERESTED, Kind.HIDE, Kind.MORE),
    "people": (Kind.SEE_FEWER_AUTHOR, "mute"),
    "topics": (Kind.SEE_FEWER_TOPIC, "muted_topic"),
    "words": ("word",),
    "blocked": ("block",),
    "suggestions": ("dismissal",),
    "reports": ("report",),
}
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # words carry no date; they stand last


@dataclass
class Entry:
    """One no, as its person sees it."""

    kind: str  # of Feedback, or mute, muted_topic, word, block, dismissal, report
    pk: int
    at: datetime
    title: str = ""
    about: Any = None  # the post, person or topic, while it may be seen
    effects: list[str] = field(default_factory=list)
    fewer: Fewer | None = None
    spot: tuple[float, float] | None = None  # where today is on the curve
    feedback: Feedback | None = None
    final: bool = False  # cannot be taken back any more


@signed_in
@require_safe
def feedback(request: PersonRequest) -> HttpResponse:
    """`?kind=` one of `FILTERS`, `?page=`."""
    kind = request.GET.get("kind", "")
    kinds = FILTERS.get(kind, tuple(one for some in FILTERS.values() for one in some))
    stretch = Paginator(_all(request.user, kinds), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "stretch": stretch,
        "entries": dressed(request.user, stretch.object_list, timezone.now()),
        "kind": kind if kind in FILTERS else "",
        "filters": _filters(),
        "curve": recovery_curve(),
        "reasons": Feedback.Reason.choices,
        "unranked": unranked(request.user),
    }
    return render(request, "ml/feedback.html", context)


def _filters() -> list[tuple[str, str]]:
    return [
        ("", _("Everything")),
        ("posts", _("Posts")),
        ("people", _("People")),
        ("topics", _("Topics")),
        ("words", _("Words")),
        ("blocked", _("Blocked")),
        ("suggestions", _("Suggestions")),
        ("reports", _("Reports")),
    ]


def _all(person: User, kinds: Iterable[str]) -> QuerySet[Any]:
    """Rows (kind, pk, when) of the seven tables, newest first: one query a page, however many there are."""
    wanted = set(kinds)

    def of(rows: QuerySet[Any], kind: Any, at: Any) -> QuerySet[Any]:
        return rows.order_by().annotate(is_a=kind, said=at).values_list("is_a", "pk", "said")

    def named(name: str) -> Value:
        return Value(name, CharField())

    none = of(Feedback.objects.none(), F("kind"), F("created_at"))
    parts = [of(Feedback.objects.in_force().filter(person=person, kind__in=wanted), F("kind"), F("created_at"))]
    if "mute" in wanted:
        parts.append(of(Mute.objects.active().filter(muter=person), named("mute"), F("created_at")))
    if "muted_topic" in wanted:
        parts.append(of(MutedTopic.objects.active().filter(person=person), named("muted_topic"), F("created_at")))
    if "word" in wanted:
        ago = Value(_LONG_AGO, DateTimeField())
        parts.append(of(MutedPhrase.objects.active().filter(person=person), named("word"), ago))
    if "block" in wanted:
        parts.append(of(Block.objects.filter(blocker=person), named("block"), F("created_at")))
    if "dismissal" in wanted:
        parts.append(of(Dismissal.objects.filter(person=person), named("dismissal"), F("at")))
    if "report" in wanted:
        standing = Report.objects.filter(reporter=person).exclude(state=Report.State.WITHDRAWN)
        parts.append(of(standing, named("report"), F("created_at")))
    return none.union(*parts, all=True).order_by("-said", "-pk")


def dressed(viewer: User, rows: Iterable[tuple[str, int, datetime]], now: datetime) -> list[Entry]:
    """The same rows with what they are about and what they do at `now`, in a fixed number of queries."""
    entries = [Entry(kind, pk, at) for kind, pk, at in rows]
    ids: dict[str, list[int]] = {}
    for one in entries:
        ids.setdefault(_TABLE.get(one.kind, "feedback"), []).append(one.pk)
    found = {table: _FETCH[table](pks) for table, pks in ids.items()}
    about_posts = [*found.get("feedback", {}).values(), *found.get("report", {}).values()]
    posts = [row.post_id for row in about_posts if row.post_id]
    readable = Post.objects.visible_to(viewer).select_related("author__profile").in_bulk(posts) if posts else {}
    kept = [one for one in entries if one.pk in found[_TABLE.get(one.kind, "feedback")]]
    for one in kept:
        _dress(one, found[_TABLE.get(one.kind, "feedback")][one.pk], readable, now)
    if unranked(viewer):
        _without_ranking(kept)
    for one, sentence in kept_away(viewer, [(one, one.about or one.title) for one in kept if _stays_away(one)], now):
        one.effects.append(sentence)
    return kept


_TABLE = {name: name for name in ("mute", "muted_topic", "word", "block", "dismissal", "report")}
_FETCH: dict[str, Callable[[list[int]], dict[int, Any]]] = {
    "feedback": lambda pks: Feedback.objects.select_related("author__profile", "topic").in_bulk(pks),
    "mute": lambda pks: Mute.objects.select_related("muted__profile").in_bulk(pks),
    "muted_topic": lambda pks: MutedTopic.objects.select_related("topic").in_bulk(pks),
    "word": lambda pks: MutedPhrase.objects.in_bulk(pks),
    "block": lambda pks: Block.objects.select_related("blocked__profile").in_bulk(pks),
    "dismissal": lambda pks: Dismissal.objects.select_related("who__profile", "topic", "group").in_bulk(pks),
    "report": lambda pks: Report.objects.select_related("person__profile").in_bulk(pks),
}


def _stays_away(one: Entry) -> bool:
    return one.kind in ("mute", "muted_topic", "word") or (one.fewer is not None and one.fewer.phase == "away")


def _dress(one: Entry, row: Any, readable: dict[int, Post], now: datetime) -> None:
    if one.kind == "word":
        one.title, one.effects = row.phrase, [_until(row.until, _("Posts with these words stay out of your feeds"))]
    elif one.kind == "mute":
        one.about, one.effects = row.muted, [_until(row.until, _("Nothing by them in your feeds"))]
    elif one.kind == "muted_topic":
        one.about, one.effects = row.topic, [_until(row.until, _("Nothing about it in your feeds"))]
    elif one.kind == "block":
        one.about, one.effects = row.blocked, [_("Neither of you sees the other, for as long as you leave it so.")]
    elif one.kind == "dismissal":
        one.about, one.effects = row.who or row.topic or row.group, [_("Never suggested to you again.")]
    elif one.kind == "report":
        _dress_report(one, row, readable)
    else:
        one.feedback = row
        _dress_feedback(one, row, readable, now)


def _dress_report(one: Entry, row: Report, readable: dict[int, Post]) -> None:
    one.about = readable.get(row.post_id or 0) or row.person
    one.final = row.state != Report.State.OPEN
    became = {
        Report.State.OPEN: _("No moderator has decided yet; until then you can take it back."),
        Report.State.UPHELD: _("A moderator agreed with you."),
        Report.State.DISMISSED: _("A moderator found that it breaks no rule."),
    }[Report.State(row.state)]
    by_itself = _("By itself it keeps nothing away from you: to hide, mute or block does.")
    one.effects = [_("You said: %(reason)s.") % {"reason": row.get_reason_display()}, became, by_itself]


def _without_ranking(entries: Iterable[Entry]) -> None:
    """What only steers the ranking says that it has no effect now; what keeps posts out of every feed stands."""
    for one in entries:
        if one.kind == Kind.HIDE:
            one.effects = one.effects[:1]
        elif one.feedback is not None:
            one.fewer = one.spot = None
            one.effects = [_("Kept, but without effect on your home as long as it is not ranked.")]


def _dress_feedback(one: Entry, row: Feedback, readable: dict[int, Post], now: datetime) -> None:
    if row.kind in FEWER:
        one.about = row.author if row.kind == Kind.SEE_FEWER_AUTHOR else row.topic
        one.fewer = fewer_now(row.created_at, now)
        one.spot, one.effects = recovery_point(one.fewer.days), [_of_fewer(one.fewer)]
        return
    one.about = readable.get(row.post_id or 0)
    fading = _("While the site learns from what you do, posts close to it count less; half after each month.")
    one.effects = {
        Kind.NOT_INTERESTED: [_("This post stays off your home for good."), fading],
        Kind.HIDE: [_("This post is in none of your feeds."), fading],
        Kind.MORE: [_("While the site learns from what you do, this counts like two likes; half after each month.")],
    }.get(Kind(row.kind), [])


def _of_fewer(effect: Fewer) -> str:
    words = {"back": _day(effect.back_at), "full": _day(effect.full_at), "percent": effect.percent}
    if effect.phase == "away":
        return _("Removed from your home until %(back)s, then shown at a fifth, full again on %(full)s.") % words
    if effect.phase == "fading":
        return _("Shown at %(percent)d%% of its usual weight today, full again on %(full)s.") % words
    return _("Over since %(full)s: shown as if you had never said it.") % words


def _until(end: datetime | None, words: str) -> str:
    if end is None:
        return _("%(effect)s, for as long as you leave it so.") % {"effect": words}
    return _("%(effect)s until %(day)s.") % {"effect": words, "day": _day(end)}


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATE_FORMAT")


@verb()
def take_back(request: PersonRequest) -> HttpResponse:
    """POST `kind` and `pk`: any of the rows of the page, if it is one's own. Twice is once."""
    kind, pk = request.POST.get("kind", ""), request.POST.get("pk", "")
    if not (pk.isascii() and pk.isdigit() and int(pk) < 2**63):
        raise Http404
    _take_back(request.user, kind, int(pk))
    if by_htmx(request):
        return rendered(request, "ml/_taken_back.html", {"pk": pk, "kind": kind})
    return back(request, _("Taken back. It no longer has any effect."))


def _take_back(person: User, kind: str, pk: int) -> None:
    """Raises `PermissionDenied` for feedback, dismissals and reports of others, and for reports that were decided;
    `Http404` for other rows that are not one's own."""
    if kind in Kind.values:
        actions.undo_feedback(person, pk)
    elif kind == "word":
        people.unmute_phrase(person, pk)
    elif kind == "mute":
        people.unmute(person, _own(Mute.objects.filter(muter=person), pk).muted)
    elif kind == "muted_topic":
        actions.unmute_topic(person, _own(MutedTopic.objects.filter(person=person), pk).topic)
    elif kind == "block":
        people.unblock(person, _own(Block.objects.filter(blocker=person), pk).blocked)
    elif kind == "dismissal":
        actions.undo_dismiss(person, pk)
    elif kind == "report":
        if not actions.withdraw_report(person, pk):
            raise PermissionDenied(_("This report cannot be withdrawn any more."))
    else:
        raise Http404


def _own(rows: QuerySet[Any], pk: int) -> Any:
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row
