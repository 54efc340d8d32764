"""A made-up town for the ranking net: people with tastes in a vector space, and acts that follow taste."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ml.nets.ranker.data import Dataset, Writer, padded
from ml.ranking.heads import HEADS
from ml.ranking.history import KINDS, bucket

FEATURES = ("quality", "age_hours", "noise")
LIKE, COMMENT, OPEN, DWELL, REJECT = (HEADS.index(name) for name in ("like", "comment", "open", "dwell", "reject"))


@dataclass
class Town:
    """Everybody cares for three of the subjects, more for one than for another, and refuses one; likes follow
    that, the quality of a post (the first number of its row), and its place on the page."""

    seed: int = 0
    people: int = 150
    requests: int = 1500
    shown: int = 20
    dimensions: int = 16
    subjects: int = 12
    posts: int = 2000
    shuffled: bool = False  # labels dealt out at random
    consent: bool = True  # to learn from what is opened and from reading time
    likes: float = -3.6  # log-odds of a like of nothing in particular
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        centres = self.rng.normal(size=(self.subjects, self.dimensions))
        self.subject = self.rng.integers(self.subjects, size=self.posts)
        vectors = centres[self.subject] + 0.6 * self.rng.normal(size=(self.posts, self.dimensions))
        self.vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        self.author = self.rng.integers(200, size=self.posts)
        self.quality = self.rng.normal(size=self.posts)
        self.taste = np.full((self.people, self.subjects), -1.0)
        for tastes in self.taste:
            chosen = self.rng.permutation(self.subjects)
            tastes[chosen[:3]], tastes[chosen[3]] = (3.5, 2.5, 1.5), -6
        self.acts: list[list[tuple[int, int, float]]] = [[] for _ in range(self.people)]  # newest first

    def write(self, folder: Path) -> Dataset:
        with Writer(folder, FEATURES, self.dimensions) as writer:
            writer.add_posts(self.vectors)
            for number in range(self.requests):
                writer.add([self.shown], **self._request(float(number * 60)))
            writer.close(encoder="made-up")
        return Dataset(folder)

    def _request(self, now: float) -> dict[str, np.ndarray]:
        person = int(self.rng.integers(self.people))
        posts = self.rng.permutation(self.posts)[: self.shown]
        acts = self.acts[person][:64]
        drawn = self._labels(person, posts)
        request = {
            "person": [person],
            "shown_at": [now],
            "hist_post": [padded([post for post, _, _ in acts], -1)],
            "hist_kind": [padded([kind for _, kind, _ in acts])],
            "hist_age": [padded([(now - at) / 3600 for _, _, at in acts])],
            "hist_author": [padded([bucket(int(self.author[post])) for post, _, _ in acts])],
            "features": np.stack([self.quality[posts], posts % 50, self.rng.normal(size=self.shown)], axis=1),
            "row_post": posts,
            "row_author": [bucket(int(author)) for author in self.author[posts]],
            "position": np.arange(self.shown),
            "labels": self.rng.permutation(drawn) if self.shuffled else drawn,
            "impression": int(now) * 100 + np.arange(self.shown),
        }
        for head, kind in ((LIKE, "like"), (COMMENT, "comment"), (REJECT, "refused")):
            new = [(int(post), KINDS.index(kind), now) for post in posts[drawn[:, head] == 1]]
            self.acts[person] = new + self.acts[person]
        return {name: np.asarray(values) for name, values in request.items()}

    def _labels(self, person: int, posts: np.ndarray) -> np.ndarray:
        taste = self.taste[person, self.subject[posts]]
        place = -0.08 * np.arange(len(posts))
        odds = np.full((len(posts), len(HEADS)), -99.0)
        odds[:, LIKE] = self.likes + taste + 0.7 * self.quality[posts] + place
        odds[:, COMMENT] = odds[:, LIKE] - 1.5
        odds[:, OPEN] = odds[:, LIKE] + 0.5
        odds[:, DWELL] = odds[:, LIKE] + 1
        odds[:, REJECT] = -4.5 - 0.8 * taste
        labels = (self.rng.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(np.int8)
        if not self.consent:
            labels[:, [OPEN, DWELL]] = -1
        return labels


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve of flat arrays (Mann and Whitney 1947), ties counted half."""
    from scipy.stats import rankdata

    ranks, positives = rankdata(scores), int(labels.sum())
    above = ranks[labels == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * (len(labels) - positives)))
