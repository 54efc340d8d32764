"""Asking PostgreSQL in plain SQL: one place that runs a statement and gives its rows. Knows no stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection


def rows(statement: str, facts: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of one statement; `facts` fill its %(names)s, never its text."""
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
