"""For the operator's probes: is the process alive, and can it do its work."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("alive", content_type="text/plain")


def ready(request: HttpRequest) -> JsonResponse:
    """PostgreSQL answers and is migrated. A dead Redis is told but does not take the process out: pages work without."""
    from django.core.cache import cache
    from django.db.migrations.executor import MigrationExecutor

    parts: dict[str, str] = {}
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        parts["database"] = "ok" if not pending else f"{len(pending)} migrations to run"
    except Exception as error:
        parts["database"] = type(error).__name__
    try:
        cache.set("readyz", "ok", 5)
        parts["redis"] = "ok" if cache.get("readyz") == "ok" else "unreachable"
    except Exception as error:
        parts["redis"] = type(error).__name__
    ok = parts["database"] == "ok"
    return JsonResponse({"ready": ok, **parts}, status=200 if ok else 503)
