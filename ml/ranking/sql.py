"""Asking PostgreSQL in plain SQL: one place that runs a statement and gives its rows. Knows no stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection


def rows(statement: str, facts: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of one statement; `facts` fill its %(names)s, never its text."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {name: _written(fact) for name, fact in facts.items()})
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _written(fact: Any) -> Any:
    """A list of whole numbers as PostgreSQL writes an array: the driver would take most of a millisecond for 600."""
    if isinstance(fact, list) and fact and all(type(one) is int for one in fact):
        return "{" + ",".join(map(str, fact)) + "}"
    return fact
