"""Get, create or update a row while somebody else creates and deletes the same one. It knows no table.

Django answers `IntegrityError` when the row that was in the way is gone before it can be read: two clicks on like and
one on unlike, at once, would be an error page. Here it is tried again; each try has its own savepoint.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
TRIES = 20  # each is quick; eight hands on one row lost five in a row now and then


def get_or_create(rows: QuerySet[Row], **keys: Any) -> tuple[Row, bool]:
    """As `QuerySet.get_or_create`. Raises `IntegrityError` for every other broken rule of the table."""
    return _again(rows.get_or_create, keys)


def update_or_create(rows: QuerySet[Row], **keys: Any) -> tuple[Row, bool]:
    """As `QuerySet.update_or_create`. Raises `IntegrityError` for every other broken rule of the table."""
    return _again(rows.update_or_create, keys)


def _again(attempt: Callable[..., tuple[Row, bool]], keys: dict[str, Any]) -> tuple[Row, bool]:
    for _try in range(TRIES - 1):
        try:
            return attempt(**keys)
        except IntegrityError:
            continue
    return attempt(**keys)
