"""Whether a new version may serve: evidence in, a decision out, each refusal a sentence. Knows no table, no model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _

from ml.training.evaluate import Difference

LOWEST: Final = -0.005  # of the 95 % interval of the difference in nDCG@10: so much may be chance
MOST_CALIBRATION_ERROR: Final = 0.05  # of likes


@dataclass(frozen=True)
class Limits:
    """How much there must be to learn from, and to judge by."""

    requests: int = 200  # in all
    positives: int = 200  # rows that somebody acted on, in all
    judged: int = 50  # held-out requests in which somebody acted


@dataclass(frozen=True)
class Evidence:
    """What the new version and its rivals did on the same held-out requests. `against` names each rival."""

    judged: int  # requests that nDCG could be told for
    finite: bool  # no probability was NaN or infinite
    ece: float | None  # calibration error of likes
    serving_ece: float | None = None
    against: dict[str, Difference | None] = field(default_factory=dict)  # "recipe", and "serving" where one serves


@dataclass(frozen=True)
class Check:
    """One condition: its name, whether it holds, and the figures it was told by."""

    name: str
    holds: bool
    figures: dict[str, Any]


@dataclass(frozen=True)
class Decision:
    checks: tuple[Check, ...]

    @property
    def promote(self) -> bool:
        return all(check.holds for check in self.checks)

    @property
    def why(self) -> str:
        """In the language that is active: what speaks against it, or else what speaks for it."""
        against = [check for check in self.checks if not check.holds]
        return " ".join(sentence(asdict(check)) for check in against or self.checks)

    def as_card(self) -> dict[str, Any]:
        return {"promote": self.promote, "checks": [asdict(check) for check in self.checks]}


def decide(evidence: Evidence, limits: Limits | None = None) -> Decision:
    """Promote only what is finite, judged by enough, calibrated, and better than all its rivals."""
    return Decision(tuple(_checks(evidence, limits or Limits())))


def _checks(evidence: Evidence, limits: Limits) -> Iterator[Check]:
    yield Check("finite", evidence.finite, {})
    yield Check("judged", evidence.judged >= limits.judged, {"found": evidence.judged, "wanted": limits.judged})
    yield Check("calibrated", _calibrated(evidence), {"ece": evidence.ece, "most": MOST_CALIBRATION_ERROR})
    for rival, difference in evidence.against.items():
        yield Check(f"better_than_{rival}", better(difference), asdict(difference) if difference else {})


def better(difference: Difference | None) -> bool:
    """Better on average, and by no more than chance would have it worse. A tie is not better."""
    return difference is not None and difference.mean > 0 and difference.low > LOWEST


def _calibrated(evidence: Evidence) -> bool:
    if evidence.ece is None:
        return False
    no_worse = evidence.serving_ece is not None and evidence.ece <= evidence.serving_ece
    return evidence.ece <= MOST_CALIBRATION_ERROR or no_worse


def enough(requests: int, positives: int, limits: Limits) -> Decision:
    """Whether there is enough to train at all."""
    return Decision(
        (
            Check("requests", requests >= limits.requests, {"found": requests, "wanted": limits.requests}),
            Check("positives", positives >= limits.positives, {"found": positives, "wanted": limits.positives}),
        )
    )


def sentence(check: dict[str, Any]) -> str:
    """One check in words, from what a card keeps of it."""
    told, other = _words()[check["name"]]
    return (told if check["holds"] else other) % _shown(check["figures"])


def _shown(figures: dict[str, Any]) -> dict[str, Any]:
    def text(value: Any) -> Any:
        return f"{value:+.4f}" if isinstance(value, float) else "–" if value is None else value

    shown = {name: text(value) for name, value in figures.items()}
    for name in ("mean", "low", "high", "ece", "most"):
        shown.setdefault(name, "–")
    for name in ("ece", "most"):
        shown[name] = str(shown[name]).lstrip("+")
    return shown


def _words() -> dict[str, tuple[str, str]]:
    """What is said where a condition holds, and where it does not."""
    interval = _("nDCG@10 differs by %(mean)s, 95 %% interval %(low)s to %(high)s.")
    return {
        "finite": (_("All its probabilities are numbers."), _("Some of its probabilities are no numbers.")),
        "judged": (
            _("It was judged by %(found)s held-out requests."),
            _("Only %(found)s held-out requests can judge it; %(wanted)s are needed."),
        ),
        "calibrated": (
            _("Its calibration error is %(ece)s."),
            _("Its probabilities of likes are off by %(ece)s; at most %(most)s is allowed."),
        ),
        "better_than_recipe": (
            _("It is better than the hand-set recipe:") + " " + interval,
            _("It is not better than the hand-set recipe:") + " " + interval,
        ),
        "better_than_serving": (
            _("It is better than the serving version:") + " " + interval,
            _("It is not better than the serving version:") + " " + interval,
        ),
        "requests": (
            _("There are %(found)s requests to learn from."),
            _("There are only %(found)s requests to learn from; %(wanted)s are needed."),
        ),
        "positives": (
            _("People acted on %(found)s of the posts shown."),
            _("People acted on only %(found)s of the posts shown; %(wanted)s are needed."),
        ),
    }
