"""When temporary seats are told of and end, and how many people then hold a seat too many (domain.md 5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from billing.rules.facts import Facts, LineFacts, ScheduledKind
from billing.rules.periods import Period

# On which days before their end they are told of: the nearest last.
END_WARNED = (7, 1)
START_TOLD = 1


class TemporaryStep(StrEnum):
    """What is to be done about temporary seats on a day."""

    STARTING = "starting"
    ENDING = "ending"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class TemporaryEnd:
    """Temporary seats of a product that end together: `on` is the first day without them.

    `left` are the seats there are from then on. `surplus` is how many people lose theirs, if nothing
    changes until then: those of earlier ends are counted there.
    """

    product: str
    on: date
    quantity: int
    left: int
    surplus: int


def step(covers: Period, on: date, *, start_told: bool, end_warned: int | None) -> TemporaryStep | None:
    """Return what a day brings for temporary seats; None where everything was told."""
    if on >= covers.end:
        return TemporaryStep.OVER
    if not start_told and covers.start - timedelta(days=START_TOLD) <= on < covers.start:
        return TemporaryStep.STARTING
    warned = warning(covers, on)
    return (
        TemporaryStep.ENDING if warned is not None and (end_warned is None or end_warned > warned) else None
    )


def warning(covers: Period, on: date) -> int | None:
    """Return how many days before the end the warning is for whose day has come; None before the first.

    Of several that were missed it is the nearest. One whose day comes before they are in use, or on their
    first day, is not written: who buys for three days knows when they end.
    """
    days = (covers.end - on).days
    return min((one for one in END_WARNED if days <= one < covers.days), default=None)


def ends(facts: Facts) -> tuple[TemporaryEnd, ...]:
    """Return the ends of all temporary seats by product and day, if nothing changes until then."""
    return tuple(end for line in facts.lines for end in _ends_of(line, facts))


def _ends_of(line: LineFacts, facts: Facts) -> Iterator[TemporaryEnd]:
    extra = [one for one in facts.temporary if one.product == line.product]
    holding = line.seats_in_use
    for day in sorted({one.covers.end for one in extra}):
        quantity = _bought_on(line, facts, day)
        if quantity is None:
            return
        left = quantity + sum(one.quantity for one in extra if one.covers.contains(day))
        surplus = max(0, holding - left)
        holding -= surplus
        ending = sum(one.quantity for one in extra if one.covers.end == day)
        yield TemporaryEnd(line.product, day, ending, left, surplus)


def _bought_on(line: LineFacts, facts: Facts, day: date) -> int | None:
    """Return the lasting seats of a line on a day, None once the line itself has ended."""
    for gone in (
        facts.waiting(ScheduledKind.REMOVAL, line.product),
        facts.waiting(ScheduledKind.CANCELLATION),
    ):
        if gone is not None and gone.takes_effect_on <= day:
            return None
    fewer = facts.waiting(ScheduledKind.QUANTITY, line.product)
    if fewer is not None and fewer.quantity is not None and fewer.takes_effect_on <= day:
        return fewer.quantity
    return line.quantity
