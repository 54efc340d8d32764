"""How well "who acts on the same things" finds what people chose: MovieLens 100k, beside baselines and a published
table.

    python benchmarks/ml100k.py [folder with u.data]

The folder is the argument, else ml-100k in BENCHMARK_DATA, by default ../shared/data beside the repository; the data
set is not part of it. Without it this says so and ends. A split keeps 75 % of each person's ratings for training; all
ratings count as chosen, as in the published table. Parameters are chosen by nDCG@10 on a quarter of each training part,
for every split anew; the test part takes no part in that. Prints a table, writes benchmarks/results/ml100k.json.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ml.training import coengagement  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "ml100k.json"
SEEDS, K, SERVED_NEIGHBOURS, SERVED_ACTS = range(5), 10, 40, 30
STUDENT_95 = 2.776  # 97.5 % point of Student's t with 4 degrees of freedom
NAMES = ("ndcg", "precision", "recall")
# microsoft/recommenders, examples/06_benchmarks/movielens.ipynb: one split, k = 10; nDCG, precision, recall.
PUBLISHED = {
    "BiVAE": (0.475, 0.412, 0.219),
    "BPR": (0.442, 0.388, 0.213),
    "LightGCN": (0.420, 0.380, 0.144),
    "SAR": (0.382, 0.331, 0.176),
}
Scores = np.ndarray
Fit = Callable[..., Scores]  # training matrix (people, films), seed, parameters -> (people, films)


@dataclass(frozen=True)
class Method:
    fit: Fit
    grid: dict[str, tuple[Any, ...]]

    def settings(self) -> list[dict[str, Any]]:
        return [dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())]


def by_chance(train: sp.csr_matrix, seed: int) -> Scores:
    return np.random.default_rng(seed).random(train.shape)


def by_popularity(train: sp.csr_matrix, seed: int) -> Scores:
    return np.tile(np.asarray(train.sum(axis=0)), (train.shape[0], 1))


def item_knn(train: sp.csr_matrix, seed: int, kind: str, neighbours: int, **more: Any) -> Scores:
    from implicit import nearest_neighbours

    model = getattr(nearest_neighbours, f"{kind}Recommender")(K=neighbours, **more)
    model.fit(train, show_progress=False)
    return (train @ model.similarity).toarray()


def factors(train: sp.csr_matrix, seed: int, kind: str, **settings: Any) -> Scores:
    """ALS (Hu et al. 2008) or BPR (Rendle et al. 2009) of `implicit`; one thread, so that a seed means one result."""
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking

    made = {"ALS": AlternatingLeastSquares, "BPR": BayesianPersonalizedRanking}[kind]
    model = made(**settings, random_state=seed, num_threads=1, use_gpu=False)
    model.fit(train, show_progress=False)
    return model.user_factors @ model.item_factors.T


def bpr(train: sp.csr_matrix, seed: int, factors: int, decay: float, epochs: int) -> Scores:
    """BPR with negatives drawn evenly, as in Rendle et al. 2009: `implicit` draws them by popularity, which costs it
    most of this measure. Adam in batches of 4,096 pairs; the weight decay is that of the three rows of a pair."""
    import torch

    torch.set_num_threads(1)
    luck = torch.Generator().manual_seed(seed)
    people, films = (torch.from_numpy(side.astype(np.int64)) for side in train.nonzero())
    known = torch.from_numpy(train.toarray() > 0)
    who = torch.nn.Parameter(0.1 * torch.randn((train.shape[0], factors), generator=luck))
    what = torch.nn.Parameter(0.1 * torch.randn((train.shape[1], factors), generator=luck))
    bias = torch.nn.Parameter(torch.zeros(train.shape[1]))
    steps = torch.optim.Adam([who, what, bias], lr=0.01)
    for _epoch in range(epochs):
        for rows in torch.randperm(len(people), generator=luck).split(4096):
            person, film = people[rows], films[rows]
            other = torch.randint(train.shape[1], (len(rows),), generator=luck)
            sure = ~known[person, other]
            person, film, other = person[sure], film[sure], other[sure]
            margin = (who[person] * (what[film] - what[other])).sum(dim=1) + bias[film] - bias[other]
            weight = (who[person] ** 2 + what[film] ** 2 + what[other] ** 2).sum(dim=1)
            loss = (torch.nn.functional.softplus(-margin) + decay * weight).mean()
            steps.zero_grad()
            loss.backward()
            steps.step()
    return (who @ what.T + bias).detach().numpy()


def rp3beta(train: sp.csr_matrix, seed: int, alpha: float, beta: float) -> Scores:
    """Three steps on the graph of people and films (Paudel et al. 2017), damped by popularity."""
    people = np.maximum(np.asarray(train.sum(axis=1)).ravel(), 1)
    films = np.maximum(np.asarray(train.sum(axis=0)).ravel(), 1)
    walk = (sp.diags_array(1 / films) @ train.T).power(alpha) @ (sp.diags_array(1 / people) @ train).power(alpha)
    similar = walk.toarray() / films**beta
    np.fill_diagonal(similar, 0)
    return train @ similar


def ease(train: sp.csr_matrix, seed: int, shrink: float, damping: float) -> Scores:
    return train @ coengagement.similarity(train, shrink, damping)


def served(train: sp.csr_matrix, seed: int) -> Scores:
    """As the site asks it: its constants, 40 neighbours a film that two people share, 30 acts a person by chance
    (the data set's times are those of one sitting)."""
    shared = coengagement.together(train)
    shared.data[shared.data < 2] = 0
    shared.eliminate_zeros()
    found = coengagement.nearest(coengagement.similarity(train), shared, SERVED_NEIGHBOURS)
    kept = sp.lil_matrix((train.shape[1], train.shape[1]))
    for row, (columns, scores) in enumerate(found):
        kept[row, columns] = scores
    rng, acts = np.random.default_rng(seed), train.tolil()
    for person, films in enumerate(acts.rows):
        dropped = rng.permutation(films)[SERVED_ACTS:]
        acts[person, dropped] = 0
    return (acts.tocsr() @ kept.tocsr()).toarray()


METHODS = {
    "random": Method(by_chance, {}),
    "popularity": Method(by_popularity, {}),
    "item-kNN, cosine (implicit)": Method(item_knn, {"kind": ("Cosine",), "neighbours": (50, 100, 200, 400)}),
    "item-kNN, BM25 (implicit)": Method(
        item_knn, {"kind": ("BM25",), "neighbours": (100, 300), "K1": (1.2, 10, 50), "B": (0.1, 0.2, 0.5)}
    ),
    "ALS (implicit)": Method(
        factors,
        {"kind": ("ALS",), "factors": (8, 16, 32), "regularization": (10, 30, 60), "alpha": (2, 5)},
    ),
    "BPR (implicit)": Method(
        factors,
        {
            "kind": ("BPR",),
            "factors": (64,),
            "learning_rate": (0.001, 0.003, 0.01),
            "regularization": (0.001,),
            "iterations": (100, 300),
        },
    ),
    "BPR, even negatives": Method(bpr, {"factors": (64,), "decay": (0.005, 0.01, 0.02), "epochs": (100,)}),
    "RP3beta": Method(rp3beta, {"alpha": (0.5, 0.6, 0.7, 0.8), "beta": (0.4, 0.5, 0.6, 0.7)}),
    "EASE": Method(ease, {"shrink": (2, 4, 6, 8, 12, 16, 24), "damping": (0.0,)}),
    "EASE, people damped": Method(ease, {"shrink": (2, 4, 6, 8, 12, 16, 24), "damping": (0.25, 0.5, 0.75, 1.0)}),
    "the same, as the site serves it": Method(served, {}),
}


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """(person, film) of every rating, from 0."""
    rows = np.loadtxt(folder / "u.data", dtype=np.int64, usecols=(0, 1))
    return rows[:, 0] - 1, rows[:, 1] - 1


def held_out(people: np.ndarray, seed: int) -> np.ndarray:
    """A mask of a quarter of each person's rows."""
    order = np.lexsort((np.random.default_rng(seed).random(len(people)), people))
    many = np.bincount(people)
    place = np.arange(len(people)) - np.repeat(np.cumsum(many) - many, many)
    mask = np.zeros(len(people), dtype=bool)
    mask[order] = place >= np.round(0.75 * np.repeat(many, many))
    return mask


def measured(scores: Scores, train: sp.csr_matrix, test: sp.csr_matrix) -> tuple[float, float, float]:
    """Means over the people with test films: nDCG@10 with gains of 0 and 1, precision@10, recall@10."""
    scores = np.array(scores, dtype=np.float64)
    scores[train.nonzero()] = -np.inf
    top = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    chosen = test.toarray() > 0
    asked = chosen.any(axis=1)
    hits, wanted = np.take_along_axis(chosen, top, axis=1)[asked], chosen.sum(axis=1)[asked]
    gains = 1 / np.log2(np.arange(2, K + 2))
    best = np.cumsum(gains)[np.minimum(wanted, K) - 1]
    return float((hits @ gains / best).mean()), float(hits.mean()), float((hits.sum(axis=1) / wanted).mean())


def run(people: np.ndarray, films: np.ndarray) -> dict[str, Any]:
    """Per method: the three figures and seconds of every seed, and what was chosen."""
    shape = (people.max() + 1, films.max() + 1)

    def matrix(mask: np.ndarray) -> sp.csr_matrix:
        ones = np.ones(int(mask.sum()), dtype=np.float32)
        return sp.csr_matrix((ones, (people[mask], films[mask])), shape=shape)

    found: dict[str, Any] = {name: {"runs": [], "seconds": [], "chosen": []} for name in METHODS}
    for seed in SEEDS:
        test = held_out(people, seed)
        inside = np.flatnonzero(~test)
        judged = np.zeros_like(test)
        judged[inside[held_out(people[inside], 1000 + seed)]] = True
        small, validation = matrix(~test & ~judged), matrix(judged)
        for name, method in METHODS.items():
            tried = method.settings()
            figures = (
                [measured(method.fit(small, seed, **s), small, validation)[0] for s in tried] if tried[1:] else [0]
            )
            best = tried[int(np.argmax(figures))]
            start = time.perf_counter()
            scores = method.fit(matrix(~test), seed, **best)
            found[name]["seconds"].append(time.perf_counter() - start)
            found[name]["runs"].append(measured(scores, matrix(~test), matrix(test)))
            found[name]["chosen"].append({key: value for key, value in best.items() if key != "kind"})
            print(f"seed {seed}: {name}: {found[name]['runs'][-1][0]:.4f} {best}", file=sys.stderr, flush=True)
    return found


def summed(found: dict[str, Any]) -> dict[str, Any]:
    """Mean over the seeds of each figure and half the width of its 95 % interval (Student's t)."""
    rows = {}
    for name, one in found.items():
        runs = np.array(one["runs"])
        half = STUDENT_95 * runs.std(axis=0, ddof=1) / np.sqrt(len(runs))
        rows[name] = {
            **{figure: round(float(runs[:, i].mean()), 4) for i, figure in enumerate(NAMES)},
            **{f"{figure}_interval": round(float(half[i]), 4) for i, figure in enumerate(NAMES)},
            "seconds": round(float(np.median(one["seconds"])), 2),
            "chosen": one["chosen"],
            "by_seed": [[round(figure, 4) for figure in figures] for figures in one["runs"]],
        }
    return rows


def show(rows: dict[str, Any]) -> None:
    print(f"MovieLens 100k, 75/25 a person, k = {K}, {len(SEEDS)} splits; mean ± 95 % interval")
    print(f"{'':34}{'nDCG@10':>17}{'precision':>17}{'recall':>17}{'seconds':>9}")
    for name, row in sorted(rows.items(), key=lambda item: item[1]["ndcg"]):
        cells = "".join(f"{row[figure]:8.4f} ± {row[f'{figure}_interval']:.4f}" for figure in NAMES)
        print(f"{name:34}{cells}{row['seconds']:9.2f}")
    for name, figures in PUBLISHED.items():
        print(f"{'published: ' + name:34}" + "".join(f"{figure:8.3f}         " for figure in figures))


def folder_of_data() -> Path:
    sets = Path(os.environ.get("BENCHMARK_DATA", ROOT.parent / "shared" / "data"))
    return Path(sys.argv[1]) if sys.argv[1:] else sets / "ml-100k"


def main() -> int:
    folder = folder_of_data()
    if not (folder / "u.data").is_file():
        print(
            f"MovieLens 100k is not here ({folder}/u.data), so this benchmark is left out. Get ml-100k.zip from\n"
            "https://grouplens.org/datasets/movielens/100k/ and name the unpacked folder: benchmarks/ml100k.py FOLDER"
        )
        return 0
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    rows = summed(run(*read(folder)))
    show(rows)
    about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": platform.machine(), "k": K}
    about |= {"processors": os.cpu_count(), "splits": len(SEEDS), "share_of_training": 0.75}
    RESULTS.parent.mkdir(exist_ok=True)
    published = {name: dict(zip(NAMES, figures, strict=True)) for name, figures in PUBLISHED.items()}
    RESULTS.write_text(json.dumps({"about": about, "results": rows, "published": published}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
