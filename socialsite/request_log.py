"""One event a request, with its id and the number of who asked: never an e-mail, an IP, or what was searched for."""

from typing import Any

import structlog
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django_structlog import signals
from django_structlog.middlewares import RequestMiddleware

HEADER = "X-Request-ID"


class RequestLogMiddleware(RequestMiddleware):
    """django-structlog's middleware, but the address is written without its query, and for accounts only its pattern:
    the links that confirm an address or set a password are secrets."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        match = request.resolver_match
        if match is not None and match.view_name and match.view_name.startswith(("account_", "mfa_", "socialaccount_")):
            return f"{request.method} /{match.route}"
        return f"{request.method} {request.path}"


@receiver(signals.bind_extra_request_finished_metadata, dispatch_uid="socialsite.request_id")
@receiver(signals.update_failure_response, dispatch_uid="socialsite.request_id_of_failure")
def tell_request_id(response: HttpResponse, **more: Any) -> None:
    """The id goes back in a header, so that whoever complains can name the line of the log."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id:
        response[HEADER] = request_id
