"""The front page of the admin: how the site stands, in figures and charts, each for those whose work it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _, ngettext

from socialsite import charts, figures

SLOW_LAG = 120.0  # seconds a post may wait for its vector before it is worth a look
LONG_QUEUE = 1000
NO_NIGHT_FOR = 36 * 3600.0  # seconds since the last training began that are worth a look


@dataclass(frozen=True)
class Figure:
    """One number with its words; `state` is "calm", "look" (worth a look) or "unknown" (could not be had)."""

    name: str
    title: str
    value: str
    note: str = ""
    link: str = ""
    state: str = "calm"


def front_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds `figures` and `charts`: aggregates for all staff, reports for moderators, engines for administrators."""
    runs_site = request.user.has_perm("ml.view_modelversion")
    found = _site()
    if request.user.has_perm("feed.view_report"):
        found.insert(0, _reports())
    if runs_site:
        found += [_queue(), _lag(), _night(), *_machine()]
    return {**context, "title": _("Front page"), "figures": found, "charts": _charts()}


def _unknown(name: str, title: str) -> Figure:
    return Figure(name, title, "–", _("not available"), state="unknown")


def _reports() -> Figure:
    totals = figures.totals()
    if totals is None:
        return _unknown("reports", _("Open reports"))
    waiting = totals["reports_open"]
    address = reverse("admin:feed_report_changelist") + "?state__exact=open"
    state = "look" if waiting else "calm"
    return Figure("reports", _("Open reports"), number_format(waiting), link=address, state=state)


def _site() -> list[Figure]:
    totals = figures.totals()
    titles = {"posts": _("Posts"), "people": _("People"), "likes": _("Likes")}
    if totals is None:
        return [_unknown(name, title) for name, title in titles.items()]
    return [Figure(name, title, number_format(totals[name], force_grouping=True)) for name, title in titles.items()]


def _queue() -> Figure:
    queues = figures.queues()
    if queues is None:
        return Figure("queue", _("Waiting tasks"), "–", _("the broker does not answer"), state="look")
    waiting = sum(queues.values())
    note = ", ".join(f"{name}: {number_format(number)}" for name, number in queues.items()) if len(queues) > 1 else ""
    return Figure(
        "queue", _("Waiting tasks"), number_format(waiting), note, state="look" if waiting > LONG_QUEUE else "calm"
    )


def _lag() -> Figure:
    lag = figures.embedding_lag()
    if lag is None:
        return _unknown("lag", _("Posts without a vector"))
    note = (
        _("the oldest waiting for %(time)s") % {"time": _duration(lag.oldest_seconds)} if lag.posts else _("up to date")
    )
    if not lag.encoder:
        note = _("no encoder is prepared")
    value = number_format(lag.posts) + ("+" if lag.posts == figures.LAG_COUNTED_UP_TO else "")
    return Figure(
        "lag", _("Posts without a vector"), value, note, state="look" if lag.oldest_seconds > SLOW_LAG else "calm"
    )


def _night() -> Figure:
    from ml.models import TrainingRun

    night, title, address = figures.last_night(), _("Last training"), reverse("admin:ml_trainingrun_changelist")
    if night is None:
        return _unknown("night", title)
    if not night.state:
        return Figure("night", title, "–", _("none yet; it begins every night at half past two"), address)
    wrong = night.state == TrainingRun.State.FAILED or night.seconds_ago > NO_NIGHT_FOR
    note = _("%(time)s ago") % {"time": _duration(night.seconds_ago)}
    said = str(TrainingRun.State(night.state).label)
    return Figure("night", title, said, note, address, "look" if wrong else "calm")


def _duration(seconds: float) -> str:
    """A length of time in its largest whole unit."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if hours:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    if minutes:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    return ngettext("%(n)d second", "%(n)d seconds", int(seconds)) % {"n": int(seconds)}


def _machine() -> list[Figure]:
    memory, disk = figures.memory(), figures.disk()
    found = []
    if memory is not None:
        note = _("%(size)s free on this machine") % {"size": filesizeformat(memory["available"])}
        low = memory["available"] < memory["total"] * 0.05
        title = _("Memory of this process")
        found.append(Figure("memory", title, filesizeformat(memory["process"]), note, state="look" if low else "calm"))
    if disk is not None:
        note = _("%(size)s free on disk") % {"size": filesizeformat(disk["free"])}
        low = disk["free"] < 2 * 1024**3
        found.append(
            Figure("disk", _("Database"), filesizeformat(disk["database"]), note, state="look" if low else "calm")
        )
    return found


def _charts() -> list[charts.Chart]:
    days = figures.days()
    if days is None:
        return []
    dates = [day.date for day in days]
    return [
        charts.by_day("posts", _("Posts a day"), _("posts"), dates, [day.posts for day in days]),
        charts.by_day("active", _("Active people a day"), _("people"), dates, [day.people for day in days]),
        charts.by_day("likes", _("Likes a day"), _("likes"), dates, [day.likes for day in days]),
    ]
