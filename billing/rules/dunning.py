"""The timeline of an unpaid invoice: when it is tried or reminded of again, and when its account stops.

Days are counted from the day on which the invoice was issued (domain.md 9). A step that was missed is made up
on the first day that there is, one at a time; those behind it keep their days, as far as that leaves them
apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum


class DunningStep(StrEnum):
    """One step of a timeline, in the order in which they come."""

    FIRST_TRY = "first_try"
    SECOND_TRY = "second_try"
    THIRD_TRY = "third_try"
    LAST_TRY = "last_try"
    FIRST_REMINDER = "first_reminder"
    SECOND_REMINDER = "second_reminder"
    THIRD_REMINDER = "third_reminder"
    LAST_REMINDER = "last_reminder"
    SUSPENSION = "suspension"


@dataclass(frozen=True, slots=True)
class _PlannedStep:
    """A step, its day, and how many days it comes after the one before it at the least."""

    step: DunningStep
    day: int
    apart: int


# The one before a suspension announces it: a day is left to pay by card, and what a transfer takes.
_CHARGED = (
    _PlannedStep(DunningStep.FIRST_TRY, 0, 0),
    _PlannedStep(DunningStep.SECOND_TRY, 2, 2),
    _PlannedStep(DunningStep.THIRD_TRY, 4, 2),
    _PlannedStep(DunningStep.LAST_TRY, 21, 2),
    _PlannedStep(DunningStep.SUSPENSION, 22, 1),
)
_BY_TRANSFER = (
    _PlannedStep(DunningStep.FIRST_REMINDER, 15, 0),
    _PlannedStep(DunningStep.SECOND_REMINDER, 30, 5),
    _PlannedStep(DunningStep.THIRD_REMINDER, 45, 5),
    _PlannedStep(DunningStep.LAST_REMINDER, 60, 5),
    _PlannedStep(DunningStep.SUSPENSION, 65, 5),
)
# No step of an invoice by transfer comes sooner after its issue.
FIRST_REMINDER_AFTER = timedelta(days=_BY_TRANSFER[0].day)


@dataclass(frozen=True, slots=True)
class UnpaidInvoice:
    """What a timeline is made from; days are the account's.

    `done` has the day on which each step that was made came to its end: a try when it was declined. `pending`
    says that a payment is going on, whoever began it: until it has its answer nothing else is done.
    """

    by_transfer: bool
    began_on: date
    done: Mapping[DunningStep, date] = field(default_factory=dict)
    pending: bool = False


@dataclass(frozen=True, slots=True)
class DunningDay:
    """A step that is still to come, and the day on which it does unless the invoice is paid."""

    step: DunningStep
    on: date


def steps_to_come(unpaid: UnpaidInvoice, on: date) -> tuple[DunningDay, ...]:
    """Return the steps that are left, the next one first; one that is due on a day has that day.

    While a payment goes on it is as if it came to nothing today.
    """
    plan = _BY_TRANSFER if unpaid.by_transfer else _CHARGED
    made = [number for number, planned in enumerate(plan, 1) if planned.step in unpaid.done]
    before = max(unpaid.done.values(), default=None)
    if unpaid.pending:
        before = on if before is None else max(before, on)
    found = []
    for planned in plan[max(made, default=0) :]:
        day = max(unpaid.began_on + timedelta(days=planned.day), on)
        if before is not None:
            day = max(day, before + timedelta(days=planned.apart))
        found.append(DunningDay(planned.step, day))
        before = day
    return tuple(found)


def due_step(unpaid: UnpaidInvoice, on: date) -> DunningStep | None:
    """Return the step that is to be made on a day, None where none is."""
    coming = steps_to_come(unpaid, on)
    if unpaid.pending or not coming or coming[0].on > on:
        return None
    return coming[0].step


def suspends_on(coming: tuple[DunningDay, ...]) -> date | None:
    """Return the day on which the account is suspended, None where that is behind it."""
    return next((one.on for one in coming if one.step is DunningStep.SUSPENSION), None)
