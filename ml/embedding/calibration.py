"""The bilingual check texts and what is measured on them; knows vectors, not the model that made them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("calibration.txt")


@dataclass(frozen=True)
class Calibration:
    """`texts` in order; `pairs[i]` = (English index, Chinese index); `subjects[i]` of each text; `english` mask."""

    texts: tuple[str, ...]
    subjects: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    english: tuple[bool, ...]


@cache
def calibration() -> Calibration:
    """The shipped file, read once."""
    texts: list[str] = []
    subjects: list[str] = []
    pairs: list[tuple[int, int]] = []
    subject = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            subject = line.strip("[]")
        elif line and not line.startswith("#"):
            sides = line.split("\t")
            if len(sides) == 2:
                pairs.append((len(texts), len(texts) + 1))
            texts += sides
            subjects += [subject] * len(sides)
    english = tuple(not any("\u4e00" <= letter <= "\u9fff" for letter in text) for text in texts)
    return Calibration(tuple(texts), tuple(subjects), tuple(pairs), english)


def centre(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From vectors of the calibration texts: their mean, and the unit direction from Chinese to English, shape (d,).

    The direction is the mean difference of the translation pairs: what differs when only the language does.
    """
    english, chinese = (vectors[list(side)] for side in zip(*calibration().pairs, strict=True))
    axis = (english - chinese).mean(axis=0)
    return vectors.mean(axis=0), axis / np.linalg.norm(axis)


def cosines(vectors: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Row by row cosine of two arrays of shape (n, d)."""
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(reference, axis=1)
    return (vectors * reference).sum(axis=1) / lengths


def cross_lingual_accuracy(vectors: np.ndarray) -> float:
    """How often the nearest text of the other language is the translation (accuracy@1, both directions)."""
    english, chinese = (vectors[list(side)] for side in zip(*calibration().pairs, strict=True))
    similarity = english @ chinese.T
    truth = np.arange(len(similarity))
    return float(np.mean([(similarity.argmax(axis=axis) == truth).mean() for axis in (0, 1)]))


def mixed_accuracy(vectors: np.ndarray) -> float:
    """The same with every other text of both languages as a rival: does a language draw its own texts together?"""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = similarity.argmax(axis=1)
    hits = [nearest[side] == other for a, b in calibration().pairs for side, other in ((a, b), (b, a))]
    return float(np.mean(hits))


def subject_separation(vectors: np.ndarray) -> float:
    """AUC: a text is nearer to one on its own subject than to one on another (translations left out)."""
    found = calibration()
    similarity = vectors @ vectors.T
    subjects = np.array(found.subjects)
    same = subjects[:, None] == subjects[None, :]
    usable = np.triu(np.ones_like(same), k=1)
    for a, b in found.pairs:
        usable[a, b] = False
    related, unrelated = similarity[usable & same], np.sort(similarity[usable & ~same])
    return float(np.searchsorted(unrelated, related).mean() / len(unrelated))
