"""The learned ranker against the hand-set recipe on the demo town, by the simulator's own key, as days go by.

    python benchmarks/town.py [--seeds 3] [--after 3 10 30] [--turnout 0.8]

The town lives its days in a database of its own (var/bench-town, see own_site.py): posts arrive, every evening
people visit, are ranked for by the recipe, and act by their tastes (`ml.rehearsal`). After so many days one real night
trains a ranker on the log up to then; on the following two evenings both rank for everybody from the same state, and
the key says who placed better, by what is new to each: what one is to be expected to do with the first twenty places
(true chances of acts × the site's table of weights), and their taste alone. Intervals are a bootstrap over people;
each seed is another life, and its difference is told apart. Prints a table, writes results/town.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import own_site  # noqa: E402

own_site.choose("town")

import django  # noqa: E402

django.setup()

import numpy as np  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from feed.demo.load import unload  # noqa: E402
from feed.demo.town import Person, Town  # noqa: E402
from feed.models import Impression, Outcome, Post  # noqa: E402
from ml.models import ModelVersion, Promotion, TrainingRun  # noqa: E402
from ml.ranking import weights  # noqa: E402
from ml.ranking.heads import HEAD_OF  # noqa: E402
from ml.ranking.home import PLAIN, home  # noqa: E402
from ml.ranking.learned import load  # noqa: E402
from ml.ranking.pipeline import Pipeline  # noqa: E402
from ml.ranking.scorers import ScoreBy  # noqa: E402
from ml.rehearsal import figures  # noqa: E402
from ml.rehearsal.behaviour import worth  # noqa: E402
from ml.rehearsal.days import Rehearsal  # noqa: E402
from ml.training.gate import Limits  # noqa: E402
from ml.training.recipe import Plan, night  # noqa: E402
from ml.training.told import words  # noqa: E402

RESULTS = HERE / "results" / "town.json"
NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
PACE = 1.1  # thirty days of posts told in thirty-three, so that somebody still writes after thirty days
EVENINGS = 2  # judged after each training
PLACES = 200
LIMITS = Limits(requests=50, positives=50, judged=5)  # three days are less than a night asks for: what would it do?
ROUNDS = 10_000
WORTH = {kind: weights.DEFAULT[head] for kind, head in {**HEAD_OF, "dwell": "dwell"}.items()}
FIGURES = {
    "worth": "expected worth of the first 20, of the best possible",
    "to_taste": "share of the first 20 to taste",
    "ndcg": "nDCG@20 by taste",
    "disliked": "share of the first 20 disliked",
    "authors": "different authors in the first 20, share",
    "entropy": "entropy of topics in the first 20, bits",
}


@dataclass
class Measured:
    """Figures by order (recipe, learned, newest), name of the figure, and person: a value each judged evening."""

    values: dict[str, dict[str, dict[str, list[float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    )
    seeds: dict[int, dict[str, dict[str, list[float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    )
    nights: list[dict[str, Any]] = field(default_factory=list)

    def add(self, order: str, person: str, found: dict[str, float], seed: int) -> None:
        for name, value in found.items():
            self.values[order][name][person].append(value)
            self.seeds[seed][order][name].append(value)

    def of(self, order: str, figure: str) -> np.ndarray:
        """One number a person, the mean over evenings (and seeds)."""
        people = self.values[order][figure]
        return np.array([np.mean(people[name]) for name in sorted(people)])

    def differences(self, figure: str) -> list[float]:
        """Learned less recipe, one number a seed."""
        lives = [life for _seed, life in sorted(self.seeds.items())]
        return [float(np.mean(life["learned"][figure]) - np.mean(life["recipe"][figure])) for life in lives]


def pipelines(version: str) -> dict[str, Pipeline]:
    """The home page as it is, scored by one model whatever serves."""
    return {
        "recipe": replace(home(), scorers=[ScoreBy(PLAIN)]),
        "learned": replace(home(), scorers=[ScoreBy(PLAIN, lambda _query: load(version))]),
    }


def judge(town: Rehearsal, at: datetime, version: str, measured: Measured) -> None:
    """Both orders for everybody, from the same state and moment; nothing is written."""
    by = pipelines(version)
    for person in town.town.people:
        slates = {}
        for name, pipeline in by.items():
            slate = town.slate(person, at, pipeline, limit=PLACES)
            if name == "learned" and slate.model_version != version:
                raise SystemExit(f"the learned ranker did not rank: {slate.model_version}")
            slates[name] = [item.post_id for item in slate.items if not item.seen_before]
        pool = sorted(set().union(*slates.values()), reverse=True)
        slates["newest"] = pool
        for name, posts in slates.items():
            measured.add(name, person.name, key_figures(town, person, posts, pool), town.seed)


def key_figures(town: Rehearsal, person: Person, posts: Sequence[int], pool: Sequence[int]) -> dict[str, float]:
    topics = [town.topic_of(post) for post in posts]
    worths = dict(zip(pool, (worth(person, post, WORTH) for post in town.offered(person, pool)), strict=True))
    return {
        "worth": figures.expected([worths[post] for post in posts], list(worths.values())),
        "to_taste": figures.share_to_taste(person, topics),
        "ndcg": figures.ndcg(person, topics, [town.topic_of(post) for post in pool]),
        "disliked": figures.share_disliked(person, topics),
        "authors": figures.variety([town.written[post][1].author_id for post in posts]),
        "entropy": figures.entropy(topics),
    }


def live(seed: int, after: Sequence[int], found: dict[int, Measured], turnout: float) -> None:
    """One life of the town from an empty site."""
    forget_everything()
    town = Rehearsal(Town(NOW, pace=PACE), seed=seed, elsewhere=False, turnout=turnout)
    recipe = pipelines("")["recipe"]
    versions: dict[int, str] = {}
    for day in range(max(after) + EVENINGS):
        evening = town.evening_of(day)
        if day in after:
            versions[day] = train(evening, seed, found[day])
        town.arrive(evening)
        for trained, version in versions.items():
            if trained <= day < trained + EVENINGS:
                judge(town, evening + timedelta(hours=2), version, found[trained])
        town.live_evening(evening, recipe)
        if day % 5 == 0:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        print(f"seed {seed}, day {day}: {Impression.objects.count()} impressions", file=sys.stderr)


def forget_everything() -> None:
    unload()
    for rows in (TrainingRun, Promotion, ModelVersion.objects.filter(kind=ModelVersion.Kind.RANKER)):
        (rows.objects if hasattr(rows, "objects") else rows).all().delete()


def train(evening: datetime, seed: int, measured: Measured) -> str:
    """One real night on the log up to now; the name of its version, whether the gate lets it serve or not."""
    start = perf_counter()
    run = night(Plan(days=60, now=evening, limits=LIMITS))
    if run.version is None:
        raise SystemExit(f"nothing was trained: {words(run.message)}")
    measured.nights.append(
        {
            "seed": seed,
            "state": run.state,
            "why": words(run.message),
            "seconds": round(perf_counter() - start, 1),
            "rows": run.version.card["rows"],
            "requests": run.version.card["requests"],
            "acts": Outcome.objects.count(),
            "posts": Post.objects.filter(is_comment=False).count(),
        }
    )
    return run.version.name


def interval(values: np.ndarray) -> dict[str, float]:
    """Mean and 95 % interval by a bootstrap over people."""
    draw = np.random.default_rng(0)
    means = values[draw.integers(0, len(values), (ROUNDS, len(values)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return {"mean": round(float(values.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def summed_up(measured: Measured) -> dict[str, Any]:
    told: dict[str, Any] = {"nights": measured.nights}
    for figure in FIGURES:
        orders = {order: measured.of(order, figure) for order in ("recipe", "learned", "newest")}
        told[figure] = {order: interval(values) for order, values in orders.items()}
        told[figure]["learned_less_recipe"] = interval(orders["learned"] - orders["recipe"])
        told[figure]["learned_less_recipe"]["seeds"] = [round(one, 4) for one in measured.differences(figure)]
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--after", type=int, nargs="+", default=[3, 10, 30])
    parser.add_argument("--turnout", type=float, default=0.8)
    given = parser.parse_args()
    start = perf_counter()
    own_site.claim("town")
    call_command("prepare_models", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")  # nothing here would be missed after a power cut
    found = {day: Measured() for day in given.after}
    for seed in range(given.seeds):
        live(seed, given.after, found, given.turnout)
    result: dict[str, Any] = {"seeds": given.seeds, "people": 46, "evenings": EVENINGS, "turnout": given.turnout}
    result |= {f"after_{day}_days": summed_up(measured) for day, measured in found.items()}
    result["seconds"] = round(perf_counter() - start)
    report(result)


def report(result: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(
        f"{result['people']} people, {result['seeds']} seeds, {result['seconds']} s; means, 95 % interval over people"
    )
    print(f"{'':<54}{'recipe':>9}{'learned':>9}{'newest':>9}{'learned less recipe':>27}  each seed")
    for after, told in result.items():
        if not after.startswith("after_"):
            continue
        print(after.replace("_", " "))
        for name, meaning in FIGURES.items():
            one = told[name]
            less = one["learned_less_recipe"]
            means = "".join(f"{one[order]['mean']:>9.3f}" for order in ("recipe", "learned", "newest"))
            each = " ".join(f"{one:+.3f}" for one in less["seeds"])
            print(f"  {meaning:<52}{means}{less['mean']:>+9.3f} ({less['low']:+.3f} to {less['high']:+.3f})  {each}")


if __name__ == "__main__":
    main()
