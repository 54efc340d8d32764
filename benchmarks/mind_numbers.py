"""More numbers for a row of MIND impressions than benchmarks/mind.py has: one array an impression. Knows no model.

Everything popular is counted strictly before an impression, over all of them; nothing looks ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from benchmarks.mind_data import Impression, unit
from ml.ranking.history import LENGTH

Floats = NDArray[np.floating]
Column = list[Floats]
Told = dict[int, Floats]  # by the object's id, as the usable impressions are some of all
NEAR, PRIOR = 0.1, 10.0  # how fast likeness of meaning falls off; showings at the usual rate mixed in
EARLY = 11  # towers and words are learned from what was read before that day of November


def cosine_to_mean(data: Sequence[Impression], vectors: Floats) -> Column:
    """To the mean of the history, by whatever vectors these are."""
    return [vectors[one.posts] @ unit(vectors[one.history[:LENGTH]].mean(axis=0)) for one in data]


def rates(everything: Sequence[Impression], data: Sequence[Impression], n: int, hours: float) -> Column:
    """Log of clicks per showing over the usual, both fading to a third within so many hours."""
    return _counted(everything, data, n, hours, lambda posts, clicked, shown: (clicked[posts], shown[posts]))


def alike(everything: Sequence[Impression], data: Sequence[Impression], vectors: Floats, hours: float) -> Column:
    """The same of all other posts, weighed by likeness of meaning: exp((cosine − 1) / NEAR)."""
    ever = np.unique(np.concatenate([one.posts for one in everything]))

    def near(posts: NDArray[np.integer], clicked: Floats, shown: Floats) -> tuple[Floats, Floats]:
        known = ever[shown[ever] > 0]
        weight = np.exp((vectors[posts] @ vectors[known].T - 1) / NEAR)
        weight[posts[:, None] == known] = 0
        return weight @ clicked[known], weight @ shown[known]

    return _counted(everything, data, len(vectors), hours, near)


def _counted(
    everything: Sequence[Impression],
    data: Sequence[Impression],
    n: int,
    hours: float,
    of: Callable[[NDArray[np.integer], Floats, Floats], tuple[Floats, Floats]],
) -> Column:
    wanted, found = {id(one) for one in data}, {}
    clicked, shown, before = np.zeros(n), np.zeros(n), 0.0
    for at, group in groupby(everything, key=lambda one: one.shown_at):
        fade, before = np.exp(-(at - before) / (hours * 3600)), at
        clicked, shown, together = clicked * fade, shown * fade, list(group)
        usual = (clicked.sum() + 1) / (shown.sum() + 25)
        for one in together:
            if id(one) in wanted:
                clicks, showings = of(one.posts, clicked, shown)
                found[id(one)] = np.log((clicks + PRIOR * usual) / (showings + PRIOR) / usual)
        for one in together:
            np.add.at(shown, one.posts, 1)
            np.add.at(clicked, one.posts, one.labels)
    return [found[id(one)] for one in data]


def letters(data: Sequence[Impression], texts: Sequence[str]) -> Column:
    """Cosine to the history by pairs of characters (TF-IDF), which Chinese is well told apart by."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    early = sorted({post for one in data if one.day < EARLY for post in one.history})
    tfidf = TfidfVectorizer(analyzer="char", ngram_range=(2, 2), sublinear_tf=True, min_df=2)
    tfidf.fit([texts[post] for post in early])
    rows = tfidf.transform(texts)
    found = []
    for one in data:
        mean = np.asarray(rows[one.history[:LENGTH]].mean(axis=0)).ravel()
        found.append(rows[one.posts] @ (mean / max(float(np.linalg.norm(mean)), 1e-12)))
    return found


def tower(data: Sequence[Impression], vectors: Floats, seed: int = 0, passes: int = 7, batch: int = 256) -> Column:
    """Two towers, each one matrix that begins as the cosine: which of the batch's posts was held out of whose history.

    Learned from histories before EARLY, less the log of how often a post is held out (Yi et al. 2019).
    """
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    histories = list({one.person: one.history[:LENGTH] for one in data if one.day < EARLY}.values())
    pairs = [(who, place) for who, acts in enumerate(histories) if len(acts) > 1 for place in range(len(acts))]
    often = np.bincount([post for acts in histories for post in acts], minlength=len(vectors))
    usual = torch.as_tensor(np.log(np.maximum(often, 1)), dtype=torch.float32)
    posts = torch.as_tensor(vectors)
    reader, text = (torch.nn.Linear(vectors.shape[1], vectors.shape[1], bias=False) for _ in range(2))
    for part in (reader, text):
        torch.nn.init.eye_(part.weight)
    optimizer = torch.optim.Adam([*reader.parameters(), *text.parameters()], lr=1e-4)
    for _pass in range(passes):
        order = rng.permutation(len(pairs))
        for start in range(0, len(order) - batch, batch):
            chosen = [pairs[place] for place in order[start : start + batch]]
            held = torch.as_tensor([histories[who][place] for who, place in chosen])
            means = torch.stack(
                [posts[[p for k, p in enumerate(histories[who]) if k != at]].mean(0) for who, at in chosen]
            )
            users = torch.nn.functional.normalize(reader(means), dim=1)
            scores = users @ torch.nn.functional.normalize(text(posts[held]), dim=1).T / 0.1 - usual[held]
            scores = scores.masked_fill((held[:, None] == held) & ~torch.eye(len(held), dtype=torch.bool), -1e9)
            loss = torch.nn.functional.cross_entropy(scores, torch.arange(len(held)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        read, written = reader(posts).numpy(), torch.nn.functional.normalize(text(posts), dim=1).numpy()
    return [written[one.posts] @ unit(read[one.history[:LENGTH]].mean(axis=0)) for one in data]
