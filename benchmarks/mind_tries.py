"""Ideas for ranking MIND impressions beside what benchmarks/mind.py measures, on the development days only.

    nice python benchmarks/mind_tries.py [--seeds 3]

11 and 12 November 2019: each row is a softmax regression with more numbers, or an average of rankings, less the softmax
regression as mind.py has it, paired over impressions. What came of it: docs/experiments.md. Writes no file.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import mind, mind_data, mind_models, mind_numbers, ranking_metrics  # noqa: E402
from benchmarks.public_data import folder, vectors  # noqa: E402

DAYS = mind.VALIDATION
RIDGE = 5.0
HELPED = ("titles alone", "posts of like meaning", "pairs of characters")  # each alone, in the first round
HOURS = (1, 3, 48)
TRIES: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in (*HELPED, "two towers", "rates × freshness")},
    "what helped alone, together": HELPED,
    **{f"rates within {hours} h": (f"rates within {hours} h",) for hours in HOURS},
    "rates within 1, 3 and 48 h": tuple(f"rates within {hours} h" for hours in HOURS),
    "what helped alone, and the towers": (*HELPED, "two towers"),
    "everything": (*HELPED, "two towers", "rates × freshness", *(f"rates within {hours} h" for hours in HOURS)),
}
BEGUN = "what helped alone, together"  # the row that the net is also tried with


def prepared() -> tuple[str, mind_models.Sample, dict[str, mind_numbers.Column]]:
    """The encoder's name, the sample as mind.py has it, and the further numbers by name."""
    where = folder("mind_sample", "behaviors.tsv", "news_zh.tsv")
    texts, everything = mind_data.read(where)
    encoder, raw = vectors("mind", texts)
    raw_titles = vectors("mind-titles", [text.split("\n")[0] for text in texts])[1]
    mind_data.remember(everything, texts)
    centred, titles = (mind_data.unit(some - mind_data.middle(everything, some)) for some in (raw, raw_titles))
    everything = [one for one in everything if one.day <= max(DAYS)]  # nothing later is even in memory
    data = [one for one in everything if one.usable]
    more = {
        "titles alone": mind_numbers.cosine_to_mean(data, titles),
        "posts of like meaning": mind_numbers.alike(everything, data, centred, 1e6),
        "pairs of characters": mind_numbers.letters(data, texts),
        "two towers": mind_numbers.tower(data, centred),
        **{f"rates within {hours} h": mind_numbers.rates(everything, data, len(texts), hours) for hours in HOURS},
    }
    lately = [one.known["quality_lately"] * one.known["freshness"] for one in data]
    return encoder, mind_models.sample(data, centred), {**more, "rates × freshness": lately}


def with_numbers(
    sample: mind_models.Sample, more: dict[str, mind_numbers.Column], names: Sequence[str]
) -> mind_models.Sample:
    added = [np.stack(columns, axis=1) for columns in zip(*(more[name] for name in names), strict=True)]
    rows = [np.hstack([row, new]).astype(np.float32) for row, new in zip(sample.rows, added, strict=True)]
    return replace(sample, rows=rows, names=(*sample.names, *names))


def fitted(fit: mind_models.Fit, sample: mind_models.Sample) -> mind.Scores:
    return mind_models.nightly(fit, sample, [sample], DAYS)[0]


def net(sample: mind_models.Sample, encoder: str, seeds: int) -> mind.Scores:
    """Summed scores of all seeds."""
    return mind.nets([sample], DAYS, encoder, seeds)[0][0]


def average(*rankings: mind.Scores) -> mind.Scores:
    """Mean of scores that are standardised within each impression."""

    def standard(scores: np.ndarray) -> np.ndarray:
        return (scores - scores.mean()) / (scores.std() + 1e-9)

    return {place: np.mean([standard(one[place]) for one in rankings], axis=0) for place in rankings[0]}


def tried(seeds: int) -> dict[str, ranking_metrics.Figures]:
    encoder, sample, more = prepared()
    softmax, trees = mind_models.conditional(RIDGE), mind_models.boosted(4, 120)
    wide = with_numbers(sample, more, TRIES[BEGUN])
    found = {"softmax regression (mind.py)": fitted(softmax, sample), "boosted trees (mind.py)": fitted(trees, sample)}
    found["cosine to the mean (mind.py)"] = dict(enumerate(sample.column("mean_like")))
    found["logistic regression (mind.py)"] = fitted(mind_models.logistic(0.001), sample)
    for name in TRIES:
        found[f"+ {name}"] = fitted(softmax, with_numbers(sample, more, TRIES[name]))
    for name in ("two towers", "titles alone", "pairs of characters"):
        found[f"{name}, no row"] = dict(enumerate(more[name]))
    base = next(iter(found))
    for title, one in (("row of mind.py", sample), (BEGUN, wide)):
        found[f"net: {title}"] = net(one, encoder, seeds)
        parts = (found[base], found["boosted trees (mind.py)"])
        if one is wide:
            parts = (found[f"+ {BEGUN}"], fitted(trees, wide))
        found[f"average of net, softmax regression, trees: {title}"] = average(found[f"net: {title}"], *parts)
        found[f"average of net and softmax regression: {title}"] = average(found[f"net: {title}"], parts[0])
    return {name: mind.figures(sample, scores, DAYS) for name, scores in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    figures = tried(parser.parse_args().seeds)
    base = next(iter(figures.values()))
    print(f"{'11 and 12 November':<76}{'AUC':>7}{'less the first, 95 %':>26}{'nDCG@10':>9}{'less the first, 95 %':>26}")
    for name, one in figures.items():
        less, line = one.better_than(base), f"{name:<76}"
        for metric in ("AUC", "nDCG@10"):
            gain = less[metric]
            line += f"{one.intervals()[metric]['mean']:>8.3f}"
            line += f"   {gain['mean']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"
        print(line, flush=True)


if __name__ == "__main__":
    main()
