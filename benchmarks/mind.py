"""Ranking real news impressions (MIND): the site's net beside popularity, cosines and regressions.

    python benchmarks/mind.py

Each model is trained anew before each test day, as the site does every night, on all that is older. What is set by
hand was chosen on 11 and 12 November; 13 and 14 November were looked at last. The net is the site's with settings of
its own for so few pages: mostly the loss that asks which post of a page was clicked, no recipe to begin from. See
docs/experiments.md.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import mind_data, mind_models, ranking_metrics  # noqa: E402
from benchmarks.public_data import RESULTS, about, folder, vectors  # noqa: E402

VALIDATION, TEST = (11, 12), (13, 14)  # of November 2019
CUTS = (0, 1, 5, mind_data.LENGTH)
SEEDS = 5
NET, MEAN, LOGISTIC = "the net, own settings", "cosine to mean of history", "logistic regression"
Scores = dict[int, np.ndarray]


def simple(data: mind_data.Sequence, samples: list[mind_models.Sample]) -> list[dict[str, list[np.ndarray]]]:
    """What needs no training, for each history length."""
    rng = np.random.default_rng(7)
    chance = [rng.random(len(one.posts)) for one in data]
    return [
        {
            "random": chance,
            "popularity known at the time": sample.column("quality"),
            MEAN: sample.column("mean_like"),
            "the site's interest vectors": sample.column("interest"),
        }
        for sample in samples
    ]


def regressions(samples: list[mind_models.Sample], days: tuple[int, ...]) -> dict[str, list[Scores]]:
    """Trained on whole histories, scored on each length."""
    fits = {
        LOGISTIC: mind_models.logistic(0.001),
        "the same, listwise": mind_models.conditional(5.0),
        "boosted trees": mind_models.boosted(4, 120),
    }
    return {name: mind_models.nightly(fit, samples[-1], samples, days) for name, fit in fits.items()}


def nets(
    samples: list[mind_models.Sample], days: tuple[int, ...], encoder: str, seeds: int
) -> tuple[list[Scores], list[list[Scores]]]:
    """Summed scores of all seeds, per history length, and each seed's own."""
    each: list[list[Scores]] = []
    with tempfile.TemporaryDirectory() as work:
        folders = [mind_models.write_dataset(one, Path(work, str(one.acts)), encoder) for one in samples]
        whole = [folders[-1], *folders[:-1]]
        order = [samples[-1], *samples[:-1]]
        for seed in range(seeds):
            found: list[Scores] = [{} for _ in order]
            for day in days:
                print(f"{NET}, seed {seed}, night before the {day}th …", file=sys.stderr, flush=True)
                config = mind_models.config(seed)
                for all_days, one in zip(
                    found, mind_models.net(config, whole, order, day, Path(work, "net")), strict=True
                ):
                    all_days |= one
            each.append([*found[1:], found[0]])
    together = [{place: sum(one[cut][place] for one in each) for place in each[0][cut]} for cut in range(len(samples))]
    return together, each


def figures(sample: mind_models.Sample, scores: object, days: tuple[int, ...]) -> ranking_metrics.Figures:
    rng = np.random.default_rng(1)
    places = [place for day in days for place in sample.of(day)]
    values = [ranking_metrics.clicks(sample.impressions[place].labels, scores[place], rng) for place in places]
    return ranking_metrics.Figures(ranking_metrics.CLICKS, np.array(values))


def measure(days: tuple[int, ...], seeds: int = SEEDS) -> dict:
    """All rankings of these days, as printed and as written."""
    where = folder("mind_sample", "behaviors.tsv", "news_zh.tsv")
    texts, everything = mind_data.read(where)
    encoder, raw = vectors("mind", texts)
    mind_data.remember(everything, texts)
    centred = mind_data.unit(raw - mind_data.middle(everything, raw))
    data = [one for one in everything if one.usable]
    samples = [mind_models.sample(data, centred, acts) for acts in CUTS]
    rankings = simple(data, samples)
    for name, found in regressions(samples, days).items():
        for ranking, scores in zip(rankings, found, strict=True):
            ranking[name] = scores
    together, each = nets(samples, days, encoder, seeds)
    for ranking, scores in zip(rankings, together, strict=True):
        ranking[f"{NET}, {seeds} seeds together"] = scores
    tables = {
        cut: {name: figures(sample, scores, days) for name, scores in ranking.items()}
        for cut, sample, ranking in zip(CUTS, samples, rankings, strict=True)
    }
    by_seed = [[figures(sample, seed[cut], days) for seed in each] for cut, sample in enumerate(samples)]
    for cut, found in zip(CUTS, by_seed, strict=True):
        mean = np.mean([one.values for one in found], axis=0)
        tables[cut][f"{NET}, mean of {seeds} seeds"] = ranking_metrics.Figures(ranking_metrics.CLICKS, mean)
    return {"encoder": encoder, "tables": tables, "seeds": [one.values.mean(axis=0).tolist() for one in by_seed[-1]]}


def verdicts(table: dict[str, ranking_metrics.Figures]) -> dict[str, dict]:
    """The net against the two it must beat: paired difference, and whether the intervals overlap."""
    ours = next(figures for name, figures in table.items() if name.startswith(NET) and "together" in name)
    found = {}
    for other in (MEAN, LOGISTIC):
        difference, mine, theirs = ours.better_than(table[other]), ours.intervals(), table[other].intervals()
        found[other] = {
            metric: {**difference[metric], "intervals_overlap": ranking_metrics.overlap(mine[metric], theirs[metric])}
            for metric in ("AUC", "nDCG@10")
        }
    return found


def main() -> None:
    days = VALIDATION if "--validation" in sys.argv else TEST
    found = measure(days)
    for cut, table in found["tables"].items():
        impressions = len(next(iter(table.values())).values)
        print(f"\n{impressions} impressions of {days} November, history of at most {cut} acts")
        ranking_metrics.print_table(table, 42)
    told = verdicts(found["tables"][CUTS[-1]])
    for other, metrics in told.items():
        for metric, one in metrics.items():
            told_of = f"{one['mean']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]"
            print(f"net less {other}, {metric}: {told_of}, intervals overlap: {one['intervals_overlap']}")
    if days == TEST:
        result = {"about": {**about(), "encoder": found["encoder"], "days": days, "seeds": SEEDS}, "against": told}
        result["histories"] = {
            str(cut): {name: one.intervals() for name, one in table.items()} for cut, table in found["tables"].items()
        }
        result["each_seed"] = found["seeds"]
        (RESULTS / "mind.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
