"""Seats of a line month by month: bought, and in use, at the end of each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from billing.rules.periods import Period, add_months

MONTHS = 12


@dataclass(frozen=True, slots=True)
class PaidSeats:
    """So many seats of a line, paid for these days."""

    quantity: int
    covers: Period


@dataclass(frozen=True, slots=True)
class SeatMonth:
    """A month of the calendar, by its first day; what was bought and in use on its last day, or today."""

    first: date
    bought: int
    used: int


def first_month(on: date) -> date:
    """Return the first day of the months that are told of: the present one is the last of twelve."""
    return add_months(on.replace(day=1), 1 - MONTHS)


def history(
    paid: Iterable[PaidSeats], before: Mapping[date, int], *, bought: int, used: int, on: date
) -> tuple[SeatMonth, ...]:
    """Return twelve months of a line, the present one last, as it is `on` a day.

    `before` has, for each month in which seats were given out or freed, how many were in use before the
    first of it: what was in use at the end of a month is what the next such month began with. A month
    at whose end nothing was paid has none.
    """
    paid = tuple(paid)
    return tuple(reversed(tuple(_back(paid, before, bought, used, on))))


def _back(
    paid: tuple[PaidSeats, ...], before: Mapping[date, int], bought: int, used: int, on: date
) -> Iterator[SeatMonth]:
    """Yield the months from the present one back."""
    month = on.replace(day=1)
    yield SeatMonth(month, bought, used)
    for _number in range(MONTHS - 1):
        used = before.get(month, used)
        last, month = month - timedelta(days=1), add_months(month, -1)
        seats = next((one.quantity for one in paid if one.covers.contains(last)), 0)
        yield SeatMonth(month, seats, used if seats else 0)
