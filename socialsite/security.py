"""What the admin needs beyond the site's strict content policy (docs/decisions/0005). No other page is relaxed."""

from collections.abc import Callable

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

# Alpine, on which unfold is built, makes functions of attributes; unfold writes its colours into a <style>.
ADMIN_POLICY = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}


class AdminPolicyMiddleware:
    """Adds `ADMIN_POLICY` to answers of the admin's views, told by the resolver, not by the address."""

    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None and "admin" in match.app_names:
            response._csp_update = ADMIN_POLICY  # type: ignore[attr-defined]
        return response
