"""A fence around each row of a queue: what one raises stops neither the others nor the next step."""

import threading
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError, connection

from accounts import row_failures, task_runs

log = structlog.get_logger()
# How many rows failed in the step that is under way.
_failed_rows: ContextVar[list[int] | None] = ContextVar("failed_rows", default=None)
# Set where this process was told to end: what has begun is finished, and the rest is left to others.
_ending = threading.Event()


def end_soon() -> None:
    """Let every queue of this process end after the row that it is at."""
    _ending.set()


def is_ending() -> bool:
    """Tell whether this process was told to end: a run that is long leaves the rest to the next."""
    return _ending.is_set()


def each(
    queue: str,
    rows: Iterable[tuple[Any, int | None]],
    act: Callable[[Any], object],
    *,
    at: datetime | None,
) -> tuple[int, int]:
    """Do something with each row of a queue at a moment; return how many counted and how many failed.

    `rows` are keys with the account that each belongs to. A failure is written to that account and logged
    with it; its row is left alone until the time of its next try. Where somebody asked for it and reads
    what became of it, `at` is None: then it is only logged. Only a connection that is gone ends the queue,
    because without one every row would fail, and a process that was told to end.
    """
    done = failed = 0
    failures = {} if at is None else row_failures.known(queue)
    for key, account in rows:
        if is_ending():
            break
        row = str(key)
        if at and row_failures.is_waiting(failures.get(row), at):
            continue
        try:
            done += bool(act(key))
        except Exception as fault:
            failed += 1
            if (counted := _failed_rows.get()) is not None:
                counted[0] += 1
            log.exception("row_failed", queue=queue, row=row, account=account)
            if connection_is_lost():
                raise
            if at:
                _keep(queue, row, account, fault, at)
        else:
            if row in failures:
                row_failures.forget(queue, row)
    return done, failed


def _keep(queue: str, row: str, account: int | None, fault: Exception, at: datetime) -> None:
    """Write a failure down; where that fails too, the log has it."""
    try:
        row_failures.keep(queue, row, account, fault, at=at)
    except DatabaseError:
        log.exception("failure_not_kept", queue=queue, row=row, account=account)


def connection_is_lost() -> bool:
    """Tell whether what failed took the connection with it; the next statement then begins a new one."""
    if connection.in_atomic_block or connection.is_usable():
        return False
    connection.close()
    return True


def step(
    name: str, act: Callable[[datetime], dict[str, int]], *, now: Callable[[], datetime], alone: bool = False
) -> dict[str, int]:
    """Do one step of a run; return its counts, and how many of its rows failed, or that it failed itself.

    `now` tells the moment; `alone` says that no other run of the step can be under way. The run is kept.
    """
    counted = [0]
    token = _failed_rows.set(counted)
    run, done, error = None, dict[str, int](), ""
    try:
        run = task_runs.begin(name, at=now(), alone=alone)
        done = act(run.began_at)
    except Exception as fault:
        error = row_failures.error_text(fault)
        log.exception("step_failed", step=name)
        connection_is_lost()
    finally:
        _failed_rows.reset(token)
    if run is not None:
        try:
            task_runs.end(run, done, rows_failed=counted[0], error=error, at=now())
        except DatabaseError:
            log.exception("run_not_kept", step=name)
    if error:
        return {f"{name}_failed": 1}
    return done | ({f"{name}_rows_failed": counted[0]} if counted[0] else {})
