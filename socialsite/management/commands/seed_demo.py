"""Fill the site with the demo town, let it live its last days, and learn its people's interests."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from tqdm import tqdm

from accounts.models import User
from feed.demo import load
from ml.rehearsal.lately import settle
from ml.training import neighbours


class Command(BaseCommand):
    help = "Fill the site with the demo town: people, posts, comments, groups, and thirty days of behaviour."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--again", action="store_true", help="Remove the townspeople first and start anew.")
        parser.add_argument("--without-vectors", action="store_true", help="Leave embedding to the worker.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["again"]:
            self.stdout.write(f"{load.unload()} townspeople moved out.")
        if User.objects.filter(is_demo=True).exists():
            self.stdout.write("The town is there already. Use --again to start anew.")
            return
        bars = Bars()
        try:
            town = load.load(bars.show) if options["without_vectors"] else settle(bars.show)
        except ValueError as error:
            raise CommandError(str(error)) from error
        finally:
            bars.close()
        self.stdout.write(f"{len(town.people)} people, {len(town.posts)} posts, {len(town.comments)} comments.")
        if not options["without_vectors"]:
            call_command("embed_posts")
            call_command("learn_interests")
        neighbours.refresh()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # the planner knows nothing of rows that came all at once


class Bars:
    """One progress bar a step."""

    def __init__(self) -> None:
        self.bar: tqdm | None = None
        self.step = ""

    def show(self, step: str, done: int, of: int) -> None:
        if step != self.step:
            self.close()
            self.bar, self.step = tqdm(total=of, desc=f"{step:>9}", unit="", leave=True), step
        if self.bar is not None:
            self.bar.update(done - self.bar.n)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
