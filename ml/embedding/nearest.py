"""What is near a vector, with pgvector; knows ids and numbers, and never who may read a post."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import sha256

import numpy as np
from django.db import connection, transaction

from ml.conf import EF_SEARCH


def index_name(model: str) -> str:
    return f"post_vector_{sha256(model.encode()).hexdigest()[:12]}"


def ensure_index(model: str, dimensions: int) -> bool:
    """Make the HNSW index over the vectors of one encoder, if it is not there; whether it was made now.

    It is partial and on an expression, because encoders of several sizes share the table. Outside a transaction it is
    built without locking writers out; an index that a killed build left invalid is replaced.
    """
    name, inside = index_name(model), connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        found = cursor.fetchone()
        if found is not None and found[0]:
            return False
        how = "" if inside else "CONCURRENTLY"
        if found is not None:
            cursor.execute(f"DROP INDEX {how} {name}")
        # DDL takes no parameters; the name is a digest, the number an int, and the model is quoted by the server.
        cursor.execute("SELECT quote_literal(%s)", [model])
        (quoted,) = cursor.fetchone()
        cursor.execute(
            f"CREATE INDEX {how} IF NOT EXISTS {name} ON ml_postvector "
            f"USING hnsw ((vector::halfvec({int(dimensions)})) halfvec_cosine_ops) WHERE model = {quoted}"
        )
    return True


def drop_index(model: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"DROP INDEX {'' if connection.in_atomic_block else 'CONCURRENTLY'} IF EXISTS {index_name(model)}"
        )


def nearest_posts(
    vector: np.ndarray,
    limit: int,
    *,
    model: str,
    newer_than: int | None = None,
    exclude: Collection[int] = (),
    top_level: bool = False,
) -> list[tuple[int, float]]:
    """(post id, cosine) of the posts nearest to `vector`, shape (d,), best first; at most `limit`.

    `newer_than` is a snowflake; `top_level` leaves comments out. Filters are applied while the index is walked
    (pgvector's iterative scan), so they do not shorten the answer. Nothing here asks who may read a post.
    """
    near = f"v.vector::halfvec({len(vector)}) <=> %(vector)s::halfvec({len(vector)})"
    sql = [f"SELECT v.post_id, 1 - ({near}) FROM ml_postvector v"]  # noqa: S608 - only numbers are put in
    if top_level:
        sql.append("JOIN feed_post p ON p.id = v.post_id AND NOT p.is_comment")
    sql.append("WHERE v.model = %(model)s")
    if newer_than is not None:
        sql.append("AND v.post_id > %(newer_than)s")
    if exclude:
        sql.append("AND v.post_id <> ALL(%(exclude)s)")
    sql.append(f"ORDER BY {near} LIMIT %(limit)s")
    facts = {"vector": as_text(vector), "model": model, "newer_than": newer_than, "limit": limit}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'relaxed_order', true)",
            [str(max(EF_SEARCH, min(limit, 1000)))],
        )
        cursor.execute(" ".join(sql), {**facts, "exclude": list(exclude)})
        rows = cursor.fetchall()
    return sorted(rows, key=lambda row: -row[1])  # the relaxed scan is only nearly in order


def vectors_of(post_ids: Sequence[int], model: str) -> tuple[list[int], np.ndarray]:
    """The ids, in no order, that have a vector of `model`, and the vectors, float32, shape (n, d). One query.

    Vectors travel as bytes: reading 600 of 384 numbers from text takes ten times as long.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT post_id, halfvec_send(vector) FROM ml_postvector WHERE model = %s AND post_id = ANY(%s)",
            [model, "{" + ",".join(map(str, post_ids)) + "}"],  # six times as fast as a list through the driver
        )
        rows = cursor.fetchall()
    return [row[0] for row in rows], from_bytes([row[1] for row in rows])


def from_bytes(sent: Sequence[bytes | memoryview]) -> np.ndarray:
    """What `halfvec_send` gave (u16 d, u16 0, d float16; big endian), n times -> float32, shape (n, d)."""
    if not sent:
        return np.empty((0, 0), dtype=np.float32)
    joined = b"".join(sent)
    return np.frombuffer(joined, dtype=">f2").reshape(len(sent), -1)[:, 2:].astype(np.float32)


def as_text(vector: np.ndarray) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{value:.7g}" for value in vector.tolist()) + "]"


def nearest_to_each(
    vectors: np.ndarray, limit: int, *, model: str, newer_than: int | None = None, top_level: bool = False
) -> list[list[tuple[int, float]]]:
    """`nearest_posts` for each of the k `vectors`, shape (k, d), in one round trip: the home page asks for many."""
    if not len(vectors):
        return []
    size = vectors.shape[1]
    one = (
        f"(SELECT {{row}}, v.post_id, 1 - (v.vector::halfvec({size}) <=> %(v{{row}})s::halfvec({size}))"  # noqa: S608
        f" FROM ml_postvector v {'JOIN feed_post p ON p.id = v.post_id AND NOT p.is_comment' if top_level else ''}"
        f" WHERE v.model = %(model)s {'' if newer_than is None else 'AND v.post_id > %(newer_than)s'}"
        f" ORDER BY v.vector::halfvec({size}) <=> %(v{{row}})s::halfvec({size}) LIMIT %(limit)s)"
    )
    # Statements sent together are one transaction, so the settings hold for the second and for nothing after it.
    statement = (
        "SELECT set_config('hnsw.ef_search', %(width)s, true), "
        "set_config('hnsw.iterative_scan', 'relaxed_order', true); "
    ) + " UNION ALL ".join(one.format(row=row) for row in range(len(vectors)))
    facts = {f"v{row}": as_text(vector) for row, vector in enumerate(vectors)}
    width = str(max(40, min(2 * limit, 1000)))
    found: list[list[tuple[int, float]]] = [[] for _ in range(len(vectors))]
    with connection.cursor() as cursor:
        cursor.execute(statement, {**facts, "model": model, "newer_than": newer_than, "limit": limit, "width": width})
        cursor.nextset()
        for row, post_id, cosine in cursor.fetchall():
            found[row].append((post_id, cosine))
    return [sorted(rows, key=lambda pair: -pair[1]) for rows in found]
