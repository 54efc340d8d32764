"""Who joins the thread next (r/technology, 2015): the site's net beside popularity, text, acquaintance, regressions.

    python benchmarks/reddit.py

Learns from threads of January to April, cut after a quarter, a half or three quarters; answers for those of May, which
come cut. With --validation it learns until 15 April and answers for the rest of April: there the settings were chosen,
those of the net too, which are not the ones the site trains with.
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import ranking_metrics, reddit_data, reddit_features, reddit_models  # noqa: E402
from benchmarks.public_data import RESULTS, about, folder, vectors  # noqa: E402
from benchmarks.reddit_features import WARM, Past, Situation  # noqa: E402

SEEDS, PASSED = 5, 60  # seeds of the net; candidates of a thread drawn to learn from
NET, LOGISTIC, LISTWISE = "the net, own settings", "logistic regression", "the same, listwise"
STRENGTH, RIDGE = 1.0, 1.0  # of the regressions, chosen on the second half of April
EVERYBODY, ACTIVE, FIRST, AGAIN = "everybody", "active people only", "first entry", "re-entry"
WHOM = (EVERYBODY, ACTIVE, FIRST, AGAIN)
Tables = dict[str, dict[str, ranking_metrics.Figures]]


def moment(month: int, day: int) -> float:
    return datetime(2015, month, day, tzinfo=UTC).timestamp()


BEGIN, HALF = moment(1, 15), moment(4, 16)  # before the first nobody has much of a past


def gathered(validation: bool) -> tuple[str, Past, list[Situation], list[Situation]]:
    """The encoder's name, the past, what is learned from and what is asked."""
    where = folder("reddit_dcr", *reddit_data.MONTHS, reddit_data.MAY)
    messages, past_threads, may = reddit_data.read(where)
    encoder, raw = vectors("reddit", [message.text for message in messages])
    early = [message.place for message in messages if message.at < BEGIN]
    centred = raw - raw[early].mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    past, rng = Past(messages, centred), np.random.default_rng(3)
    threads = [reddit_features.cut(thread, rng) for thread in past_threads.values()]
    threads = [one for one in threads if one.messages[-1].at >= BEGIN]
    asked = [one for one in threads if one.messages[-1].at >= HALF] if validation else list(may.values())
    known = [one for one in threads if one.messages[-1].at < HALF] if validation else threads
    train = list(reddit_features.situations(known, past, PASSED, rng))
    return encoder, past, train, list(reddit_features.situations(asked, past, None, rng))


def nets(
    train: Sequence[Situation], test: Sequence[Situation], past: Past, encoder: str, seeds: int
) -> list[reddit_models.Scores]:
    """Of each seed."""
    with tempfile.TemporaryDirectory() as work:
        learned = reddit_models.write_dataset(train, past, Path(work, "train"), encoder)
        asked = reddit_models.write_dataset(test, past, Path(work, "test"), encoder)
        found = []
        for seed in range(seeds):
            print(f"{NET}, seed {seed} …", file=sys.stderr, flush=True)
            found.append(reddit_models.net(reddit_models.config(seed), learned, asked, Path(work, f"net{seed}")))
    return found


def among(one: Situation, whom: str) -> np.ndarray:
    """Which candidates are ranked: all; the active; of them those who have not written here; all who have."""
    here, active = one.column("here") > 0, one.column("messages") >= WARM
    return {EVERYBODY: here | active, ACTIVE: active, FIRST: active & ~here, AGAIN: here}[whom]


def figures(test: Sequence[Situation], scores: reddit_models.Scores, whom: str) -> ranking_metrics.Figures:
    """Over the threads in which one of these people joins and another does not."""
    rng, values = np.random.default_rng(1), []
    for one, score in zip(test, scores, strict=True):
        joins, ranked = one.joins[among(one, whom)], score[among(one, whom)]
        if 0 < joins.sum() < len(joins):
            values.append(ranking_metrics.joins(joins, ranked, rng))
    return ranking_metrics.Figures(ranking_metrics.JOINS, np.array(values))


def measure(validation: bool, seeds: int = SEEDS) -> tuple[str, list[Situation], Tables, list[list[float]]]:
    encoder, past, train, test = gathered(validation)
    rankings = reddit_models.simple(test)
    rankings[LOGISTIC] = reddit_models.logistic(train, test, STRENGTH)
    rankings[LISTWISE] = reddit_models.conditional(train, test, RIDGE)
    each = nets(train, test, past, encoder, seeds)
    rankings[f"{NET}, {seeds} seeds together"] = [sum(found) for found in zip(*each, strict=True)]
    tables: Tables = {}
    for whom in WHOM:
        tables[whom] = {name: figures(test, scores, whom) for name, scores in rankings.items()}
        alone = np.mean([figures(test, scores, whom).values for scores in each], axis=0)
        tables[whom][f"{NET}, mean of {seeds} seeds"] = ranking_metrics.Figures(ranking_metrics.JOINS, alone)
    return encoder, test, tables, [figures(test, scores, EVERYBODY).values.mean(axis=0).tolist() for scores in each]


def sizes(test: Sequence[Situation], whom: str) -> dict[str, float]:
    """Threads, and the mean number of candidates and of those who join, of a table."""
    found = [one.joins[among(one, whom)] for one in test]
    found = [joins for joins in found if 0 < joins.sum() < len(joins)]
    return {
        "threads": len(found),
        "candidates": float(np.mean([len(joins) for joins in found])),
        "joining": float(np.mean([joins.sum() for joins in found])),
    }


def against(table: dict[str, ranking_metrics.Figures]) -> dict[str, dict]:
    """The net of all seeds together less each other ranking, paired over threads."""
    ours = next(one for name, one in table.items() if name.startswith(NET) and "together" in name)
    return {name: ours.better_than(one) for name, one in table.items() if not name.startswith(NET)}


def main() -> None:
    validation = "--validation" in sys.argv
    encoder, test, tables, each = measure(validation)
    for whom, table in tables.items():
        size = sizes(test, whom)
        print(f"\n{whom}: {size['threads']} threads, {size['candidates']:.0f} candidates, {size['joining']:.1f} join")
        ranking_metrics.print_table(table, 42)
        for name in (LOGISTIC, LISTWISE):
            one = against(table)[name]["MAP"]
            print(f"net less {name}, MAP: {one['mean']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]")
    if not validation:
        result = {"about": {**about(), "encoder": encoder, "seeds": SEEDS, "warm": WARM, "passed": PASSED}}
        for whom, table in tables.items():
            told = {name: one.intervals() for name, one in table.items()}
            result[whom] = {**sizes(test, whom), "rankings": told, "net_less": against(table)}
        result["each_seed"] = dict(zip(("metrics", "values"), (ranking_metrics.JOINS, each), strict=True))
        (RESULTS / "reddit.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
