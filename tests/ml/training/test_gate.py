"""What may serve and what may not, each refusal with its sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml.training.evaluate import Difference, paired_bootstrap
from ml.training.gate import Evidence, Limits, decide, enough, sentence

GOOD = Difference(0.03, 0.01, 0.05)
SOUND = Evidence(judged=500, finite=True, ece=0.01, against={"recipe": GOOD, "serving": GOOD})


def test_what_is_better_than_all_is_promoted() -> None:
    decision = decide(SOUND)
    assert decision.promote
    assert "better than the serving version" in decision.why
    assert "+0.0300, 95 % interval +0.0100 to +0.0500" in decision.why


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"finite": False}, "Some of its probabilities are no numbers."),
        ({"judged": 12}, "Only 12 held-out requests can judge it; 50 are needed."),
        ({"ece": 0.09}, "off by 0.0900; at most 0.0500 is allowed"),
        ({"ece": None}, "off by –"),
        ({"ece": 0.09, "serving_ece": 0.08}, "off by 0.0900"),
        ({"against": {"recipe": Difference(0.0, 0.0, 0.0)}}, "It is not better than the hand-set recipe"),
        ({"against": {"recipe": Difference(0.002, -0.02, 0.02)}}, "It is not better than the hand-set recipe"),
        ({"against": {"recipe": GOOD, "serving": Difference(-0.001, -0.002, 0.001)}}, "not better than the serving"),
        ({"against": {"recipe": None}}, "It is not better than the hand-set recipe"),
    ],
)
def test_each_refusal_is_a_sentence(change: dict, said: str) -> None:
    decision = decide(replace(SOUND, **change))
    assert not decision.promote
    assert said in decision.why
    assert "All its probabilities are numbers" not in decision.why, "only what speaks against it"


def test_no_worse_calibrated_than_what_serves_is_enough() -> None:
    assert decide(replace(SOUND, ece=0.09, serving_ece=0.09)).promote


def test_a_tie_is_refused() -> None:
    scores = np.random.default_rng(0).random(300)
    tie = paired_bootstrap(scores, scores)
    assert not decide(replace(SOUND, against={"recipe": GOOD, "serving": tie})).promote


def test_too_little_is_said_with_its_figures() -> None:
    assert enough(200, 200, Limits()).promote
    assert enough(199, 5, Limits()).why == (
        "There are only 199 requests to learn from; 200 are needed. "
        "People acted on only 5 of the posts shown; 200 are needed."
    )


def test_a_card_keeps_what_the_sentence_is_made_of() -> None:
    checks = decide(SOUND).as_card()["checks"]
    assert " ".join(sentence(check) for check in checks) == decide(SOUND).why
