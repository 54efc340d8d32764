"""Makes the models the site serves ready on this machine; quick when they are. Decides nothing about them."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml.embedding.encoder import Encoder, prepared
from ml.embedding.weights import WeightsMissing


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

    def _prepare(self, source: str, force: bool) -> Path:
        self.stdout.write(f"Preparing the sentence model {source}. This is done once and takes about a minute.")
        # Only here: torch takes seconds to import, and most calls find everything ready.
        from tqdm import tqdm

        from ml.nets.prepare import STEPS, prepare_encoder

        with tqdm(total=STEPS, bar_format="{bar:20} {n_fmt}/{total_fmt} {elapsed} {desc}", file=sys.stderr) as bar:

            def step(message: str) -> None:
                """A step is done when the next one begins."""
                bar.update(1 if bar.desc else 0)
                bar.set_description_str(message)

            try:
                folder = prepare_encoder(source, settings.MODELS_DIR, step, threads=settings.ONNX_THREADS, force=force)
            except (WeightsMissing, OSError, ValueError) as error:
                raise CommandError(f"The sentence model {source} could not be prepared. {error}") from error
            bar.update(STEPS - bar.n)
            bar.set_description_str("done")
            return folder
