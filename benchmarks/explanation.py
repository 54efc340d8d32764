"""Which way of naming the acts behind a score is most faithful: deleting the named act must move the score most.

    python benchmarks/explanation.py [--cases 150] [--seeds 5]

For each seed a net is trained on a made-up town (tests/ml/nets/ranker/town.py). For held-out posts four methods name
one act each; that act is deleted from the history, and so is another at random. Reported: the share of cases in which
the named one moved the score more (mean over seeds, 95 % interval) and milliseconds a post (64 acts at most).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from time import perf_counter
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from captum.attr import IntegratedGradients  # noqa: E402
from torch import Tensor  # noqa: E402

from ml.nets.ranker import export, fit  # noqa: E402
from ml.ranking.heads import HEADS  # noqa: E402
from tests.ml.nets.ranker.town import Town  # noqa: E402

RESULTS = HERE / "results" / "explanation.json"
# As ml/ranking/weights.py begins with; written out, because this script runs without a site.
WEIGHTS = dict(zip(HEADS, (1.0, 2.0, 1.0, 1.0, 2.0, 1.0, 1.0, -3.0, -6.0), strict=True))
LEAST_ACTS, STEPS, T95 = 4, 32, {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}
Case = tuple[Tensor, ...]  # history, kind, age, author, mask, post, author, row: one person, one candidate


class Scored(torch.nn.Module):
    """Weighted chances of one candidate, as the page adds them up."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net, self.weights = net, torch.tensor([WEIGHTS[head] for head in HEADS])

    def forward(self, *inputs: Tensor) -> Tensor:
        return (self.net.probability(self.net(*inputs)) @ self.weights)[:, 0]


def occlusion(scored: Scored, case: Case) -> Tensor:
    acts = case[0].shape[1]
    many = tuple(part.repeat(acts + 1, *[1] * (part.ndim - 1)) for part in case)
    mask = many[4].clone()
    mask[torch.arange(1, acts + 1), torch.arange(acts)] = False
    with torch.no_grad():
        scores = scored(*many[:4], mask, *many[5:])
    return scores[0] - scores[1:]


def attention(scored: Scored, case: Case) -> Tensor:
    with torch.no_grad():
        return scored.net.attend(*case)[1][0, 0]


def cosine(scored: Scored, case: Case) -> Tensor:
    return (case[0] @ case[5][0, 0]).squeeze(0)


def gradients(scored: Scored, case: Case) -> Tensor:
    """Integrated gradients (Sundararajan et al. 2017) from zero vectors, summed over each act's numbers."""
    found = IntegratedGradients(lambda history, *rest: scored(history, *rest)).attribute(
        case[0], baselines=torch.zeros_like(case[0]), additional_forward_args=case[1:], n_steps=STEPS
    )
    return found.sum(-1)[0]


METHODS: dict[str, Callable[[Scored, Case], Tensor]] = {
    "occlusion": occlusion,
    "attention": attention,
    "cosine to the post": cosine,
    "integrated gradients": gradients,
}


def without(case: Case, act: int) -> Case:
    keep = [place for place in range(case[0].shape[1]) if place != act]
    return (*(part[:, keep] for part in case[:5]), *case[5:])


def cases_of(data: Any, most: int, rng: np.random.Generator) -> list[Case]:
    found: list[Case] = []
    for batch in data.split()[2].batches(1):
        acts = int(batch.history_mask[0].sum())
        if acts >= LEAST_ACTS and len(found) < most:
            place = int(rng.integers(batch.post.shape[1]))
            names = ("history", "history_kind", "history_age", "history_author", "history_mask")
            person = [torch.as_tensor(getattr(batch, name)[:, :acts]) for name in names]
            post = [torch.as_tensor(getattr(batch, name)[:, place : place + 1]) for name in ("post", "author", "row")]
            found.append((*person, *post))
    return found


def measure(seed: int, most: int) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as base:
        data = Town(seed=seed, people=60, requests=900).write(Path(base) / "data")
        config = fit.Config(seed=seed, width=32, layers=1, batch=32, least_steps=150, epochs=1, threads=1)
        fit.train(data.folder, Path(base) / "out", config)
        scored, cases = Scored(export.load(Path(base) / "out")).eval(), cases_of(data, most, rng)
    others = [rng.permutation(case[0].shape[1])[:2].tolist() for case in cases]
    found = {}
    for name, method in METHODS.items():
        wins, start, spent = 0, 0.0, 0.0
        for case, pair in zip(cases, others, strict=True):
            start = perf_counter()
            act = int(method(scored, case).abs().argmax())
            spent += perf_counter() - start
            other = next(place for place in pair if place != act)
            with torch.no_grad():
                whole, less, less_other = (float(scored(*c)) for c in (case, without(case, act), without(case, other)))
            wins += abs(whole - less) > abs(whole - less_other)
        found[name] = {"share": wins / len(cases), "ms": 1000 * spent / len(cases), "cases": len(cases)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    runs = [measure(seed, given.cases) for seed in range(given.seeds)]
    result = {}
    for name in METHODS:
        shares = [run[name]["share"] for run in runs]
        half = T95.get(len(shares), 1.96) * stdev(shares) / len(shares) ** 0.5 if len(shares) > 1 else 0.0
        cases = sum(run[name]["cases"] for run in runs)
        result[name] = {
            "share": round(mean(shares), 4),
            "half_interval_95": round(half, 4),
            "ms_a_post": round(mean(run[name]["ms"] for run in runs), 2),
            "cases": int(cases),
        }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"data": "made-up town", "seeds": given.seeds, "methods": result}, indent=2) + "\n")
    print(f"{'method':<24}{'moved more than a random act':>30}{'ms a post':>12}")
    for name, row in result.items():
        print(f"{name:<24}{row['share']:>20.1%} ± {row['half_interval_95']:.1%}{row['ms_a_post']:>13.2f}")


if __name__ == "__main__":
    main()
