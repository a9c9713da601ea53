"""Whether this process can do its work, told truthfully and soon, even where the database is frozen."""

import queue
import threading
import time

import structlog
from django.db import DatabaseError, connection

log = structlog.get_logger()

# How long a balancer waits at the most.
SECONDS = 2.0
NO_ANSWER = "the database does not answer"
NOT_MIGRATED = "the database is not migrated: run manage.py prepare"
READ_ONLY = "the database takes no changes"

# One asks at a time: a thread whose question hangs is not joined by others.
_asking = threading.Lock()


def fault(within: float = SECONDS) -> str | None:
    """Return why nothing can be done now, or None where all is well; within so many seconds."""
    last = time.monotonic() + within
    if not _asking.acquire(timeout=within):
        return NO_ANSWER
    answer: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    # A thread of its own, with a connection of its own: no limit of the driver reaches a server that
    # keeps the connection and is silent.
    threading.Thread(target=_ask, args=(answer,), name="readiness", daemon=True).start()
    try:
        return answer.get(timeout=max(0.0, last - time.monotonic()))
    except queue.Empty:
        return NO_ANSWER


def _ask(answer: "queue.SimpleQueue[str | None]") -> None:
    try:
        answer.put(_fault())
    except Exception as fault:
        if not isinstance(fault, DatabaseError):
            log.exception("readiness_failed")
        answer.put(NO_ANSWER)
    finally:
        connection.close()
        _asking.release()


def _fault() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('transaction_read_only')::bool,"
            " to_regclass('accounts_account') IS NOT NULL"
        )
        read_only, migrated = cursor.fetchone()
    if not migrated:
        return NOT_MIGRATED
    return READ_ONLY if read_only else None
