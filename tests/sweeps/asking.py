"""Sends a request, undoes what it did, and tells what it cost: for the matrix of addresses."""

import re
import traceback
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

# Notes of sessions and of tries: not data of an account.
NOTES = ("django_session", "cache", "usersessions_usersession")


@dataclass
class Answer:
    """What came back, and what it cost."""

    response: HttpResponse
    body: bytes
    statements: int
    written: dict[str, int]


@cache
def tables() -> str:
    """Return the numbers of the tables whose rows count, as they stand in a statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::int8 FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname <> ALL(%s)",
            [list(NOTES)],
        )
        return ", ".join(str(number) for (number,) in cursor.fetchall())


def rows_written() -> dict[str, int]:
    """Return how many rows of each table this transaction has written so far, undone ones included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text, written FROM (SELECT oid, pg_stat_get_xact_tuples_inserted(oid)"
            " + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid) AS written"
            f" FROM unnest(ARRAY[{tables()}]::oid[]) AS oid) AS counted WHERE written > 0"
        )
        return dict(cursor.fetchall())


def ask(client: Client, method: str, address: str, data: dict[str, Any] | None = None) -> Answer:
    """Send a request and undo what it did, here and in the browser; the counts tell what it wrote."""
    count, cookies = 0, client.cookies.copy()

    def counted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))
        return execute(sql, params, many, context)

    before = rows_written()
    # A bare savepoint, not `atomic`: the program's own transactions stay outermost ones.
    undo = transaction.savepoint()
    try:
        with connection.execute_wrapper(counted):
            response = client.generic(method, address, **_form(method, data))
        body = response.getvalue()
        after = rows_written()
    finally:
        transaction.savepoint_rollback(undo)
        client.cookies = cookies
    written = {table: n - before.get(table, 0) for table, n in after.items() if n != before.get(table, 0)}
    return Answer(response, body, count, written)


def fault(response: Any) -> str:
    """Return the traceback of what made an answer a 5xx, if an exception did."""
    raised = getattr(response, "exc_info", None)
    return "".join(traceback.format_exception(*raised)) if raised else ""


def _form(method: str, data: dict[str, Any] | None) -> dict[str, Any]:
    if method != "POST":
        return {}
    return {"data": urlencode(data or {}), "content_type": "application/x-www-form-urlencoded"}


def masked(answer: Answer, *names: object) -> tuple[int, dict[str, str], str]:
    """Return an answer without what differs each time, and without the address that was asked for."""
    body = answer.body.decode("utf-8", "replace")
    heads = {name: value for name, value in answer.response.headers.items() if name != "Content-Length"}
    text = re.sub(r'(name="csrfmiddlewaretoken" value|hx-headers)=(["\']).*?\2', "", body)
    for name in names:
        text = text.replace(str(name), "NAME")
        heads = {head: value.replace(str(name), "NAME") for head, value in heads.items()}
    return answer.response.status_code, heads, text
