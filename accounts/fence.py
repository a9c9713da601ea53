"""A fence around each row of a queue: what one raises stops neither the others nor the next step."""

from collections.abc import Callable, Iterable
from typing import Any

import structlog
from django.db import connection

log = structlog.get_logger()


def each(queue: str, rows: Iterable[tuple[Any, int | None]], act: Callable[[Any], object]) -> tuple[int, int]:
    """Do something with each row of a queue; return how many counted and how many failed.

    `rows` are keys with the account that each belongs to. A failure is logged with both. Only a
    connection that is gone ends the queue: without one every row would fail.
    """
    done = failed = 0
    for key, account in rows:
        try:
            done += bool(act(key))
        except Exception:
            failed += 1
            log.exception("row_failed", queue=queue, row=str(key), account=account)
            if not connection.in_atomic_block and not connection.is_usable():
                connection.close()
                raise
    return done, failed


def step(name: str, act: Callable[[], dict[str, int]]) -> dict[str, int]:
    """Do one step of a run; return its counts, or that it failed."""
    try:
        return act()
    except Exception:
        log.exception("step_failed", step=name)
        return {f"{name}_failed": 1}
