"""The timeline of an unpaid invoice, by hand: domain.md 9, from the renewal on 1 March 2026."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.dunning import DunningStep, UnpaidInvoice, due_step, steps_to_come, suspends_on

FIRST, SECOND, THIRD, LAST = (
    DunningStep.FIRST_TRY,
    DunningStep.SECOND_TRY,
    DunningStep.THIRD_TRY,
    DunningStep.LAST_TRY,
)
R15, R30, R45, R60 = (
    DunningStep.FIRST_REMINDER,
    DunningStep.SECOND_REMINDER,
    DunningStep.THIRD_REMINDER,
    DunningStep.LAST_REMINDER,
)
STOP = DunningStep.SUSPENSION
ISSUED = date(2026, 3, 1)


def unpaid(
    done: Mapping[DunningStep, int] | None = None, *, by_transfer: bool = False, pending: bool = False
) -> UnpaidInvoice:
    """Return an invoice of 1 March whose steps were made so many days later."""
    return UnpaidInvoice(
        by_transfer, ISSUED, {step: day(after) for step, after in (done or {}).items()}, pending
    )


def day(after: int) -> date:
    return ISSUED + timedelta(days=after)


def days(invoice: UnpaidInvoice, on: int) -> list[tuple[DunningStep, int]]:
    """Return the steps that are left as they stand so many days after the issue, each with its day."""
    return [(one.step, (one.on - ISSUED).days) for one in steps_to_come(invoice, day(on))]


TIMELINES: list[tuple[str, UnpaidInvoice, int, list[tuple[DunningStep, int]]]] = [
    ("charged: +0, +2, +4, +21, suspended at +22",
     unpaid(), 0, [(FIRST, 0), (SECOND, 2), (THIRD, 4), (LAST, 21), (STOP, 22)]),
    ("by transfer: 15, 30, 45, 60, suspended at 65",
     unpaid(by_transfer=True), 0, [(R15, 15), (R30, 30), (R45, 45), (R60, 60), (STOP, 65)]),
    ("declined on its day",
     unpaid({FIRST: 0}), 0, [(SECOND, 2), (THIRD, 4), (LAST, 21), (STOP, 22)]),
    ("the run of +2 is missed until +5: made then, the next two days later, the others on their days",
     unpaid({FIRST: 0}), 5, [(SECOND, 5), (THIRD, 7), (LAST, 21), (STOP, 22)]),
    ("the run of +4 is missed until +7",
     unpaid({FIRST: 0, SECOND: 2}), 7, [(THIRD, 7), (LAST, 21), (STOP, 22)]),
    ("the run of +21 is missed until +24: announced then, suspended the day after",
     unpaid({FIRST: 0, SECOND: 2, THIRD: 4}), 24, [(LAST, 24), (STOP, 25)]),
    ("nothing ran for 45 days: one at a time",
     unpaid({FIRST: 0}), 45, [(SECOND, 45), (THIRD, 47), (LAST, 49), (STOP, 50)]),
    ("a direct debit that came back after five days: its days count from its answer",
     unpaid({FIRST: 5}), 5, [(SECOND, 7), (THIRD, 9), (LAST, 21), (STOP, 22)]),
    ("a last debit that came back late: suspended the day after its answer",
     unpaid({FIRST: 5, SECOND: 12, THIRD: 19, LAST: 26}), 26, [(STOP, 27)]),
    ("3-D Secure from the first minute: as if it came to nothing today",
     unpaid({FIRST: 0}, pending=True), 0, [(SECOND, 2), (THIRD, 4), (LAST, 21), (STOP, 22)]),
    ("the first payment of all goes on",
     unpaid(pending=True), 3, [(FIRST, 3), (SECOND, 5), (THIRD, 7), (LAST, 21), (STOP, 22)]),
    ("a payment goes on and the clock jumped back: the days count from the last answer",
     unpaid({FIRST: 5}, pending=True), 3, [(SECOND, 7), (THIRD, 9), (LAST, 21), (STOP, 22)]),
    ("a payment goes on when the next step has its day: that waits",
     unpaid({FIRST: 0}, pending=True), 2, [(SECOND, 4), (THIRD, 6), (LAST, 21), (STOP, 22)]),
    ("the clock jumped back",
     unpaid({FIRST: 0, SECOND: 2}), -3, [(THIRD, 4), (LAST, 21), (STOP, 22)]),
    ("reminders that were missed: five days apart, a transfer takes as long",
     unpaid({R15: 15}, by_transfer=True), 70, [(R30, 70), (R45, 75), (R60, 80), (STOP, 85)]),
    ("from charged to transfer after the third try: reminders on their days",
     unpaid({FIRST: 0, SECOND: 2, THIRD: 4}, by_transfer=True), 6,
     [(R15, 15), (R30, 30), (R45, 45), (R60, 60), (STOP, 65)]),
    ("suspended: nothing is left",
     unpaid({FIRST: 0, SECOND: 2, THIRD: 4, LAST: 21, STOP: 22}), 30, []),
]  # fmt: skip


@pytest.mark.parametrize(("told", "invoice", "on", "expected"), TIMELINES, ids=[row[0] for row in TIMELINES])
def test_the_steps_that_are_left(
    told: str, invoice: UnpaidInvoice, on: int, expected: list[tuple[DunningStep, int]]
) -> None:
    assert days(invoice, on) == expected, told


@pytest.mark.parametrize(
    ("invoice", "on", "step"),
    [
        (unpaid({FIRST: 0}), 1, None),
        (unpaid({FIRST: 0}), 2, SECOND),
        (unpaid({FIRST: 0, SECOND: 2}), 2, None),
        (unpaid({FIRST: 0, SECOND: 5}), 6, None),
        (unpaid({FIRST: 0}, pending=True), 9, None),
        (unpaid({FIRST: 0, SECOND: 2, THIRD: 4, LAST: 21}), 21, None),
        (unpaid({FIRST: 0, SECOND: 2, THIRD: 4, LAST: 21}), 22, STOP),
        (unpaid({FIRST: 0, SECOND: 2, THIRD: 4, LAST: 21, STOP: 22}), 99, None),
        (unpaid(by_transfer=True), 14, None),
        (unpaid(by_transfer=True), 15, R15),
    ],
)
def test_the_step_that_is_due(invoice: UnpaidInvoice, on: int, step: DunningStep | None) -> None:
    assert due_step(invoice, day(on)) is step


def test_the_day_of_the_suspension_is_told_until_it_has_come() -> None:
    assert suspends_on(steps_to_come(unpaid({FIRST: 0}), day(1))) == day(22)
    assert suspends_on(()) is None


@given(st.booleans(), st.lists(st.integers(-3, 60), min_size=1, max_size=40))
def test_whatever_days_it_is_asked_on_each_step_comes_once_in_order_and_apart(
    by_transfer: bool, jumps: list[int]
) -> None:
    """Clocks that jump on and back, runs that were missed: a step a day at the most, the next one apart."""
    done: dict[DunningStep, date] = {}
    on = ISSUED
    for jump in jumps:
        on += timedelta(days=jump)
        # Twice: the second run of a day finds nothing.
        for _run in (1, 2):
            step = due_step(UnpaidInvoice(by_transfer, ISSUED, done), on)
            if step is not None:
                assert step not in done
                done[step] = on
    made = list(done)
    plan = [one.step for one in steps_to_come(UnpaidInvoice(by_transfer, ISSUED), ISSUED)]
    assert made == plan[: len(made)]
    gaps = [(later - earlier).days for earlier, later in zip(done.values(), list(done.values())[1:])]  # noqa: B905
    assert all(gap >= 1 for gap in gaps)
    assert by_transfer or all(gap >= 2 for gap in gaps[:3])
    assert not by_transfer or all(gap >= 5 for gap in gaps)
