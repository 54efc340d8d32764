"""`manage.py compilemessages` without GNU gettext, which plain machines lack: the catalogues are compiled in Python."""

from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


def compile_stale(folders: list[Path]) -> list[Path]:
    """Write the .mo file beside each .po file that is newer; returns those written."""
    written = []
    for catalogue in sorted(path for folder in folders for path in Path(folder).glob("*/LC_MESSAGES/*.po")):
        compiled = catalogue.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime_ns < catalogue.stat().st_mtime_ns:
            fresh = compiled.with_suffix(".mo.new")
            polib.pofile(str(catalogue)).save_as_mofile(str(fresh))
            fresh.replace(compiled)
            written.append(compiled)
    return written


class Command(BaseCommand):
    help = "Compile the translations that changed."
    requires_system_checks: tuple[str, ...] = ()

    def handle(self, *args: Any, **options: Any) -> None:
        for path in compile_stale(settings.LOCALE_PATHS):
            self.stdout.write(f"Compiled {path}")
