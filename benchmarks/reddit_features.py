"""Each person beside each thread, from what stood written at that moment. Knows no model and no later message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.reddit_data import NOBODY, Message, Thread

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]
HOUR, DAY = 3600.0, 86400.0
WARM = 3  # messages in other threads from which a person is active, and so a candidate
LONG_AGO = 120.0  # days
OF_THE_PAST = (  # from other threads
    "mean_like",  # cosine of the thread to the mean of their messages
    "liked_like",  # mean cosine to their three nearest
    "starter_like",  # cosine of the thread's first message to the mean
    "messages",  # written so far
    "days_silent",  # since their last one
    "week",  # messages in the last seven days
    "hour",  # share of their messages within three hours of this time of day, smoothed
    "answered_them",  # times they answered somebody of this thread
    "answered_by",  # times somebody of this thread answered them
    "met",  # threads they wrote in beside somebody of this thread
)
OF_THE_THREAD = (
    "here",  # 1 when they wrote in it
    "wrote_here",  # messages
    "began",  # 1 when it is theirs
    "hours_left",  # since their last message here
    "answers_here",  # they got
    "unanswered",  # of them, since their last message here
    "last_word",  # 1 when the newest message is theirs
    "thread_messages",
    "thread_hours",  # since it began
)
# The past once more for those here, 0 for others: what draws somebody back is not what draws somebody in.
OF_THOSE_HERE = tuple(f"{name}_here" for name in OF_THE_PAST)
FEATURES = (*OF_THE_PAST, *OF_THOSE_HERE, *OF_THE_THREAD)


@dataclass
class Situation:
    """A thread at a moment and n people who may join it. `profiles`: places in Past.profiles(), -1 for none."""

    thread: Thread
    at: float
    people: Ints
    joins: Ints
    rows: Floats  # (n, FEATURES)
    weight: Floats  # (n,) inverse chance to have been drawn
    profiles: Ints

    def column(self, name: str) -> Floats:
        return self.rows[:, FEATURES.index(name)]


def cut(thread: Thread, rng: np.random.Generator) -> Thread:
    """The thread as it stood after a quarter, a half or three quarters, as the threads of May were cut."""
    n = len(thread.messages)
    seen = max(int(n * rng.choice([0.25, 0.5, 0.75])), 1)
    return Thread(thread.name, thread.messages[:seen], {one.person for one in thread.messages[seen:]} - {*NOBODY})


class Past:
    """All messages by time, of which only those before a moment and outside a thread are ever counted."""

    def __init__(self, messages: Sequence[Message], vectors: Floats) -> None:
        kept = sorted((one for one in messages if one.person not in NOBODY), key=lambda one: (one.at, one.place))
        self.number = {name: n for n, name in enumerate(dict.fromkeys(one.person for one in kept))}
        threads = {name: n for n, name in enumerate(dict.fromkeys(one.thread for one in messages))}
        answers = [one.answers if one.answers != one.person else "" for one in kept]
        self.at = np.array([one.at for one in kept])
        self.person = np.array([self.number[one.person] for one in kept])
        self.answers = np.array([self.number.get(name, -1) for name in answers])
        self.thread = np.array([threads[one.thread] for one in kept])
        self.threads, self.all_vectors = threads, vectors
        self.vectors = vectors[[one.place for one in kept]]
        self._means = np.zeros((1024, vectors.shape[1]), np.float32)
        self._place: dict[tuple[int, int], int] = {}

    @property
    def profiles(self) -> Floats:
        """Unit means of people's messages, each as it was at some moment."""
        return self._means[: len(self._place)]

    def profile(self, person: int, acts: Ints) -> int:
        """Place among the profiles of the mean of these messages of one person, -1 when there are none."""
        key = (person, hash(acts.tobytes()))
        if len(acts) and key not in self._place:
            if len(self._place) == len(self._means):
                self._means = np.concatenate([self._means, np.zeros_like(self._means)])
            self._means[len(self._place)] = unit(self.vectors[acts].sum(axis=0))
            self._place[key] = len(self._place)
        return self._place.get(key, -1)


def unit(vector: Floats) -> Floats:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def situations(
    threads: Sequence[Thread], past: Past, passed: int | None, rng: np.random.Generator
) -> Iterator[Situation]:
    """Threads by time in which a candidate joins and another does not. Candidates: everybody active and everybody who
    wrote here; of those active who neither wrote nor join only `passed` by chance, or all for None."""
    for thread in sorted(threads, key=lambda one: one.messages[-1].at):
        at = thread.messages[-1].at
        before = int(np.searchsorted(past.at, at))
        acts = np.flatnonzero(past.thread[:before] != past.threads[thread.name])
        count = np.bincount(past.person[acts], minlength=len(past.number))
        here = np.array(sorted({past.number[one.person] for one in thread.messages if one.person not in NOBODY}), int)
        joining = np.array(sorted(past.number[name] for name in thread.joins if name in past.number), int)
        others = np.setdiff1d(np.flatnonzero(count >= WARM), here)
        rest = np.setdiff1d(others, joining)
        chance = 1.0 if passed is None else min(passed / max(len(rest), 1), 1.0)
        drawn = rest if chance == 1 else rng.choice(rest, passed, replace=False)
        people = np.concatenate([here, np.intersect1d(others, joining), drawn])
        joins = np.isin(people, joining).astype(int)
        if 0 < joins.sum() < len(joins):
            weight = np.where(np.arange(len(people)) < len(people) - len(drawn), 1.0, 1 / chance)
            yield _situation(thread, at, people, joins, weight, here, acts, past)


def _situation(
    thread: Thread, at: float, people: Ints, joins: Ints, weight: Floats, here: Ints, acts: Ints, past: Past
) -> Situation:
    vectors = past.all_vectors[[message.place for message in thread.messages]]
    order = acts[np.argsort(past.person[acts], kind="stable")]
    starts = np.searchsorted(past.person[order], np.arange(len(past.number) + 1))
    profiles = np.array([past.profile(int(one), order[starts[one] : starts[one + 1]]) for one in people])
    means = np.where(profiles[:, None] >= 0, past.profiles[profiles], 0)
    text = unit(vectors.sum(axis=0))
    columns = [means @ text, _nearest(order, text, past)[people], means @ vectors[0]]
    columns += [column[people] for column in _activity(at, acts, past)]
    columns += [column[people] for column in _social(here, acts, past)]
    rows = np.zeros((len(people), len(FEATURES)), dtype=np.float32)
    past_ones = len(OF_THE_PAST)
    rows[:, :past_ones] = np.stack(columns, axis=1)
    rows[: len(here), past_ones : 2 * past_ones] = rows[: len(here), :past_ones]  # they come first
    rows[:, -2:] = len(thread.messages), (at - thread.messages[0].at) / HOUR
    for place in range(len(here)):
        rows[place, 2 * past_ones : -2] = _inside(thread, at, int(people[place]), past)
    return Situation(thread, at, people, joins, rows, weight, profiles)


def _nearest(order: Ints, text: Floats, past: Past) -> Floats:
    """Of everybody: the mean cosine of the text to their three nearest messages; `order`: messages by person."""
    who = past.person[order]
    cosines = (past.vectors[: order.max(initial=-1) + 1] @ text)[order]
    ranked = np.lexsort((-cosines, who))
    first = np.searchsorted(who, who)  # where each message's person begins
    kept = ranked[np.arange(len(who)) - first < 3]
    counts = np.bincount(who[kept], minlength=len(past.number))
    return np.bincount(who[kept], cosines[kept], len(past.number)) / np.maximum(counts, 1)


def _activity(at: float, acts: Ints, past: Past) -> list[Floats]:
    """messages, days_silent, week, hour, of everybody."""
    n, who, when = len(past.number), past.person[acts], past.at[acts]
    messages = np.bincount(who, minlength=n)
    latest = np.zeros(n)
    np.maximum.at(latest, who, when)
    week = np.bincount(who[when > at - 7 * DAY], minlength=n)
    apart = (when % DAY // HOUR - at % DAY // HOUR + 12) % 24 - 12
    around = np.bincount(who[np.abs(apart) <= 3], minlength=n)
    silent = np.minimum((at - latest) / DAY, LONG_AGO)
    return [messages, silent, week, (around + 2 * 7 / 24) / (messages + 2)]


def _social(here: Ints, acts: Ints, past: Past) -> list[Floats]:
    """answered_them, answered_by, met, of everybody with those here; nobody is met by themselves."""
    found = _met(here, acts, past)
    for person in here:
        for column, own in zip(found, _met(here[here != person], acts, past), strict=True):
            column[person] = own[person]
    return found


def _met(others: Ints, acts: Ints, past: Past) -> list[Floats]:
    n, who, answers = len(past.number), past.person[acts], past.answers[acts]
    member = np.zeros(n + 1, dtype=bool)  # the last stands for an answer to nobody
    member[others] = True
    theirs = np.unique(past.thread[acts[member[who]]])
    beside = np.isin(past.thread[acts], theirs)
    pairs = np.unique(np.stack([past.thread[acts[beside]], who[beside]]), axis=1)
    answered_by = np.bincount(answers[member[who] & (answers >= 0)], minlength=n)
    met = np.bincount(pairs[1], minlength=n)
    return [one.astype(float) for one in (np.bincount(who[member[answers]], minlength=n), answered_by, met)]


def _inside(thread: Thread, at: float, person: int, past: Past) -> list[float]:
    """here … last_word, of somebody who wrote here."""
    of = [past.number.get(message.person, -1) for message in thread.messages]
    mine = [message.at for message, who in zip(thread.messages, of, strict=True) if who == person]
    name = next(message.person for message, who in zip(thread.messages, of, strict=True) if who == person)
    got = [one.at for one in thread.messages if one.answers == name != one.person]
    unanswered = sum(when > mine[-1] for when in got)
    left = (at - mine[-1]) / HOUR
    return [1, len(mine), float(of[0] == person), left, len(got), unanswered, float(of[-1] == person)]
