"""Kinds of requests, for the types: what a view may rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from accounts.models import User


class PersonRequest(HttpRequest):
    """The request of a signed-in person: what views behind `signed_in` and `verb` are given."""

    user: User


def by_htmx(request: HttpRequest) -> bool:
    """Whether a part of the page is asked for, not the whole."""
    return bool(getattr(request, "htmx", False))
