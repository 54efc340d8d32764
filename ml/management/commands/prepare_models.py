"""Makes the models the site serves ready on this machine; quick when they are. Decides nothing about them."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.embedding.encoder import Encoder, prepared
from ml.embedding.weights import WeightsMissing

STEPS = 6


class Command(BaseCommand):
    help = "Unpack the sentence model and export it for serving. Does nothing when that is done."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="make it again even if it is ready")

    def handle(self, *, force: bool, **options: Any) -> None:
        source = settings.EMBEDDER_MODEL
        folder = prepared(settings.MODELS_DIR, source)
        if folder is None or force:
            folder = self._prepare(source, force)
        about = Encoder.read_about(folder)
        self.stdout.write(f"The sentence model is ready: {about['name']}, {about['dimensions']} numbers a text.")

    def _prepare(self, source: str, force: bool):
        self.stdout.write(f"Preparing the sentence model {source}. This is done once and takes about a minute.")
        # Only here: torch takes seconds to import, and most calls find everything ready.
        from tqdm import tqdm

        from ml.nets.prepare import prepare_encoder

        try:
            with tqdm(total=STEPS, bar_format="{l_bar}{bar:20}| {elapsed} {desc}", file=self.stderr) as bar:
                return prepare_encoder(
                    source, settings.MODELS_DIR, _advance(bar), threads=settings.ONNX_THREADS, force=force
                )
        except WeightsMissing as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The sentence model {source} could not be prepared: {error}") from error


def _advance(bar):
    """Each step told moves the bar by one and is named on it."""

    def step(message: str) -> None:
        bar.set_description_str(message)
        bar.update()

    return step
