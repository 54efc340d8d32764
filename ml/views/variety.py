"""The page that shows how concentrated one's feed is, week by week, beside the site's median."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_safe

from accounts.models import User
from feed import charts
from feed.models import Topic
from feed.views.access import signed_in
from feed.views.requests import PersonRequest
from ml.watching import variety as figures
from ml.watching.variety import WEEKS, Of, Series, Share


@signed_in
@require_safe
def variety(request: PersonRequest) -> HttpResponse:
    """How many topics and authors shared what was shown to the viewer and what they liked; never anybody else's."""
    shown, liked = (figures.of_person(request.user.pk, did) for did in ("shown", "liked"))  # type: ignore[arg-type]
    site = figures.of_site()
    parts = [_part(of, shown[of], liked[of], site[of]) for of in ("topic", "author")]  # type: ignore[index]
    largest = figures.largest(request.user.pk)
    parts[0]["largest"] = _named(largest["topic"], Topic.objects.in_bulk([one.what for one in largest["topic"]]))
    people = User.objects.visible_to(request.user).with_profiles().in_bulk([one.what for one in largest["author"]])
    parts[1]["largest"] = _named(largest["author"], people)
    return render(request, "ml/variety.html", {"parts": parts, "known": any(part["known"] for part in parts)})


def _part(of: Of, shown: Series, liked: Series, site: Series) -> dict[str, Any]:
    """One chart with its sentences."""
    title = {"topic": _("Topics"), "author": _("People")}[of]
    series = {_("Shown to you"): shown, _("Liked by you"): liked, _("Shown, median of the site"): site}
    chart = charts.lines(
        f"variety-{of}", _unit(of), _weeks(), {name: values for name, values in series.items() if any(values)}, digits=1
    )
    sentences = [_about_shown(of, shown[-1]), _about_liked(of, liked[-1]), _about_site(site[-1])]
    return {"of": of, "title": title, "chart": chart, "sentences": sentences, "known": any(shown) or any(liked)}


def _unit(of: Of) -> str:
    return _("As if so many topics shared it equally") if of == "topic" else _("As if so many people shared it equally")


def _weeks() -> list[str]:
    """When each of the weeks began, the oldest first."""
    now = timezone.localtime()
    return [date_format(now - timedelta(weeks=weeks), "MONTH_DAY_FORMAT") for weeks in range(WEEKS, 0, -1)]


def _about_shown(of: Of, value: float | None) -> str:
    if value is None:
        return _("In the last seven days too few posts were shown to you to say anything.")
    n = max(round(value), 1)
    if of == "topic":
        return ngettext(
            "What you were shown in the last seven days is as varied as if one topic had it all to itself.",
            "What you were shown in the last seven days is as varied as if %(n)d topics shared it equally.",
            n,
        ) % {"n": n}
    return ngettext(
        "What you were shown in the last seven days is as varied as if one person had written it all.",
        "What you were shown in the last seven days is as varied as if %(n)d people had written equally much of it.",
        n,
    ) % {"n": n}


def _about_liked(of: Of, value: float | None) -> str:
    if value is None:
        return _("You liked too few posts in these days to compare.")
    n = max(round(value), 1)
    if of == "topic":
        return ngettext("What you liked: as if it were one topic.", "What you liked: as if %(n)d topics.", n) % {"n": n}
    return ngettext("What you liked: as if by one person.", "What you liked: as if by %(n)d people.", n) % {"n": n}


def _about_site(value: float | None) -> str:
    if value is None:
        return _("There are not enough people yet to compare with.")
    n = max(round(value), 1)
    return ngettext("The median of the site is %(n)d.", "The median of the site is %(n)d.", n) % {"n": n}


def _named(shares: list[Share], named: dict[int, Any]) -> list[tuple[Any, int]]:
    """(topic or person, percent) of those that still stand and may be seen."""
    return [(named[one.what], round(100 * one.share)) for one in shares if one.what in named]
