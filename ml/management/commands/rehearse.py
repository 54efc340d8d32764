"""Lets the town live its days on an empty site, trains a ranker on what happened, and makes it the shipped one."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from tqdm import tqdm

from accounts.models import User

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)  # fixed, so that the same seed gives the same days

PACE = 1.1  # thirty days of posts told in thirty-three


class Command(BaseCommand):
    help = "Make the ranker that new sites start with, from rehearsed days of the demo town. Wants an empty site."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="Evenings lived before the training (default: 30).")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, days: int, seed: int, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        if User.objects.exists():
            raise CommandError("People live here already. Use an empty site: VAR_DIR=var/rehearsal manage.py rehearse")
        from feed.demo.town import Town
        from ml.rehearsal.days import Rehearsal

        town = Rehearsal(Town(NOW, pace=PACE), seed=seed, elsewhere=False)
        call_command("prepare_models")
        for day in tqdm(range(days), desc="days", unit="day", disable=None):
            town.live_evening(town.evening_of(day))
        self._train(town.evening_of(days))

    def _train(self, now: datetime) -> None:
        from ml.rehearsal import starter
        from ml.training.recipe import Plan, night
        from ml.training.told import words

        run = night(Plan(days=60, now=now, prepare=starter.forget_authors))
        self.stdout.write(words(run.message))
        if run.version is None or run.state != run.State.PROMOTED:
            raise CommandError("What is not better than the hand-set recipe is not shipped.")
        folder = starter.ship(run.version.name)
        self.stdout.write(f"{run.version.name} is shipped in {folder}.")
