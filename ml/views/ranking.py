"""The pages on how home is ranked: the public one for everybody, and one's own sliders. They decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from feed import timelines
from feed.views.access import limited, signed_in
from feed.views.requests import PersonRequest
from ml.models import HeadWeights, ModelVersion
from ml.ranking import steering, weights
from ml.ranking.candidate import Sliders
from ml.ranking.heads import HEADS
from ml.registry import serving_ranker

CHANGES_SHOWN = 20


@dataclass(frozen=True)
class Handle:
    """A slider as the page draws it: in hundredths."""

    slider: steering.Slider
    value: int


@dataclass(frozen=True)
class Preset:
    name: str
    label: str
    here: bool


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/m")
def tune(request: PersonRequest) -> HttpResponse:
    """One's own sliders. POST keeps them; `preset` names a ready-made setting, "balanced" puts all in the middle."""
    if request.method != "POST":
        return _tune(request, steering.sliders_of(request.user))
    try:
        wanted = _wanted(request)
        steering.steer(request.user, wanted)
    except ValidationError as error:
        for message in error.messages:
            messages.error(request, message)
        return _tune(request, steering.sliders_of(request.user), status=422)
    timelines.drop_slates(request.user.pk)
    messages.success(request, _("Kept. Your next page is ranked this way."))
    return redirect("ranking:tune")


def _wanted(request: PersonRequest) -> Sliders:
    name = request.POST.get("preset", "")
    if name == "reset":
        return Sliders()
    if not name:
        return steering.read(request.POST, request.POST.getlist("languages"))
    if name not in steering.PRESETS:
        raise ValidationError(_("There is no such setting."))
    preset, own = steering.PRESETS[name], steering.sliders_of(request.user)
    return Sliders(preset.people, preset.fresh, preset.broad, preset.talk, own.languages)


def _tune(request: PersonRequest, sliders: Sliders, status: int = 200) -> HttpResponse:
    here = Sliders(sliders.people, sliders.fresh, sliders.broad, sliders.talk)
    read = {tag.split("-")[0].lower() for tag in request.user.profile.languages}
    known = steering.languages()
    context = {
        "handles": [Handle(one, round(100 * getattr(sliders, one.name))) for one in steering.words()],
        "presets": [
            Preset(name, label, steering.PRESETS[name] == here) for name, label in steering.words_of_presets().items()
        ],
        "languages": [(code, name) for code, name in known if code in {*read, *sliders.languages, "en", "zh"}],
        "more_languages": [(code, name) for code, name in known if code not in {*read, *sliders.languages, "en", "zh"}],
        "chosen": sliders.languages,
        "steered": sliders != Sliders(),
        "personalised": request.user.consent.personalised,
    }
    return render(request, "ml/tune.html", context, status=status)


@dataclass(frozen=True)
class Row:
    """One row of the table of weights."""

    chance: str
    weight: float
    meaning: str


@require_safe
def about_ranking(request: HttpRequest) -> HttpResponse:
    """For everybody: what is predicted, what it counts, what is taken away, who serves, and every change so far."""
    words, table = weights.words(), weights.current()
    version = serving_ranker()
    row = ModelVersion.objects.filter(name=version).first() if version else None
    context: dict[str, Any] = {
        "rows": [Row(words[head][0], table[head], words[head][1]) for head in HEADS],
        "sliders": steering.words(),
        "changes": HeadWeights.objects.order_by("-at", "-pk")[:CHANGES_SHOWN],
        "version": row,
        "card": _in_plain_words(row.card) if row else [],
    }
    return render(request, "ml/about_ranking.html", context)


def _in_plain_words(card: dict[str, Any]) -> list[tuple[str, str]]:
    """What a card says that anybody may want to know; what it does not say is left out."""
    test = card.get("metrics", {}).get("test", {}) if isinstance(card.get("metrics"), dict) else {}
    privacy = card.get("privacy") if isinstance(card.get("privacy"), dict) else None
    facts = [
        (_("Shown posts it learned from"), card.get("rows")),
        (_("People whose acts it learned from"), card.get("people")),
        (_("Rows left out because their people did not agree"), card.get("left_out_by_consent")),
        (_("Order of what was liked, later days (nDCG@10, 1 is best)"), test.get("ndcg10")),
        (_("Privacy of training (epsilon, smaller is stricter)"), (privacy or {}).get("epsilon")),
        (_("Made"), str(card.get("created_at", ""))[:10] or None),
    ]
    return [(name, _written(value)) for name, value in facts if value is not None]


def _written(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
