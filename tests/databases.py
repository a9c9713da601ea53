"""The test database: a copy of one that is migrated once for each state of models, migrations and pins."""

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.test import TransactionTestCase

ROOT = Path(__file__).resolve().parents[1]
# What migrations run, and what decides on the rows that stand after them (types of content, permissions).
SOURCES = (
    *("accounts/migrations/*.py", "billing/migrations/*.py", "accounts/models/*.py", "billing/models/*.py"),
    *("accounts/rules/folding.py", "admin_center/settings.py", "requirements/base.txt"),
)
PREFIX = "admin_center_migrated_"
# Any number of our own: whoever holds it makes the migrated database or copies it.
LOCK = 20261126
# What stands in them after the migrations is no test's.
KEPT = ("django_migrations", "django_content_type", "auth_permission")
# A table from which more rows than this went is also tidied: later tests would read past them.
MANY = 1_000


@contextmanager
def test_database() -> Iterator[None]:
    """Put the connection to a new copy, and drop it afterwards, whoever is still in it."""
    settings = connection.settings_dict
    before, name = settings["NAME"], connection.creation._get_test_db_name()
    migrated = PREFIX + fingerprint()
    connection.close()
    with connection._nodb_cursor() as server:
        # The others wait until the first has migrated.
        server.execute("SET lock_timeout = 0")
        server.execute("SET statement_timeout = 0")
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        there = {row[0] for row in server.fetchall()}
        if migrated not in there:
            for old in there:
                drop(server, old)
            migrate(server, migrated)
        drop(server, name)
        server.execute(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(migrated)}")
    connection.close()
    settings["NAME"] = name
    with (
        mock.patch.object(TransactionTestCase, "_fixture_teardown", side_effect=clear),
        mock.patch.object(TransactionTestCase, "_should_reload_connections", return_value=False),
    ):
        yield
    connection.close()
    settings["NAME"] = before
    with connection._nodb_cursor() as server:
        drop(server, name)


def clear() -> None:
    """Leave a test with real transactions behind: its rows, and what it set on its connection.

    The connection stays: a new one would plan each statement anew.
    """
    empty()
    with connection.cursor() as cursor:
        cursor.execute("RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all()")
    connection.init_connection_state()


def empty() -> None:
    """Empty every table after a test with real transactions, also those that Django doesn't manage.

    Its own flush truncates all of them, whether there was a row or not: their files are made anew, and
    every later statement is planned anew. No trigger runs here, nor a foreign key's: as a copy applies
    what it is sent.
    """
    many = []
    with connection.cursor() as cursor:
        with transaction.atomic():
            cursor.execute("SET LOCAL session_replication_role = replica")
            for name in filled():
                cursor.execute(f"DELETE FROM {name}")
                many += [name] if cursor.rowcount > MANY else []
        for name in many:
            cursor.execute(f"VACUUM {name}")


def filled() -> list[str]:
    """Return the tables in which a test has rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        tables = [quoted(name) for (name,) in cursor.fetchall() if name not in KEPT]
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{one}' WHERE EXISTS (SELECT FROM {one})" for one in tables)
        )
        return [name for (name,) in cursor.fetchall()]


def unload() -> dict[str, bytes]:
    """Return all rows of a test, by their tables."""
    found = {}
    with connection.cursor() as cursor:
        for name in filled():
            with cursor.copy(f"COPY {name} TO STDOUT (FORMAT binary)") as copy:
                found[name] = b"".join(copy)
    return found


def load(rows: dict[str, bytes]) -> None:
    """Write rows that were unloaded before, past all triggers, which have seen them then.

    Sequences go on behind them: a test may have killed the server meanwhile, which forgets the numbers that
    only transactions rolled back have drawn.
    """
    models = [one for one in apps.get_models() if quoted(one._meta.db_table) in rows]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name, content in rows.items():
            with cursor.copy(f"COPY {name} FROM STDIN (FORMAT binary)") as copy:
                copy.write(content)
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute(" ".join(connection.ops.sequence_reset_sql(no_style(), models)))


def fingerprint() -> str:
    """Return what another state of the database would have another of."""
    found = hashlib.sha256(sys.version.encode())
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def migrate(server: Any, name: str) -> None:
    """Make a database and migrate it; it gets its name when it is whole."""
    settings = connection.settings_dict
    making = f"{name}_making"
    drop(server, making)
    settings["TEST"], asked = {**settings["TEST"], "NAME": making}, settings["TEST"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    settings["TEST"] = asked
    connection.close()
    server.execute(f"ALTER DATABASE {quoted(making)} RENAME TO {quoted(name)}")


def drop(server: Any, name: str) -> None:
    """Drop a database if it is there, and cut off who is in it: a server that was just killed."""
    server.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")


def quoted(name: str) -> str:
    """Return the name as it stands in a statement."""
    return connection.ops.quote_name(name)
