"""Which way of naming the acts behind a score is most faithful: undoing the named act for real must move it most.

    python benchmarks/explanation.py [--posts 8]

Seeds the demo in a database of its own (var/bench-explanation, see own_site.py), ranked by the shipped ranker. For each
person's first posts every method names one act. That act is undone, the person's interests are learned anew, and the
post is hydrated and scored as the page would; so is another act at random, the same for all methods. Reported: the
share of cases in which the named one moved the score more, with a 95 % bootstrap interval over people, and
milliseconds a post. Prints a table, writes results/explanation.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import own_site  # noqa: E402

own_site.choose("explanation")

import django  # noqa: E402

django.setup()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from captum.attr import IntegratedGradients  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from torch import Tensor  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks.ranking_metrics import Figures  # noqa: E402
from ml import registry  # noqa: E402
from ml.nets.ranker import export  # noqa: E402
from ml.ranking import attribution, serve, weights  # noqa: E402
from ml.ranking.candidate import Floats, Query  # noqa: E402
from ml.ranking.heads import HEADS  # noqa: E402
from ml.ranking.history import History  # noqa: E402
from ml.ranking.learned import Learned, load  # noqa: E402
from ml.rehearsal import faithful, starter  # noqa: E402

RESULTS = HERE / "results" / "explanation.json"
STEPS = 32
Asked = tuple[Learned, History, Floats, int, Floats, Floats]  # as `attribution.moved`, less the table


def served(asked: Asked) -> Floats:
    return attribution.moved(*asked, table=weights.current())


def history_alone(asked: Asked) -> Floats:
    """Occlusion of what the net reads of the acts; the numbers of the row stay, though the same acts made them."""
    return attribution.moved(*asked[:-1], np.zeros_like(asked[-1]), table=weights.current())


def numbers_alone(asked: Asked) -> Floats:
    """The row without each act, by the recipe's own weights: no question to the net at all."""
    from ml.ranking.home import PLAIN

    row, less = asked[4], asked[5]
    scores = np.sum(list(PLAIN.of_rows(np.concatenate([row[None], row[None] + less])).values()), axis=0)
    return np.asarray(scores[0] - scores[1:], dtype=np.float32)


def cosine(asked: Asked) -> Floats:
    return np.asarray(asked[1].vectors @ asked[2], dtype=np.float32)


class Scored(torch.nn.Module):
    """Weighted chances of one candidate, as the page adds them up, in torch."""

    def __init__(self) -> None:
        super().__init__()
        self.net = export.load(starter.FOLDER)
        table = weights.current()
        self.weights = torch.tensor([table[head] for head in HEADS])

    def forward(self, *inputs: Tensor) -> Tensor:
        return (self.net.probability(self.net(*inputs)) @ self.weights)[:, 0]

    @staticmethod
    def inputs(asked: Asked) -> tuple[Tensor, ...]:
        _model, history, vector, author, row, _less = asked
        parts = (history.vectors, history.kinds, history.age_hours, history.authors, np.ones(len(history), bool))
        person = [torch.as_tensor(np.array(part))[None] for part in parts]
        post = [torch.as_tensor(np.array(part))[None, None] for part in (vector, author, row)]
        return (*person, *post)


def attention(scored: Scored) -> Callable[[Asked], Floats]:
    def ask(asked: Asked) -> Floats:
        with torch.no_grad():
            return np.asarray(scored.net.attend(*scored.inputs(asked))[1][0, 0])

    return ask


def gradients(scored: Scored) -> Callable[[Asked], Floats]:
    """Integrated gradients (Sundararajan et al. 2017) from zero vectors, summed over each act's numbers."""
    method = IntegratedGradients(lambda history, *rest: scored(history, *rest))

    def ask(asked: Asked) -> Floats:
        history, *rest = scored.inputs(asked)
        found = method.attribute(
            history, baselines=torch.zeros_like(history), additional_forward_args=tuple(rest), n_steps=STEPS
        )
        return found.sum(-1)[0].detach().numpy()

    return ask


def methods() -> dict[str, Callable[[Asked], Floats]]:
    scored = Scored().eval()
    return {
        "occlusion of history and numbers (served)": served,
        "occlusion of the history alone": history_alone,
        "the numbers alone, by the recipe": numbers_alone,
        "integrated gradients": gradients(scored),
        "cosine to the post": cosine,
        "attention": attention(scored),
    }


def asked_of(model: Learned, query: Query, post_id: int, row: Floats) -> Asked | None:
    """What every method is given; None where there is no history to name an act of."""
    taken: list[Asked] = []

    def take(*given: Any) -> Floats:
        taken.append(given[:-1])
        return np.zeros(len(given[1]), dtype=np.float32)

    real, attribution.moved = attribution.moved, take  # type: ignore[assignment]
    try:
        attribution.each_act(model, query, post_id, row)
    finally:
        attribution.moved = real
    return taken[0] if taken else None


def cases(posts: int) -> Iterator[tuple[faithful.Person, int, Asked]]:
    """Every person's first posts: the place among them, and what the methods are asked."""
    model = load(registry.serving_ranker())
    for viewer in User.objects.filter(is_active=True, consent__behaviour=True).order_by("pk"):
        ids = [item.post_id for item in serve.rank(viewer, limit=200).items[:posts]]
        person = faithful.Person(model, viewer.pk, ids, timezone.now())
        rows = person.scored()[0]
        for place, post_id in enumerate(ids):
            asked = asked_of(model, Query(viewer_id=viewer.pk, now=person.now), post_id, rows[place])
            if asked is not None and len(asked[1]) >= 3:
                yield person, place, asked


def measure(posts: int) -> dict[str, dict[str, Any]]:
    won: dict[str, dict[int, list[bool]]] = defaultdict(lambda: defaultdict(list))
    ms: dict[str, list[float]] = defaultdict(list)
    draw, ways = np.random.default_rng(0), methods()
    for count, (person, place, asked) in enumerate(cases(posts), start=1):
        acts, drawn = faithful.acts_of(asked[1]), draw.permutation(len(asked[1]))
        for name, method in ways.items():
            start = perf_counter()
            first = int(np.abs(method(asked)).argmax())
            ms[name].append(1000 * (perf_counter() - start))
            other = int(next(at for at in drawn if at != first))
            won[name][person.person_id].append(person.moved(acts[first], place) > person.moved(acts[other], place))
        print(f"{count} cases", end="\r", file=sys.stderr)
    return {name: summed_up(list(people.values()), ms[name]) for name, people in won.items()}


def summed_up(people: list[list[bool]], ms: list[float]) -> dict[str, Any]:
    each = np.array([[np.mean(wins)] for wins in people])
    share = Figures(("share",), each).intervals()["share"]
    told = {part: round(value, 4) for part, value in share.items()}
    return {**told, "ms_a_post": round(float(np.median(ms)), 2), "cases": sum(map(len, people)), "people": len(people)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=8, help="first posts of each person")
    given = parser.parse_args()
    torch.set_num_threads(1)
    own_site.claim("explanation")
    call_command("prepare_models", verbosity=0)
    call_command("seed_demo", again=True)
    result = measure(given.posts)
    about = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "load": round(os.getloadavg()[0], 2),
        "data": "the seeded demo, each named act undone for real",
        "version": registry.serving_ranker(),
    }
    RESULTS.write_text(json.dumps({**about, "methods": result}, indent=2) + "\n", encoding="utf-8")
    print(f"{'method':<44}{'moved more than a random act':>30}{'ms a post':>12}{'cases':>8}")
    for name, row in result.items():
        interval = f"{row['mean']:.1%} [{row['low']:.1%}, {row['high']:.1%}]"
        print(f"{name:<44}{interval:>30}{row['ms_a_post']:>12.2f}{row['cases']:>8}")


if __name__ == "__main__":
    main()
