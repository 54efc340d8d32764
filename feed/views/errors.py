"""Pages for when something is wrong: they say what happened, what was kept, what to do."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """More than the site takes at once (fields, files, bytes), or a request that makes no sense."""
    reason = _(
        "This was more than can be sent at once, or it was damaged on the way. Go back: your text is still there."
    )
    return render(request, "errors/400.html", {"reason": reason, "restart": "/"}, status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    words = str(exception) if exception.args and isinstance(exception.args[0], str) else ""
    return render(request, "errors/404.html", {"reason": words}, status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    words = str(exception)  # in English where a package raised it
    return render(request, "errors/403.html", {"reason": _(words) if words else ""}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 for a fault of ours; 503 while the database is away, so that proxies and clients know to try again."""
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    response = render(request, "errors/500.html", {"away": away}, status=503 if away else 500)
    if away:
        response["Retry-After"] = "5"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: the text it carried is shown, so that nothing is lost."""
    return render(request, "errors/csrf.html", {"kept": request.POST.get("text", "")}, status=403)
