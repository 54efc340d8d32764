"""`manage.py engines`: hold the embedded PostgreSQL and Redis, and revive them, until it is told to stop."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from socialsite import embedded


class Command(BaseCommand):
    help = "Keep the embedded PostgreSQL and Redis running; those given by DATABASE_URL and REDIS_URL are left alone."
    requires_system_checks: tuple[str, ...] = ()

    def handle(self, *args: Any, **options: Any) -> None:
        names = ["postgres"] if not settings.DATABASE_URL else []
        names += ["redis"] if not settings.REDIS_URL else []
        if names:  # Django has said what it knew; waiting needs none of its hundred megabytes
            which = "all" if len(names) == len(embedded.KINDS) else names[0]
            command = [sys.executable, "-P", embedded.__file__, "serve", which, str(settings.VAR_DIR)]
            os.execv(sys.executable, command)  # noqa: S606 - our own program, no shell
        embedded.serve(settings.VAR_DIR, [])
