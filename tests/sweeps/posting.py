"""Reads forms as a browser does, fills them in so that they are right, and tells what a post changed."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from unittest import mock

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

# Notes of sessions, of tries and of what was typed, and the random version of a price list: not what a post
# is for.
NOTES = ("django_session", "cache", "usersessions_usersession", "accounts_draft", "procrastinate")
NOTES += ("billing_catalogueversion",)
Fields = list[tuple[str, str]]


@dataclass
class Form:
    """One form of a page: where it leads, its fields as they stand, and its buttons that say something."""

    action: str
    fields: Fields = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def bodies(self) -> Iterator[tuple[str, Fields, str]]:
        """Yield for each button where it leads, what is posted, and what it says; without buttons once."""
        for action, name, value in self.buttons or [("", "", "")]:
            yield action or self.action, self.fields + ([(name, value)] if name else []), f"{name}={value}"


class Reader(HTMLParser):
    """Collects the forms of a page that post."""

    def __init__(self, where: str, typed: dict[str, str]) -> None:
        """Read a page at an address; `typed` is written into fields of these names, empty ticks a box."""
        super().__init__(convert_charrefs=True)
        self.where, self.typed = where, typed
        self.forms: list[Form] = []
        self.by_id: dict[str, Form | None] = {}
        self.open: Form | None = None
        self.select: tuple[Form, dict[str, str | None], Fields] | None = None
        self.area: tuple[Form, dict[str, str | None], list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a form, or take a field in."""
        has = dict(attrs)
        if tag == "form":
            self.open = None
            if (has.get("method") or "").lower() == "post":
                self.open = Form(has.get("action") or self.where)
                self.forms.append(self.open)
            self.by_id[has.get("id") or ""] = self.open
            return
        form = self.by_id.get(has["form"] or "") if has.get("form") else self.open
        name = has.get("name") or ""
        if tag == "option" and self.select:
            chosen = "selected" in has
            self.select[2].insert(0 if chosen else len(self.select[2]), (name, has.get("value") or ""))
            return
        if form is None or "disabled" in has:
            return
        if tag == "button" and (has.get("type") or "submit") == "submit":
            if name or has.get("formaction"):
                form.buttons.append((has.get("formaction") or "", name, has.get("value") or ""))
                form.names.add(name)
            elif ("", "", "") not in form.buttons:
                form.buttons.append(("", "", ""))
        elif name and name != "csrfmiddlewaretoken":
            form.names.add(name)
            if tag == "select":
                self.select = (form, has, [])
            elif tag == "textarea":
                self.area = (form, has, [])
            elif tag == "input":
                self._input(form, has)

    def handle_endtag(self, tag: str) -> None:
        """Close a form or a field."""
        if tag == "form":
            self.open = None
        elif tag == "select" and self.select:
            form, has, options = self.select
            values = [value for _name, value in options] or [""]
            filled = next((one for one in values if one), "")
            value = values[0] or (filled if "required" in has else "")
            self._keep(form, has, value)
            self.select = None
        elif tag == "textarea" and self.area:
            form, has, words = self.area
            self._keep(form, has, "".join(words).strip() or "Because it is right.")
            self.area = None

    def handle_data(self, data: str) -> None:
        """Read what stands in a field of several lines."""
        if self.area:
            self.area[2].append(data)

    def _input(self, form: Form, has: dict[str, str | None]) -> None:
        kind, name, value = (has.get("type") or "text").lower(), has["name"] or "", has.get("value")
        if kind in ("submit", "button", "image", "reset", "file"):
            if kind == "submit":
                form.buttons.append(("", name, value or ""))
        elif kind == "checkbox":
            if "checked" in has or "required" in has or name in self.typed:
                self._keep(form, has, value or "on")
        elif kind == "radio":
            if "checked" in has or all(one != name for one, _value in form.fields):
                form.fields = [one for one in form.fields if one[0] != name]
                self._keep(form, has, value or "on")
        else:
            usual = {
                "email": "somebody@people.example",
                "number": has.get("min") or "1",
                "date": "2027-01-15",
            }
            filled = usual.get(kind, "Something" if "required" in has else "")
            self._keep(form, has, value or filled)

    def _keep(self, form: Form, has: dict[str, str | None], value: str) -> None:
        name = has["name"] or ""
        form.fields.append((name, self.typed.get(name) or value))


def forms(where: str, body: str, typed: dict[str, str]) -> list[Form]:
    """Return the forms of a page that post."""
    reader = Reader(where, typed)
    reader.feed(body)
    return reader.forms


# --- What a post changed ---------------------------------------------------------------------------


@contextmanager
def nothing_by_chance() -> Iterator[None]:
    """Let every token and id that is drawn inside be the same each time."""
    drawn = random.Random(9)
    with mock.patch.object(os, "urandom", drawn.randbytes), mock.patch("random._urandom", drawn.randbytes):
        yield


def stop_the_clock_of_the_database() -> None:
    """Let rows that take their time from the database take the same, until this transaction is undone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_default ~* '(statement_timestamp|now)'"
            " AND table_name ~ '^(accounts|billing)_'"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'ALTER TABLE "{table}" ALTER "{column}" SET DEFAULT now()')


class Rows:
    """The rows of all tables, and the numbers that are given next."""

    def __init__(self) -> None:
        """Find the tables and the sequences."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            tables = sorted(name for (name,) in cursor.fetchall() if not name.startswith(NOTES))
            cursor.execute("SELECT schemaname, sequencename FROM pg_sequences")
            self.sequences = [f'"{schema}"."{name}"' for schema, name in cursor.fetchall()]
        self.all = " UNION ALL ".join(f"SELECT '{one}', t::text FROM \"{one}\" t" for one in tables)
        self.numbers = self._numbers()

    def now(self) -> set[tuple[str, str]]:
        """Return every row as it stands."""
        with connection.cursor() as cursor:
            cursor.execute(self.all)
            return set(cursor.fetchall())

    def rewind(self) -> None:
        """Let the next rows get the numbers that they would have got at first."""
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SELECT setval('{one}', {n})" for one, n in self.numbers.items()))

    def _numbers(self) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                " UNION ALL ".join(f"SELECT '{one}', last_value + 1 FROM {one}" for one in self.sequences)
            )
            return dict(cursor.fetchall())


def post(client: Client, where: str, body: str, rows: Rows) -> tuple[HttpResponse, set[tuple[str, str]]]:
    """Post as a browser does, undo it, and return the answer with the rows as they stood after it."""
    path, _mark, query = where.partition("?")
    cookies = client.cookies.copy()
    rows.rewind()
    undo = transaction.savepoint()
    try:
        with nothing_by_chance():
            answer = client.generic(
                "POST", path, body, content_type="application/x-www-form-urlencoded", QUERY_STRING=query
            )
            answer.getvalue()
        return answer, rows.now()
    finally:
        transaction.savepoint_rollback(undo)
        client.cookies = cookies
