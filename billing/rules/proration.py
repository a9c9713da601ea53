"""The price of some days of a term, after discounts, rounded once."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from billing.rules.money import half_up
from billing.rules.periods import AppliedDiscount, Period, Segment


def prorated(
    unit: int, quantity: int, *, months: int, term: Period, on: date, until: date | None = None
) -> int:
    """Return the price of `quantity` seats from `on` until `until` (the term's end).

    `unit` and the result are minor units, `unit` per seat and month; whole days, rounded once half
    away from zero (domain.md 6). ValueError for days outside the term.
    """
    return half_up(unit * quantity * months * _days(term, on, until), term.days)


def discounted(
    unit: int,
    quantity: int,
    *,
    months: int,
    discounts: Sequence[AppliedDiscount],
    term: Period,
    covers: Period,
) -> tuple[int, ...]:
    """Return the price of the covered days before and after each discount, in minor units.

    The first is the gross, the last the net amount. Each is rounded from the unrounded chain, so
    that a discount's own amount is the difference of two neighbours and all of them add up.
    """
    days = _days(term, covers.start, covers.end)
    if not discounts:
        return (half_up(unit * quantity * months * days, term.days),)
    price = Fraction(unit * quantity * months)
    steps = [_rounded(price, days, term.days)]
    for discount in discounts:
        price = max(price * discount.factor - discount.share, Fraction(0))
        steps.append(_rounded(price, days, term.days))
    return tuple(steps)


def net(segment: Segment, covers: Period) -> int:
    """Return what these days of a segment cost with the discounts it was bought with."""
    return discounted(
        segment.unit,
        segment.quantity,
        months=segment.months,
        discounts=segment.discounts,
        term=segment.term,
        covers=covers,
    )[-1]


def credit(segment: Segment, on: date) -> int:
    """Return what comes back for a segment's days from `on`, in minor units, zero or more.

    Never more than was charged for it less what was credited before (domain.md 6).
    """
    unused = net(segment, segment.covers.from_day(on))
    return min(unused, segment.charged - segment.credited)


def share_by_period(charged: int, covers: Period, terms: Sequence[Period], on: date) -> int:
    """Return which part of a charge is for its days from `on`, in minor units, counted period by period.

    Each of the terms costs the same, whatever its length: a day of February is worth more than one of
    March. ValueError where the terms hold none of the days.
    """
    whole = sum(Fraction(covers.overlap(term).days, term.days) for term in terms)
    ahead = covers.from_day(on)
    left = sum(Fraction(ahead.overlap(term).days, term.days) for term in terms)
    if not whole:
        raise ValueError(f"none of {len(terms)} terms holds a day from {covers.start} to {covers.end}")
    part = Fraction(charged) * left / whole
    return half_up(part.numerator, part.denominator)


def _rounded(price: Fraction, days: int, term_days: int) -> int:
    return half_up(price.numerator * days, price.denominator * term_days)


def _days(term: Period, on: date, until: date | None) -> int:
    end = term.end if until is None else until
    if not term.start <= on <= end <= term.end:
        raise ValueError(f"{on} to {end} does not lie in the term {term.start} to {term.end}")
    return (end - on).days
