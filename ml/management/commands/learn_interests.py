"""Computes people's interests anew: of everyone, or of the people named."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import User
from ml.embedding import learning


class Command(BaseCommand):
    help = "Compute interests anew from recent acts, of everyone or of the people named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("people", nargs="*", metavar="USER", help="Handles; without one, everyone.")

    def handle(self, *args: Any, people: list[str], **options: Any) -> None:
        found = User.objects.present()
        if people:
            names = [name.lstrip("@").lower() for name in people]
            found = found.filter(username__in=names)
            missing = set(names) - set(found.values_list("username", flat=True))
            if missing:
                raise CommandError(f"There is nobody called {', '.join(sorted(missing))}.")
        ids = list(found.values_list("pk", flat=True))
        bar = tqdm(ids, desc="interests", unit="person", disable=None)
        number = sum(learning.learn(person_id) for person_id in bar)
        self.stdout.write(f"{number} interests of {len(ids)} people.")
