"""What ranks MIND impressions: counts, cosines, logistic regressions, boosted trees, the site's net. Knows no table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.mind_data import DAY, FEATURES, FIRST_DAY, Impression, rows
from ml.ranking.heads import HEADS
from ml.ranking.history import LENGTH

Floats = NDArray[np.floating]
Fit = Callable[[Floats, Floats, NDArray[np.integer]], Callable[[Floats], Floats]]  # x, y, impression -> scores of x
CLICK = HEADS.index("open")
HOURS_AN_ACT = 12.0  # the data has the order of acts and no times: the k-th newest is given 12·k hours


@dataclass
class Sample:
    """Impressions by time with their rows, one array each; `vectors` (posts, d) are less the middle."""

    impressions: Sequence[Impression]
    rows: Sequence[Floats]
    vectors: Floats
    acts: int
    names: tuple[str, ...] = FEATURES  # of the columns of a row

    def until(self, day: int) -> list[int]:
        return [place for place, one in enumerate(self.impressions) if one.day < day]

    def of(self, day: int) -> list[int]:
        return [place for place, one in enumerate(self.impressions) if one.day == day]

    def column(self, name: str) -> list[Floats]:
        return [row[:, self.names.index(name)] for row in self.rows]


def sample(impressions: Sequence[Impression], vectors: Floats, acts: int = LENGTH) -> Sample:
    return Sample(impressions, [rows(one, vectors, acts) for one in impressions], vectors, acts)


def squeezed(x: Floats) -> Floats:
    """As the net reads numbers: sign(x) · log(1 + |x|)."""
    return np.sign(x) * np.log1p(np.abs(x))


def nightly(fit: Fit, train: Sample, tests: Sequence[Sample], days: Sequence[int]) -> list[dict[int, Floats]]:
    """Fit anew before each day on all that is older, score that day: place of the impression -> scores, per test."""
    found: list[dict[int, Floats]] = [{} for _ in tests]
    for day in days:
        known = train.until(day)
        x = np.concatenate([squeezed(train.rows[place]) for place in known])
        y = np.concatenate([train.impressions[place].labels for place in known])
        group = np.repeat(np.arange(len(known)), [len(train.rows[place]) for place in known])
        score = fit(x, y, group)
        for scores, test in zip(found, tests, strict=True):
            scores |= {place: score(squeezed(test.rows[place])) for place in test.of(day)}
    return found


def logistic(strength: float) -> Fit:
    """Logistic regression on standardised rows; `strength` is scikit-learn's C."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def fit(x: Floats, y: Floats, group: NDArray[np.integer]) -> Callable[[Floats], Floats]:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000)).fit(x, y)
        return lambda rows: model.decision_function(rows)

    return fit


def boosted(leaves: int, trees: int) -> Fit:
    """Gradient boosted trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    def fit(x: Floats, y: Floats, group: NDArray[np.integer]) -> Callable[[Floats], Floats]:
        model = HistGradientBoostingClassifier(
            max_iter=trees, learning_rate=0.05, max_leaf_nodes=leaves, min_samples_leaf=100, random_state=0
        ).fit(x, y)
        return lambda rows: model.predict_proba(rows)[:, 1]

    return fit


def conditional(ridge: float) -> Fit:
    """Conditional logit: a linear score, the click chosen among the impression (McFadden 1974), by L-BFGS."""
    from scipy.optimize import minimize

    def fit(x: Floats, y: Floats, group: NDArray[np.integer]) -> Callable[[Floats], Floats]:
        mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-9
        z, starts = (x - mean) / spread, np.flatnonzero(np.diff(group, prepend=-1))
        share = y / np.add.reduceat(y, starts)[group]

        def loss(weights: Floats) -> tuple[float, Floats]:
            scores = z @ weights
            scores = scores - np.maximum.reduceat(scores, starts)[group]
            total = np.add.reduceat(np.exp(scores), starts)[group]
            chance = np.exp(scores) / total
            cost = -(share * (scores - np.log(total))).sum() + ridge * weights @ weights
            return float(cost), z.T @ (chance - share) + 2 * ridge * weights

        weights = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B").x
        return lambda rows: (rows - mean) / spread @ weights

    return fit


def write_dataset(data: Sample, folder: Path, encoder: str) -> Path:
    """The impressions as the site's training set has them: a click is the head "open", the others are unknown."""
    from ml.nets.ranker.data import Writer, padded

    with Writer(folder, data.names, data.vectors.shape[1]) as writer:
        writer.add_posts(data.vectors)
        for number, (one, row) in enumerate(zip(data.impressions, data.rows, strict=True)):
            acts, n = one.history[: min(data.acts, LENGTH)], len(one.posts)
            labels = np.full((n, len(HEADS)), -1)
            labels[:, CLICK] = one.labels
            writer.add(
                [n],
                person=[number],
                shown_at=[one.shown_at],
                hist_post=padded(acts, -1)[None],
                hist_kind=padded([0] * len(acts))[None],
                hist_age=padded([HOURS_AN_ACT * (place + 1) for place in range(len(acts))])[None],
                hist_author=padded([])[None],
                features=row,
                row_post=one.posts,
                row_author=np.zeros(n),
                position=np.zeros(n),
                labels=labels,
                impression=np.arange(n),
            )
        writer.close(encoder=encoder)
    return folder


def net(
    config: object, folders: Sequence[Path], tests: Sequence[Sample], day: int, out: Path
) -> list[dict[int, Floats]]:
    """The site's net trained on all before `day` of the first folder; logits of that day, per test."""
    import torch

    from ml.nets.ranker import export, fit
    from ml.nets.ranker.data import Dataset

    midnight = FIRST_DAY + (day - 9) * DAY
    fit.train(folders[0], out, replace(config, moments=(midnight, midnight)))  # type: ignore[type-var]
    model = export.load(out)
    found: list[dict[int, Floats]] = []
    for folder, test in zip(folders, tests, strict=True):
        data, places = Dataset(folder), test.of(day)
        scores: dict[int, Floats] = {}
        for batch_of in np.array_split(np.array(places), max(len(places) // 64, 1)):
            batch = data.gather(batch_of)
            with torch.no_grad():
                logits = model(*fit.tensors(batch))[..., CLICK].numpy()
            scores |= {int(p): row[keep] for p, row, keep in zip(batch_of, logits, batch.mask, strict=True)}
        found.append(scores)
    return found


def config(seed: int) -> object:
    """The net's settings here, chosen on 11 and 12 November (docs/experiments.md)."""
    from ml.nets.ranker.batches import Sampling
    from ml.nets.ranker.fit import Config

    small = {"width": 32, "layers": 1, "dropout": 0.3, "epochs": 1, "least_steps": 60, "lr": 3e-4}
    return Config(seed=seed, listwise=0.9, warm=True, sampling=Sampling(passed_at_most=16), threads=1, **small)
