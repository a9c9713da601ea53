"""Whether this process can do its work, told truthfully and soon, even where the database is frozen."""

import queue
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import structlog
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from billing import backlog
from billing.backlog import Backlog

log = structlog.get_logger()

# How long a balancer waits at the most.
SECONDS = 2.0
NO_ANSWER = "the database does not answer"
NOT_MIGRATED = "the database is not migrated: run manage.py prepare"
READ_ONLY = "the database takes no changes"

# One asks at a time: a thread whose question hangs is not joined by others.
_asking = threading.Lock()


@dataclass(frozen=True, slots=True)
class Readiness:
    """Why nothing can be done now, None where all is well; and how the background work stands, if known."""

    fault: str | None
    pending: tuple[str, ...] = ()
    backlog: Backlog | None = None


def ask(at: datetime, within: float = SECONDS) -> Readiness:
    """Return how things stand at a moment; within so many seconds."""
    last = time.monotonic() + within
    if not _asking.acquire(timeout=within):
        return Readiness(NO_ANSWER)
    answer: queue.SimpleQueue[Readiness] = queue.SimpleQueue()
    # A thread of its own, with a connection of its own: no limit of the driver reaches a server that
    # keeps the connection and is silent.
    threading.Thread(target=_ask, args=(answer, at), name="readiness", daemon=True).start()
    try:
        return answer.get(timeout=max(0.0, last - time.monotonic()))
    except queue.Empty:
        return Readiness(NO_ANSWER)


def _ask(answer: "queue.SimpleQueue[Readiness]", at: datetime) -> None:
    try:
        answer.put(_readiness(at))
    except Exception as fault:
        if not isinstance(fault, DatabaseError):
            log.exception("readiness_failed")
        answer.put(Readiness(NO_ANSWER))
    finally:
        connection.close()
        _asking.release()


def _readiness(at: datetime) -> Readiness:
    with connection.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = '{SECONDS:.0f}s'")
        cursor.execute(
            "SELECT current_setting('transaction_read_only')::bool,"
            " to_regclass('accounts_account') IS NOT NULL"
        )
        read_only, migrated = cursor.fetchone()
        if not migrated:
            return Readiness(NOT_MIGRATED)
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = set(cursor.fetchall())
    pending = tuple(f"{app}.{name}" for app, name in sorted(expected_migrations() - applied))
    if pending:
        more = f" and {len(pending) - 1} more" if len(pending) > 1 else ""
        return Readiness(f"migrations wait ({pending[0]}{more}): run manage.py prepare", pending)
    return Readiness(READ_ONLY if read_only else None, backlog=backlog.read(at))


@cache
def expected_migrations() -> frozenset[tuple[str, str]]:
    """Return the migrations that this version brings."""
    return frozenset(MigrationLoader(None).disk_migrations or ())
