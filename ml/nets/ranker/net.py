"""The ranking net: a transformer over a person's acts, to which each candidate attends alone; knows no file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from ml.nets.ranker.prior import Prior
from ml.ranking.heads import HEADS
from ml.ranking.history import BUCKETS, KINDS

REFUSED: Final = KINDS.index("refused")
GEOMETRY: Final = 12  # terms of geometry()
SHARPNESS: Final = (8.0, 24.0)  # of the softmax over cosines: about the nearest third of the acts, and the nearest few
RECENT_HOURS: Final = 72.0
WEEK_HOURS: Final = 168.0
OLDEST_HOURS: Final = 1e5
LARGEST: Final = 1e9  # of a number in a row
FURTHEST: Final = 6.0  # standard deviations: a number beyond is taken for that
PLACES: Final = 64  # on the page; what stands lower counts as the last


@dataclass(frozen=True)
class Shape:
    """Sizes of a net. `dimensions` of a post's vector, `features` of a row; `prior`: it knows a hand-set score."""

    dimensions: int
    features: int
    width: int = 64
    layers: int = 2
    heads: int = 4
    dropout: float = 0.1
    prior: bool = False

    @property
    def numbers(self) -> int:
        """How many stand for a candidate: those of its row, of geometry(), and the hand-set score."""
        return self.features + GEOMETRY + self.prior


class Attention(nn.Module):
    """Scaled dot products of several heads (Vaswani et al. 2017), written out of plain layers, as Opacus wants."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.each = heads, width // heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.key.load_state_dict(self.query.state_dict())  # so that it begins as likeness

    def forward(self, asking: Tensor, asked: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """asking (B, N, w), asked (B, H, w), mask (B, H) with a True in every row: (B, N, w), weights (B, N, H)."""
        query, key, value = (
            layer(x).reshape(x.shape[0], x.shape[1], self.heads, self.each).transpose(1, 2)
            for layer, x in ((self.query, asking), (self.key, asked), (self.value, asked))
        )
        scores = torch.matmul(query, key.transpose(2, 3)) / math.sqrt(self.each)
        weights = torch.softmax(scores.masked_fill(~mask[:, None, None, :], -1e9), dim=-1)
        found = torch.matmul(weights, value).transpose(1, 2).reshape(asking.shape)
        return self.out(found), weights.mean(dim=1)


class Block(nn.Module):
    """Attention and a feed-forward layer, each after a LayerNorm and added to what came in (pre-norm)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, asked: Tensor | None, mask: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, N, w) asks `asked`, or itself where that is None."""
        asking = self.before(x)
        found, weights = self.attention(asking, asking if asked is None else asked, mask)
        x = x + self.dropout(found)
        return x + self.dropout(self.narrow(torch.relu(self.wide(self.between(x))))), weights


def geometry(
    history: Tensor, kind: Tensor, age: Tensor, author_of: Tensor, mask: Tensor, post: Tensor, author: Tensor
) -> Tensor:
    """How a candidate lies to what was liked and refused, in the encoder's own space; (B, N, GEOMETRY).

    Nothing here is learned, so that good vectors rank well before there is much to learn from.
    """
    cosines = torch.matmul(post, history.transpose(1, 2))  # (B, N, H)
    refused = (mask & (kind == REFUSED)).float()[:, None, :]
    liked = (mask & (kind != REFUSED)).float()[:, None, :]
    acts, refusals = liked.sum(-1), refused.sum(-1)  # (B, 1)
    mean = torch.matmul(liked, history) / acts.clamp(min=1)[..., None]  # (B, 1, d)
    recent = liked * torch.exp(-age / RECENT_HOURS)[:, None, :]
    same = (author_of[:, None, :] == author[:, :, None]).float()
    ones = torch.ones_like(cosines[..., 0])
    nearest = [_nearest(cosines, liked, sharpness) for sharpness in SHARPNESS]
    terms = [
        _highest(cosines, liked),
        (cosines * liked).sum(-1) / acts.clamp(min=1),
        torch.matmul(post, mean.transpose(1, 2))[..., 0] / (mean.square().sum(-1) + 1e-6).sqrt(),
        *nearest,
        (cosines * recent).sum(-1) / (recent.sum(-1) + 0.1),
        _highest(cosines, refused),
        (cosines * refused).sum(-1) / refusals.clamp(min=1),
        torch.log1p((same * liked).sum(-1)),
        torch.log1p((same * refused).sum(-1)),
        torch.log1p(acts) * ones,
        torch.log1p(refusals) * ones,
    ]
    return torch.stack(terms, dim=-1)


def _highest(cosines: Tensor, chosen: Tensor) -> Tensor:
    """The highest cosine to a chosen act, 0 where none is chosen."""
    return torch.where(chosen > 0, cosines, -2.0).amax(-1).where(chosen.sum(-1) > 0, 0.0)


def _nearest(cosines: Tensor, chosen: Tensor, sharpness: float) -> Tensor:
    """The mean of cosines to chosen acts, weighted by their softmax; 0 where none is chosen."""
    weights = torch.softmax(torch.where(chosen > 0, cosines * sharpness, -1e4), dim=-1) * chosen
    return (weights * cosines).sum(-1)


class HandSet(nn.Module):
    """A `Prior` over rows (…, F). Its numbers are buffers, so that a net goes on serving what it was trained with."""

    weight: Tensor  # (F,), as all of them
    above: Tensor
    saturation: Tensor  # 0 for none
    fading: Tensor  # log of what a unit leaves

    def __init__(self, features: int) -> None:
        super().__init__()
        for name in ("weight", "above", "saturation", "fading"):
            self.register_buffer(name, torch.zeros(features))

    def take(self, prior: Prior, names: Sequence[str]) -> None:
        """Raises KeyError for a number that the rows do not have."""
        place = {name: number for number, name in enumerate(names)}
        given = (self.weight, prior.weights), (self.above, prior.above), (self.saturation, prior.saturates)
        for buffer, values in given:
            for name, value in values.items():
                buffer[place[name]] = value
        for name, share in prior.leaves.items():
            self.fading[place[name]] = torch.log(torch.tensor(share))

    def forward(self, row: Tensor) -> Tensor:
        """(…, F) to (…). What is not finite counts as 0."""
        x = torch.nan_to_num(row, 0.0, 0.0, 0.0)
        left = torch.exp((x.clamp(min=0) * self.fading).sum(-1))
        x = torch.where(self.saturation > 0, 1 - torch.exp(-x / self.saturation.clamp(min=1e-6)), x)
        x = torch.where(self.above > 0, torch.relu(x - self.above), x)
        score = (x * self.weight).sum(-1)
        return torch.where(score > 0, score * left, score)


class Ranker(nn.Module):
    """Inputs: see `forward`. What was measured rather than learned stands in buffers, and so travels with the net."""

    mean: Tensor  # of the numbers: of a row, then of the terms of geometry, then the hand-set score
    spread: Tensor
    base: Tensor  # log-odds of the base rate of each head
    trained: Tensor  # whether a head had enough positives; others predict their base rate
    slope: Tensor  # Platt's calibration: probability = sigmoid(slope · logit + shift)
    shift: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape, width, numbers = shape, shape.width, shape.numbers
        self.hand_set = HandSet(shape.features) if shape.prior else None
        for name, size, value in (("mean", numbers, 0.0), ("spread", numbers, 1.0), ("base", len(HEADS), 0.0)):
            self.register_buffer(name, torch.full((size,), value))
        for name, value in (("slope", 1.0), ("shift", 0.0)):
            self.register_buffer(name, torch.full((len(HEADS),), value))
        self.register_buffer("trained", torch.ones(len(HEADS), dtype=torch.bool))
        self.project = nn.Linear(shape.dimensions, width)
        nn.init.orthogonal_(self.project.weight, gain=math.sqrt(width))  # keeps angles; entries of about 1
        self.kind, self.author = nn.Embedding(len(KINDS), width), nn.Embedding(BUCKETS, width)
        self.nobody = nn.Embedding(1, width)
        for table in (self.kind, self.author, self.nobody):
            nn.init.normal_(table.weight, std=0.1)
        self.age = nn.Linear(3, width)
        self.acts = nn.ModuleList(Block(width, shape.heads, shape.dropout) for _ in range(shape.layers))
        self.row_in, self.row_out = nn.Linear(numbers, width), nn.Linear(width, width)
        self.token, self.candidate, self.found = (nn.LayerNorm(width) for _ in range(3))
        self.asks = Block(width, shape.heads, shape.dropout)
        self.last_in, self.last_out = nn.Linear(3 * width + numbers, width), nn.Linear(width, len(HEADS))
        self.direct = nn.Linear(numbers, len(HEADS))
        self.dropout = nn.Dropout(shape.dropout)
        for layer in (self.last_out, self.direct):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        history: Tensor,
        history_kind: Tensor,
        history_age: Tensor,
        history_author: Tensor,
        history_mask: Tensor,
        post: Tensor,
        author: Tensor,
        row: Tensor,
    ) -> Tensor:
        """Logits (B, N, heads), not yet calibrated, of N candidates of each of B people with H acts.

        history (B, H, d) unit vectors, history_kind, history_author (B, H) int64, history_age (B, H) hours,
        history_mask (B, H) bool, which may be all False; post (B, N, d), author (B, N) int64, row (B, N, F). NaN in a
        row is a missing number and counts as the mean. A candidate's logits depend on no other candidate.
        """
        return self.attend(history, history_kind, history_age, history_author, history_mask, post, author, row)[0]

    def attend(
        self,
        history: Tensor,
        history_kind: Tensor,
        history_age: Tensor,
        history_author: Tensor,
        history_mask: Tensor,
        post: Tensor,
        author: Tensor,
        row: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Logits as `forward`, and how much each candidate looked at each act, (B, N, H); the rest looked at nobody."""
        history, post = (torch.nan_to_num(vectors, 0.0, 0.0, 0.0) for vectors in (history, post))
        age = torch.nan_to_num(history_age).clamp(0, OLDEST_HOURS)
        near = geometry(history, history_kind, age, history_author, history_mask, post, author)
        numbers = self.normalised(row, near)
        acts, mask = self._acts(history, history_kind, age, history_author, history_mask)
        told = self.row_out(torch.relu(self.row_in(numbers)))
        asking = self.candidate(self.project(post) + self.dropout(self.author(author)) + told)
        found, weights = self.asks(asking, acts, mask)
        found = self.found(found)
        joined = torch.cat([found, told, found * asking, numbers], dim=-1)
        logits = self.last_out(self.dropout(torch.relu(self.last_in(joined)))) + self.direct(numbers) + self.base
        return logits, weights[..., 1:]

    def normalised(self, row: Tensor, near: Tensor) -> Tensor:
        """Rows and geometry as numbers of mean 0 and spread 1; missing ones are 0."""
        numbers = (self.joined(row, near) - self.mean) / self.spread
        return torch.where(torch.isnan(numbers), 0.0, numbers).clamp(-FURTHEST, FURTHEST)

    def joined(self, row: Tensor, near: Tensor) -> Tensor:
        """Rows (B, N, F) and geometry, and the hand-set score where there is one: (B, N, shape.numbers)."""
        parts = [squeezed(row), near]
        if self.hand_set is not None:
            parts.append(self.hand_set(row)[..., None])
        return torch.cat(parts, dim=-1)

    def _acts(self, history: Tensor, kind: Tensor, age: Tensor, author: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """A token an act after one that stands for nobody, so that an empty history is a history: (B, 1 + H, w)."""
        ages = torch.stack([torch.log1p(age) / 4, torch.exp(-age / 24), torch.exp(-age / WEEK_HOURS)], dim=-1)
        tokens = self.project(history) + self.kind(kind) + self.dropout(self.author(author)) + self.age(ages)
        nobody = self.nobody(torch.zeros_like(kind[:, :1]))
        x = torch.cat([nobody, self.token(tokens)], dim=1)
        mask = torch.cat([torch.ones_like(mask[:, :1]), mask], dim=1)
        for block in self.acts:
            x, _ = block(x, None, mask)
        return x, mask

    def probability(self, logits: Tensor) -> Tensor:
        """Calibrated probabilities; the base rate of a head that could not be trained."""
        return torch.sigmoid(torch.where(self.trained, self.slope * logits + self.shift, self.base))


def squeezed(row: Tensor) -> Tensor:
    """sign(x) · log(1 + |x|): counts and hours span orders of magnitude, shares stay nearly as they are."""
    return torch.sign(row) * torch.log1p(torch.abs(row).clamp(max=LARGEST))


class Trained(nn.Module):
    """The net while it learns: with a bias for the place on the page, which takes up what place alone explains.

    A shallow tower whose logits are added (Zhao et al. 2019, Recommending what video to watch next); the net that
    serves is without it, and has the tower's mean over the logged places instead.
    """

    often: Tensor  # share of each place among the rows learned from

    def __init__(self, net: Ranker) -> None:
        super().__init__()
        self.net = net
        self.place = nn.Embedding(PLACES, len(HEADS))
        nn.init.zeros_(self.place.weight)
        self.register_buffer("often", torch.full((PLACES,), 1 / PLACES))

    def forward(self, position: Tensor, *inputs: Tensor) -> Tensor:
        return self.net(*inputs) + self.place(position.clamp(0, PLACES - 1))

    def without_place(self, *inputs: Tensor) -> Tensor:
        """Logits as if the post stood nowhere in particular."""
        return self.net(*inputs) + self.often @ self.place.weight

    @torch.no_grad()
    def folded(self) -> Ranker:
        """The net to serve; the mean bias of place goes into its last layer, and the tower is spent."""
        self.net.last_out.bias.add_(self.often @ self.place.weight)
        self.place.weight.zero_()
        return self.net
