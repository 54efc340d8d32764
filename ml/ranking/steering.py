"""A person's own sliders: what they may be set to, and what each adds to a post's score. Knows no page, no model.

Every term is of the post's row of numbers alone. K is 1.5 at both ends: about one and a half times the spread of scores
on a page, so that a slider at its end changes a page plainly and one half way gently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Final

import numpy as np
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.races import update_or_create
from feed.forms import POST_LANGUAGES
from ml.models import Steering
from ml.ranking.candidate import Floats, Sliders
from ml.ranking.features import NAMES

K: Final = 1.5
OTHER_LANGUAGE: Final = -4.0  # what a post in a language one did not choose loses
NEAR: Final = 0.4  # cosine from which a post is plainly of a known interest
MANY_ANSWERS: Final = 8.0  # answers from which a post is plainly a conversation
NAMES_OF_SLIDERS: Final = ("people", "fresh", "broad", "talk")
PRESETS: Final[dict[str, Sliders]] = {
    "balanced": Sliders(),
    "friends": Sliders(people=1.0, talk=0.3),
    "discover": Sliders(people=-0.7, broad=0.8),
    "catch-up": Sliders(people=0.5, fresh=-0.4, broad=-0.3),
    "calm": Sliders(fresh=-0.5, talk=-0.9),
}
_AT: Final = {name: place for place, name in enumerate(NAMES)}


def terms(sliders: Sliders, rows: Floats) -> dict[str, Floats]:
    """Terms “slider:…” of rows (n, len(NAMES)), only of sliders that are not in the middle."""
    made = {
        "people": (sliders.people, people),
        "fresh": (sliders.fresh, fresh),
        "broad": (sliders.broad, broad),
        "talk": (sliders.talk, talk),
    }
    found = {f"slider:{name}": K * at * sign(rows) for name, (at, sign) in made.items() if at}
    if sliders.languages:
        found["slider:languages"] = OTHER_LANGUAGE * (1 - _number(rows, "language_read"))
    return found


def _number(rows: Floats, name: str) -> Floats:
    return np.nan_to_num(rows[:, _AT[name]])


def people(rows: Floats) -> Floats:
    """+1 for a post that somebody one follows wrote, liked or reposted, else -1."""
    near = (_number(rows, "follows_author") > 0) | (_number(rows, "friends") > 0)
    return np.where(near, np.float32(1), np.float32(-1))


def fresh(rows: Floats) -> Floats:
    """2 · freshness - 1: +1 just written, 0 after one half-life, towards -1 later."""
    return np.asarray(2 * np.clip(_number(rows, "freshness"), 0, 1) - 1, dtype=np.float32)


def broad(rows: Floats) -> Floats:
    """1 - 2 · min(near / 0.4, 1): -1 for a post plainly of a known interest, +1 for one far from all.

    near is the greatest of interest, liked_like and 0.4 · topic_interest.
    """
    topic = NEAR * _number(rows, "topic_interest")
    near = np.maximum(np.maximum(_number(rows, "interest"), _number(rows, "liked_like")), topic)
    return np.asarray(1 - 2 * np.clip(near / NEAR, 0, 1), dtype=np.float32)


def talk(rows: Floats) -> Floats:
    """2 · min(log(1 + answers) / log(1 + 8), 1) - 1: -1 unanswered, +1 from eight answers on."""
    answers = np.log1p(np.maximum(_number(rows, "answers"), 0)) / np.log1p(MANY_ANSWERS)
    return np.asarray(2 * np.minimum(answers, 1) - 1, dtype=np.float32)


def sliders_of(person: User) -> Sliders:
    row = Steering.objects.filter(pk=person.pk).first()
    return Sliders(row.people, row.fresh, row.broad, row.talk, tuple(row.languages)) if row else Sliders()


def steer(person: User, sliders: Sliders) -> None:
    """Keep a person's sliders; all in the middle and no language chosen is no row. Raises `ValidationError`."""
    for name in NAMES_OF_SLIDERS:
        value = getattr(sliders, name)
        if not isinstance(value, int | float) or not isfinite(value) or abs(value) > 1:
            raise ValidationError({name: _("A slider goes from one end to the other.")})
    if unknown := set(sliders.languages) - {code for code, _name in languages()}:
        raise ValidationError({"languages": _("There is no such language: %(names)s.") % {"names": min(unknown)}})
    if sliders == Sliders():
        Steering.objects.filter(pk=person.pk).delete()
        return
    update_or_create(Steering.objects.all(), person=person, defaults=asdict(sliders))


def languages() -> list[tuple[str, str]]:
    """The languages one may choose: (primary subtag, name in itself)."""
    found: dict[str, str] = {}
    for code, name in POST_LANGUAGES:
        found.setdefault(code.split("-")[0].lower(), str(name))
    return list(found.items())


@dataclass(frozen=True)
class Slider:
    """One slider in words: what it is about and its two ends."""

    name: str
    title: str
    low: str
    high: str
    meaning: str


def words() -> list[Slider]:
    """The sliders in words, in the active language."""
    return [
        Slider("people", _("Whose posts"), _("more discovery"), _("more of people I follow"),
               _("Posts that people you follow wrote, liked or reposted rise or sink.")),
        Slider("fresh", _("How new"), _("timeless"), _("fresh"),
               _("New posts rise, or older ones that kept their worth.")),
        Slider("broad", _("How near to what I know"), _("familiar"), _("broad"),
               _("Posts close to your interests rise, or posts far from them.")),
        Slider("talk", _("How lively"), _("quiet"), _("conversation"),
               _("Posts with many answers rise, or posts that stand alone.")),
    ]  # fmt: skip


def words_of_presets() -> dict[str, str]:
    return {
        "balanced": _("Balanced"),
        "friends": _("Friends first"),
        "discover": _("Discover"),
        "catch-up": _("Catch up"),
        "calm": _("Calm"),
    }


def words_of_terms() -> Mapping[str, tuple[str, str]]:
    """Label and meaning of every slider's term."""
    said: dict[str, tuple[str, str]] = {
        f"slider:{one.name}": (_("Your slider: %(name)s") % {"name": one.title}, one.meaning) for one in words()
    }
    said["slider:languages"] = (_("Your slider: languages"), _("It is not in a language you chose."))
    return said


def read(given: Mapping[str, Any], chosen_languages: list[str]) -> Sliders:
    """Sliders as a form sends them, in hundredths; raises `ValidationError` for what is no number."""
    values: dict[str, float] = {}
    for name in NAMES_OF_SLIDERS:
        try:
            values[name] = float(given.get(name, 0) or 0) / 100
        except (TypeError, ValueError):
            raise ValidationError({name: _("A slider goes from one end to the other.")}) from None
    return Sliders(**values, languages=tuple(dict.fromkeys(chosen_languages)))
