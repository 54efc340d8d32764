"""MIND impressions as a ranker saw them: who had read what, what was shown, what was known then. Knows no model."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.embedding.clusters import clusters, similarities
from ml.ranking.history import LENGTH

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]
FIRST_DAY = datetime(2019, 11, 9, tzinfo=UTC).timestamp()
DAY = 86400.0
# The row: what of the site's row (ml.ranking.features) this data can say.
FEATURES = (
    "interest",  # cosine to the nearest cluster of what was read, weighed as the site weighs it
    "liked_like",  # mean cosine to the three nearest acts
    "mean_like",  # cosine to the mean of the history
    "quality",  # log of clicks per showing over the usual, smoothed
    "quality_lately",  # the same, fading with hours
    "freshness",  # halves every 18 hours since it was first shown
    "likes",  # clicks so far
    "shown",  # showings so far
    "length",  # log of characters
    "cold",  # 1 without history
)
PRIOR_SHOWN, PRIOR_LATELY = 20.0, 10.0  # showings at the usual rate that every post is mixed with
FADE_HOURS, HALF_LIFE_HOURS = 12.0, 18.0
INTERESTS, SURE, LEAST = 8, 3, 0.03  # as ml.conf has them: at most, kept however weak, least share beyond


@dataclass
class Impression:
    """One page: `history` places of posts, newest first; `posts` shown, `labels` 1 for clicked."""

    shown_at: float
    person: str
    history: list[int]
    posts: Ints
    labels: Ints
    known: dict[str, Floats] = field(default_factory=dict)  # what does not hang on the person

    @property
    def day(self) -> int:
        """Of November 2019."""
        return 9 + int((self.shown_at - FIRST_DAY) // DAY)

    @property
    def usable(self) -> bool:
        """Something was read before, something was clicked and something passed, all of it with text."""
        return bool(self.history) and 0 < int(self.labels.sum()) < len(self.labels)


def read(folder: Path) -> tuple[list[str], list[Impression]]:
    """Texts (title and abstract), and all impressions by time; posts without text are left out everywhere."""
    with (folder / "news_zh.tsv").open(encoding="utf-8", newline="") as file:
        news = list(csv.reader(file, delimiter="\t"))[1:]
    place = {row[0]: number for number, row in enumerate(news)}
    with (folder / "behaviors.tsv").open(encoding="utf-8") as file:
        found = [_impression(line.rstrip("\n").split("\t"), place) for line in file]
    return [f"{row[1]}\n{row[2]}".strip() for row in news], sorted(found, key=lambda one: one.shown_at)


def _impression(parts: Sequence[str], place: dict[str, int]) -> Impression:
    _number, person, when, history, shown = parts
    at = datetime.strptime(when, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp()
    marked = (one.rsplit("-", 1) for one in shown.split())
    pairs = [(place[post], int(label)) for post, label in marked if post in place]
    read_before = [place[post] for post in history.split() if post in place][::-1]
    return Impression(
        at, person, read_before, np.array([p for p, _ in pairs], int), np.array([y for _, y in pairs], int)
    )


def remember(impressions: Iterable[Impression], texts: Sequence[str]) -> None:
    """Fill in `known`: counts of showings and clicks strictly before each impression, over all of them, and ages."""
    n = len(texts)
    length = np.log1p([len(text) for text in texts])
    shown, clicked, lately_shown, lately_clicked = (np.zeros(n) for _ in range(4))
    first, before = np.full(n, np.inf), 0.0
    for at, group in groupby(impressions, key=lambda one: one.shown_at):
        fade = np.exp(-(at - before) / (FADE_HOURS * 3600))
        lately_shown, lately_clicked, before = lately_shown * fade, lately_clicked * fade, at
        together = list(group)
        usual = (clicked.sum() + 1) / (shown.sum() + 25)
        for one in together:
            posts = one.posts
            one.known = {
                "quality": _rate(clicked[posts], shown[posts], usual, PRIOR_SHOWN),
                "quality_lately": _rate(lately_clicked[posts], lately_shown[posts], usual, PRIOR_LATELY),
                "freshness": 0.5 ** ((at - np.minimum(first[posts], at)) / 3600 / HALF_LIFE_HOURS),
                "likes": clicked[posts],
                "shown": shown[posts],
                "length": length[posts],
            }
        for one in together:
            shown[one.posts] += 1
            lately_shown[one.posts] += 1
            clicked[one.posts] += one.labels
            lately_clicked[one.posts] += one.labels
            first[one.posts] = np.minimum(first[one.posts], at)


def _rate(clicked: Floats, shown: Floats, usual: float, prior: float) -> Floats:
    return np.log((clicked + prior * usual) / (shown + prior) / usual)


def middle(impressions: Sequence[Impression], vectors: Floats) -> Floats:
    """The mean vector of what was read before the first two days were over: known before anything is tested."""
    early = {post for one in impressions if one.day < 11 for post in one.history}
    return vectors[sorted(early)].mean(axis=0)


def unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def interests(acts: Floats) -> tuple[Floats, Floats]:
    """The site's interests of these acts (h, d), all of one weight as their times are not known: unit vectors (k, d)
    and shares (k,), strongest first, as ml.embedding.learning makes them."""
    groups = sorted(clusters(similarities(acts, [frozenset()] * len(acts))), key=len, reverse=True)
    shares = np.array([len(group) / len(acts) for group in groups])
    kept = [row for row in range(min(len(groups), INTERESTS)) if row < SURE or shares[row] >= LEAST]
    return unit(np.stack([acts[groups[row]].mean(axis=0) for row in kept])), shares[kept]


def likeness(candidates: Floats, acts: Floats, same: NDArray[np.bool_]) -> dict[str, Floats]:
    """The numbers that hang on the person; `same` (n, h): the candidate is that act, which says nothing of it."""
    n = len(candidates)
    if not len(acts):
        return {"interest": np.zeros(n), "liked_like": np.zeros(n), "mean_like": np.zeros(n), "cold": np.ones(n)}
    cosines = np.where(same, 0, candidates @ acts.T)
    found, shares = interests(acts)
    match = np.maximum(candidates @ found.T, 0) * np.sqrt(shares / shares.max())
    return {
        "interest": match.max(axis=1),
        "liked_like": np.maximum(np.sort(cosines, axis=1)[:, -3:].mean(axis=1), 0),
        "mean_like": candidates @ unit(acts.mean(axis=0)),
        "cold": np.zeros(n),
    }


def rows(one: Impression, vectors: Floats, acts: int = LENGTH) -> Floats:
    """Rows (n, FEATURES) float32 of an impression, its history cut to the newest `acts`; vectors less the middle."""
    history = one.history[:acts]
    same = one.posts[:, None] == np.array(history, dtype=int)[None, :]
    numbers = {**one.known, **likeness(vectors[one.posts], vectors[history], same)}
    return np.stack([numbers[name] for name in FEATURES], axis=1).astype(np.float32)
