"""Rows of a statement without an order, as a database may give them: not as they were written.

PostgreSQL gives such rows as they lie, which is nearly always the order of their writing, until a page was
cleaned or the planner chose otherwise. Here they come the other way round: what counts on it fails at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest


@contextmanager
def rows_come_reversed() -> Iterator[None]:
    """Turn round what is fetched by each SELECT that names no order."""
    of_all, of_many = psycopg.Cursor.fetchall, psycopg.Cursor.fetchmany

    def fetchall(cursor: psycopg.Cursor[Any]) -> list[Any]:
        rows = of_all(cursor)
        return rows[::-1] if len(rows) > 1 and _names_no_order(cursor) else rows

    def fetchmany(cursor: psycopg.Cursor[Any], size: int = 0) -> list[Any]:
        rows = of_many(cursor, size)
        return rows[::-1] if len(rows) > 1 and _names_no_order(cursor) else rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "fetchall", fetchall)
        patch.setattr(psycopg.Cursor, "fetchmany", fetchmany)
        yield


def _names_no_order(cursor: psycopg.Cursor[Any]) -> bool:
    statement = cursor._query.query if cursor._query else b""
    return statement.lstrip().startswith(b"SELECT") and b"ORDER BY" not in statement
