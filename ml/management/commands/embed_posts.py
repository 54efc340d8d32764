"""Gives vectors to every post that has none, then topics and interests; can be stopped and started again."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from ml import registry
from ml.embedding import learning, posts, topics
from ml.embedding.encoder import EncoderUnavailable, get_encoder
from ml.queueing import settle


class Command(BaseCommand):
    help = "Embed the posts that have no vector yet, say what they are about, and learn the interests of people."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", default="", help="Name of a prepared encoder; without it, all that are in use.")
        parser.add_argument("--batch", type=int, default=64, help="Posts embedded at once (default: 64).")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch must be 1 or more.")
        try:
            models = self._models(options["model"])
        except EncoderUnavailable as error:
            raise CommandError(str(error)) from error
        for model in models:
            self._fill(model, options["batch"])
            self._topics(model)
        people = learning.overdue(None)
        for person_id in self._bar(people, "interests"):
            settle(person_id, learning.learn)
        for name in registry.encoders_to_fill()[1:]:
            self._promote(name)

    def _models(self, name: str) -> list[str]:
        posts.prepare()
        if name:
            posts.prepare(get_encoder(name))
            return [name]
        return registry.encoders_to_fill()

    def _fill(self, model: str, batch: int) -> None:
        waiting = posts.pending(None, model)
        started, done = perf_counter(), 0
        with tqdm(total=len(waiting), desc=model, unit="post", disable=None) as bar:
            for start in range(0, len(waiting), batch):
                chunk = waiting[start : start + batch]
                done += posts.embed_posts(chunk, [model])
                learning.mark_waiting(chunk)
                bar.update(len(chunk))
        seconds = perf_counter() - started
        self.stdout.write(f"{model}: {done} posts in {seconds:.1f} s, {done / max(seconds, 1e-9):.0f} a second")

    def _topics(self, model: str) -> None:
        number = topics.refresh_topic_vectors(model)
        if model != registry.serving_encoder():
            return
        every = topics.newest_posts()
        changed = sum(topics.label_posts(every[start : start + 500]) for start in range(0, len(every), 500))
        self.stdout.write(f"{number} topics; {changed} posts labelled anew")

    def _promote(self, name: str) -> None:
        for person_id in self._bar(learning.lacking(name), "interests"):
            learning.learn(person_id)
        if not posts.pending(1, name):
            registry.promote_encoder(name)
            self.stdout.write(f"{name} serves now")

    def _bar(self, people: Iterable[int], what: str) -> Iterable[int]:
        return tqdm(people, desc=what, unit="person", disable=None)
