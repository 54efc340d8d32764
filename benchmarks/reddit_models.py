"""What ranks who joins a thread: single numbers, two regressions, the site's net. Knows no file of the data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.reddit_data import NOBODY
from benchmarks.reddit_features import FEATURES, HOUR, Past, Situation
from ml.ranking.heads import HEADS
from ml.ranking.history import KINDS, LENGTH, bucket

Floats = NDArray[np.floating]
Scores = list[Floats]  # one array a situation
COMMENT = HEADS.index("comment")
MANY = 1e3  # more than any count


def simple(data: Sequence[Situation]) -> dict[str, Scores]:
    """What needs no training."""
    rng = np.random.default_rng(7)
    met = [one.column("answered_them") + one.column("answered_by") + one.column("met") / MANY for one in data]
    here = [one.column("here") * MANY for one in data]
    latest = [far - one.column("hours_left") for far, one in zip(here, data, strict=True)]
    waiting = [far + one.column("unanswered") for far, one in zip(here, data, strict=True)]
    return {
        "random": [rng.random(len(one.people)) for one in data],
        "popularity: messages so far": [one.column("messages") for one in data],
        "messages of the last week": [one.column("week") for one in data],
        "latest anywhere": [-one.column("days_silent") for one in data],
        "text profile, cosine": [one.column("mean_like") for one in data],
        "social: answered or met before": met,
        "wrote here, then text": [far + one.column("mean_like") for far, one in zip(here, data, strict=True)],
        "wrote here, latest first, then social": [a * MANY + b for a, b in zip(latest, met, strict=True)],
        "wrote here, answered last, then social": [a * MANY + b for a, b in zip(waiting, met, strict=True)],
    }


def squeezed(data: Sequence[Situation]) -> tuple[Floats, Floats, Floats, NDArray[np.integer]]:
    """Rows as the net reads them, sign(x) · log(1 + |x|); answers, weights, and the situation of each."""
    rows = np.concatenate([one.rows for one in data]).astype(np.float64)
    group = np.repeat(np.arange(len(data)), [len(one.people) for one in data])
    joins, weight = (np.concatenate([getattr(one, name) for one in data]) for name in ("joins", "weight"))
    return np.sign(rows) * np.log1p(np.abs(rows)), joins, weight, group


def logistic(train: Sequence[Situation], test: Sequence[Situation], strength: float) -> Scores:
    """Logistic regression on standardised rows; `strength` is scikit-learn's C, for rows of mean weight 1."""
    from sklearn.linear_model import LogisticRegression

    x, y, weight, _group = squeezed(train)
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    model = LogisticRegression(C=strength, max_iter=1000).fit((x - mean) / spread, y, weight / weight.mean())
    return [model.decision_function((squeezed([one])[0] - mean) / spread) for one in test]


def conditional(train: Sequence[Situation], test: Sequence[Situation], ridge: float) -> Scores:
    """Conditional logit: the one who joins is chosen among all (McFadden 1974); a drawn row stands for its weight."""
    from scipy.optimize import minimize

    x, y, weight, group = squeezed(train)
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
    z, starts = (x - mean) / spread, np.flatnonzero(np.diff(group, prepend=-1))
    share = y / np.add.reduceat(y, starts)[group]

    def loss(weights: Floats) -> tuple[float, Floats]:
        logs = z @ weights + np.log(weight)
        logs = logs - np.maximum.reduceat(logs, starts)[group]
        total = np.add.reduceat(np.exp(logs), starts)[group]
        cost = -(share * (logs - np.log(total))).sum() + ridge * weights @ weights
        return float(cost), z.T @ (np.exp(logs) / total - share) + 2 * ridge * weights

    weights = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B").x
    return [(squeezed([one])[0] - mean) / spread @ weights for one in test]


def write_dataset(data: Sequence[Situation], past: Past, folder: Path, encoder: str) -> Path:
    """The site's training set turned round: a request is a thread, whose messages stand where a person's acts stand;
    a candidate is a person, by the mean of what they wrote elsewhere. Joining is the head "comment"."""
    from ml.nets.ranker.data import Writer, padded

    first = len(past.all_vectors)
    with Writer(folder, FEATURES, past.all_vectors.shape[1]) as writer:
        writer.add_posts(past.all_vectors)
        writer.add_posts(past.profiles)
        for number, one in enumerate(data):
            acts, n = one.thread.messages[: -LENGTH - 1 : -1], len(one.people)
            authors = [0 if act.person in NOBODY else bucket(past.number[act.person]) for act in acts]
            labels = np.full((n, len(HEADS)), -1)
            labels[:, COMMENT] = one.joins
            writer.add(
                [n],
                person=[number],
                shown_at=[one.at],
                hist_post=padded([act.place for act in acts], -1)[None],
                hist_kind=padded([KINDS.index("comment")] * len(acts))[None],
                hist_age=padded([(one.at - act.at) / HOUR for act in acts])[None],
                hist_author=padded(authors)[None],
                features=one.rows,
                row_post=np.where(one.profiles >= 0, one.profiles + first, -1),
                row_author=[bucket(int(person)) for person in one.people],
                position=np.zeros(n),
                labels=labels,
                weight=one.weight,
                impression=np.arange(n),
            )
        writer.close(encoder=encoder)
    return folder


def config(seed: int, **changes: object) -> object:
    """The net's settings here, chosen on the second half of April (docs/experiments.md)."""
    from ml.nets.ranker.batches import Sampling
    from ml.nets.ranker.fit import Config

    small = {"width": 32, "layers": 1, "dropout": 0.3, "epochs": 1, "least_steps": 300, "lr": 1e-3, "listwise": 0.9}
    whole = Sampling(passed_at_most=1000)
    after = (4e9, 4e9)  # train on all of the set
    return Config(**{"seed": seed, "warm": True, "sampling": whole, "threads": 1, "moments": after, **small, **changes})  # type: ignore[arg-type]


def net(settings: object, train: Path, test: Path, out: Path) -> Scores:
    """The site's net trained on one data set; its logits of joining on another."""
    import torch

    from ml.nets.ranker import export, fit
    from ml.nets.ranker.data import Dataset

    fit.train(train, out, settings)  # type: ignore[arg-type]
    model, data = export.load(out), Dataset(test)
    scores: Scores = []
    for batch in data.view().batches(4):
        with torch.no_grad():
            logits = model(*fit.tensors(batch))[..., COMMENT].numpy()
        scores += [row[keep] for row, keep in zip(logits, batch.mask, strict=True)]
    return scores
