"""Snowflakes: time-ordered 64-bit ids, `(unix_ms << 16) | 16-bit sequence`, safe with many writers."""

from datetime import UTC, datetime

from django.db import connection

SEQUENCE = "feed_snowflake"


def new_id(at: datetime | None = None) -> int:
    """A fresh id, of now or of the moment `at` (posts that are brought in with their own date).

    The sequence lives in PostgreSQL, so two processes that write in the same millisecond differ; it wraps after 65,536
    ids, which no single millisecond can hold.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (floor(extract(epoch FROM coalesce(%s, clock_timestamp())) * 1000)::bigint << 16)"
            " | (nextval(%s::regclass) & 65535)",
            [at, SEQUENCE],
        )
        (value,) = cursor.fetchone()
    return int(value)


def id_at(moment: datetime, sequence: int = 0) -> int:
    """The id that a row made at `moment` would have; with sequence 0, the smallest of that millisecond."""
    return (int(moment.timestamp() * 1000) << 16) | (sequence & 0xFFFF)


def moment_of(snowflake: int) -> datetime:
    return datetime.fromtimestamp((snowflake >> 16) / 1000, tz=UTC)
