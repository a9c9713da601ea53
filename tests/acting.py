"""When and from where a test acts: what the door, tasks and commands tell the verbs elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from accounts.models import Account, User
from accounts.occasion import Occasion


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, the address that is acted from, and whether as the vendor's staff."""

    at: datetime
    address: str | None
    by_staff: bool


_moment: ContextVar[Moment | None] = ContextVar("moment", default=None)


@contextmanager
def at(moment: datetime, *, address: str | None = None, by_staff: bool = False) -> Iterator[None]:
    """Let all that is done inside be done at a moment (aware)."""
    token = _moment.set(Moment(moment, address, by_staff))
    try:
        yield
    finally:
        _moment.reset(token)


def now() -> datetime:
    """Return the moment at which the test acts; raise LookupError where it said none."""
    held = _moment.get()
    if held is None:
        raise LookupError("a test acts inside `with acting.at(…)`")
    return held.at


def occasion(by: User | None = None, on: date | None = None, at: datetime | None = None) -> Occasion:
    """Return the occasion of an act of somebody, on a day: by default that of the moment, in UTC.

    Where the test said no moment, it is noon of the day.
    """
    held = _moment.get()
    if at is None:
        at = datetime.combine(on, time(12), UTC) if held is None and on is not None else now()
    day = on or at.astimezone(UTC).date()
    return Occasion(by, day, at, held.address if held else None, bool(held and held.by_staff))


def occasion_of(by: User | None = None) -> Callable[[Account | None], Occasion]:
    """Return what tells the occasion of each of several accounts: everywhere the test's own moment."""
    return lambda account: occasion(by)
