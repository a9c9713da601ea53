"""Cycles, periods counted from the anchor day, and what was paid for which days."""

import calendar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Self

from billing.rules.tax import LineTaxes


class Cycle(StrEnum):
    """How often a subscription renews; one for the whole subscription. The shorter comes first.

    The only list of them: the models' choices come from it, and wording names each.
    """

    months: int

    MONTHLY = "monthly", 1
    ANNUAL = "annual", 12

    # A default, because mypy reads the look-up by a code, `Cycle("annual")`, as a call of this.
    def __new__(cls, code: str, months: int = 0) -> Self:
        """Keep the length of a period, in months, with the code."""
        cycle = str.__new__(cls, code)
        cycle._value_ = code
        cycle.months = months
        return cycle


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days `[start, end)`; dates of the account's time zone, the end is not part of it."""

    start: date
    end: date

    def __post_init__(self) -> None:
        """Refuse a period that ends before it starts (ValueError); an empty one is allowed."""
        if self.end < self.start:
            raise ValueError(f"a period cannot end ({self.end}) before it starts ({self.start})")

    @property
    def days(self) -> int:
        """Return the number of days."""
        return (self.end - self.start).days

    @property
    def last_day(self) -> date:
        """Return the last day that belongs to it; of an empty period the day before its start."""
        return date.fromordinal(self.end.toordinal() - 1)

    def contains(self, day: date) -> bool:
        """Tell whether the day is one of these days."""
        return self.start <= day < self.end

    def remaining(self, on: date) -> int:
        """Return the days from `on` to the end; the day itself counts as remaining."""
        return self.from_day(on).days

    def from_day(self, on: date) -> "Period":
        """Return the part of it from `on`; empty once it is over."""
        return Period(min(max(self.start, on), self.end), self.end)

    def until_day(self, on: date) -> "Period":
        """Return the part of it before `on`; empty when it has not begun."""
        return Period(self.start, max(min(self.end, on), self.start))

    def overlap(self, other: "Period") -> "Period":
        """Return the days both have; empty where they share none."""
        return self.from_day(other.start).until_day(other.end)


@dataclass(frozen=True, slots=True)
class AppliedDiscount:
    """A discount as a paid segment carries it.

    A percentage (0 to 100), or a fixed share in minor units of the segment's whole term. `products`
    are those the discount was for, empty for all: it says so even once the discount is used up.
    """

    code: str
    percent: Decimal | None = None
    share: int = 0
    products: tuple[str, ...] = ()

    @property
    def factor(self) -> Fraction:
        """Return what a percentage leaves, between 0 and 1; a fixed share leaves all."""
        return 1 - Fraction(self.percent or 0) / 100

    def covers(self, product: str) -> bool:
        """Tell whether it is for this product."""
        return not self.products or product in self.products


@dataclass(frozen=True, slots=True)
class Segment:
    """What was charged for a line for some days: what it covers, by which term it is divided.

    `unit` is minor units per seat and month (for a flat item: per period, `months` is then 1);
    `charged` and `credited` are minor units, both zero or more, and say what was invoiced for it.
    """

    covers: Period
    term: Period
    unit: int
    quantity: int
    months: int
    cycle: Cycle
    charged: int
    credited: int = 0
    discounts: tuple[AppliedDiscount, ...] = ()
    taxes: LineTaxes = ()
    # So many seats were added by the purchase that opened it, and none of them was given back.
    added: int = 0
    id: int | None = None


# Most subscriptions of a run begin and end on the same few days.
@lru_cache(maxsize=4096)
def add_months(anchor: date, months: int) -> date:
    """Return the anchor's day `months` later, or the last day of that month if it has no such day.

    Dates come from the anchor and a count, never from the last date (domain.md 6).
    """
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    return date(year, month + 1, min(anchor.day, calendar.monthrange(year, month + 1)[1]))


def months_between(anchor: date, day: date) -> int:
    """Return the largest count of months from the anchor that is not after the day."""
    count = (day.year - anchor.year) * 12 + day.month - anchor.month
    return count if add_months(anchor, count) <= day else count - 1


def next_period(anchor: date, after: date, cycle: Cycle) -> Period:
    """Return the period that starts on `after`, ending on the anchor's day one cycle later."""
    return Period(after, add_months(anchor, months_between(anchor, after) + cycle.months))


def period_at(anchor: date, cycle: Cycle, day: date, after: date | None = None) -> Period:
    """Return the whole period that contains the day; ValueError for a day before `after`.

    Periods are counted from `after`, a day on which one starts (by default the anchor): after a
    change of cycle annual periods no longer start in the anchor's month.
    """
    first = anchor if after is None else after
    if day < first:
        raise ValueError(f"{day} lies before the first period, {first}")
    base = months_between(anchor, first)
    passed = (months_between(anchor, day) - base) // cycle.months * cycle.months
    return Period(add_months(anchor, base + passed), add_months(anchor, base + passed + cycle.months))


def whole_term(anchor: date, cycle: Cycle, period: Period) -> Period:
    """Return the full term that ends with the period: the divisor of its days.

    They differ only after a suspension, when a period starts in the middle of its term.
    """
    count = months_between(anchor, period.end)
    start = add_months(anchor, count - cycle.months)
    if add_months(anchor, count) != period.end or start > period.start:
        return period
    return Period(start, period.end)


def periods_over(anchor: date, cycle: Cycle, known: Period, span: Period) -> tuple[Period, ...]:
    """Return the whole periods that share a day with the span, counted to both sides from a known one."""
    count = months_between(anchor, known.start)
    first = count - (months_between(span.start, known.start) + cycle.months) // cycle.months * cycle.months
    found, start = [], first
    while (begins := add_months(anchor, start)) < span.end:
        period = Period(begins, add_months(anchor, start + cycle.months))
        if span.overlap(period).days:
            found.append(period)
        start += cycle.months
    return tuple(found)
