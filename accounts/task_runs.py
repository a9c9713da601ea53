"""Keeps what each run of the background work did: how long, how many, and what went wrong."""

import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta

from accounts.models import TaskRun

KEPT_FOR = timedelta(days=14)
# A run that has not ended by then was killed with its process.
LONGEST = timedelta(days=1)
BROKEN_OFF = "broken off"


def begin(step: str, *, at: datetime, alone: bool = False) -> TaskRun:
    """Keep that a run of a step begins; `alone` says that no other of it can be under way any more."""
    if alone:
        _break_off(at, step=step)
    machine = f"{socket.gethostname()[:60]}:{os.getpid()}"
    return TaskRun.objects.create(step=step, machine=machine, began_at=at)


def end(
    run: TaskRun, done: Mapping[str, int], *, rows_failed: int = 0, error: str = "", at: datetime
) -> None:
    """Keep how a run ended; of those in which nothing was due the last of each step is enough."""
    run.done = {name: count for name, count in done.items() if count}
    run.rows_failed, run.error, run.ended_at = rows_failed, error, at
    run.idle = not (run.done or rows_failed or error)
    run.save(update_fields=["done", "rows_failed", "error", "ended_at", "idle"])
    if run.idle:
        TaskRun.objects.filter(step=run.step, idle=True, pk__lt=run.pk).delete()


def remove_old(at: datetime) -> int:
    """Remove runs of long ago, and end those whose process was killed; return how many were removed."""
    _break_off(at, began_at__lte=at - LONGEST)
    return TaskRun.objects.filter(began_at__lte=at - KEPT_FOR).delete()[0]


def _break_off(at: datetime, **which: object) -> None:
    TaskRun.objects.filter(ended_at=None, **which).update(ended_at=at, error=BROKEN_OFF)
