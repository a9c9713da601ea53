"""A fence around each row of a queue: what one raises stops neither the others nor the next step."""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

import structlog
from django.db import connection

log = structlog.get_logger()
# How many rows failed in the step that is under way.
_failed_rows: ContextVar[list[int] | None] = ContextVar("failed_rows", default=None)


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
            if (counted := _failed_rows.get()) is not None:
                counted[0] += 1
            log.exception("row_failed", queue=queue, row=str(key), account=account)
            if connection_is_lost():
                raise
    return done, failed


def connection_is_lost() -> bool:
    """Tell whether what failed took the connection with it; the next statement then begins a new one."""
    if connection.in_atomic_block or connection.is_usable():
        return False
    connection.close()
    return True


def step(name: str, act: Callable[[], dict[str, int]]) -> dict[str, int]:
    """Do one step of a run; return its counts, and how many of its rows failed, or that it failed itself."""
    counted = [0]
    token = _failed_rows.set(counted)
    try:
        done = act()
    except Exception:
        log.exception("step_failed", step=name)
        return {f"{name}_failed": 1}
    finally:
        _failed_rows.reset(token)
    return done | ({f"{name}_rows_failed": counted[0]} if counted[0] else {})
