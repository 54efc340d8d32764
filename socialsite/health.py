"""For the operator's probes: is the process alive, and can it do its work."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

_migrated = False  # once all migrations have run, they have: reading them from disk at every probe would be waste


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("alive", content_type="text/plain")


def ready(request: HttpRequest) -> JsonResponse:
    """PostgreSQL answers and is migrated. A dead Redis, or a ranker that cannot score, is told but takes nothing out:
    pages work without."""
    parts = {"database": _database(), "redis": _redis(), "ranker": _ranker()}
    ok = parts["database"] == "ok"
    return JsonResponse({"ready": ok, **parts}, status=200 if ok else 503)


def _database() -> str:
    global _migrated
    try:
        connection.ensure_connection()
        if not _migrated:
            pending = _pending_migrations()
            if pending:
                return f"{pending} migrations to run"
            _migrated = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:
        return type(error).__name__
    return "ok"


def _pending_migrations() -> int:
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _redis() -> str:
    from django.core.cache import cache

    try:
        cache.set("readyz", "ok", 5)
        return "ok" if cache.get("readyz") == "ok" else "unreachable"
    except Exception as error:
        return type(error).__name__


def _ranker() -> str:
    from ml.ranking.learned import standing

    try:
        return standing()
    except Exception as error:
        return type(error).__name__
