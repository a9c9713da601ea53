"""When a renewal is told of: 60, 30 and 7 days before a year, 7 before a month that differs, once each."""

from datetime import date, timedelta

import pytest

from billing.rules.facts import Facts, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.reminders import KnownReminder, ReminderReason, reminder, stage
from billing.rules.renewal_comparison import compare
from tests.rules.shop import YEAR, acme, bought, monthly, waits

COMING, CHANGED, NOTED = ReminderReason.COMING, ReminderReason.CHANGED, ReminderReason.NOTED
YEARLY = acme(bought("support", "team", 10))
# 10 × 2.00 × 12
OF_YEAR = 24000


@pytest.mark.parametrize(
    ("cycle", "left", "then"),
    [
        (Cycle.ANNUAL, 61, None),
        (Cycle.ANNUAL, 60, 60),
        (Cycle.ANNUAL, 31, 60),
        (Cycle.ANNUAL, 30, 30),
        (Cycle.ANNUAL, 8, 30),
        (Cycle.ANNUAL, 7, 7),
        (Cycle.ANNUAL, 1, 7),
        (Cycle.ANNUAL, 0, None),
        (Cycle.ANNUAL, -1, None),
        (Cycle.MONTHLY, 8, None),
        (Cycle.MONTHLY, 7, 7),
        (Cycle.MONTHLY, 0, None),
    ],
)
def test_the_nearest_reminder_whose_day_has_come(cycle: Cycle, left: int, then: int | None) -> None:
    assert stage(cycle, YEAR.end, YEAR.end - timedelta(days=left)) == then


def told(facts: Facts, left: int, known: KnownReminder | None = None, *, costs: bool = True) -> object:
    """Return what is written so many days before the renewal."""
    on = facts.renews_on - timedelta(days=left)
    compared = compare(facts, on)
    assert compared is not None
    return reminder(compared, on, known, costs_shown=costs)


@pytest.mark.parametrize(
    ("left", "known", "why"),
    [
        (61, None, None),
        (60, None, COMING),
        (45, KnownReminder(60, OF_YEAR), None),
        # Between the reminders a changed amount waits for the next of them.
        (45, KnownReminder(60, 1), None),
        (30, KnownReminder(60, OF_YEAR), COMING),
        # What was missed is made up, the nearest alone.
        (12, KnownReminder(60, OF_YEAR), COMING),
        (5, None, COMING),
        (5, KnownReminder(None, 0), COMING),
        (7, KnownReminder(30, OF_YEAR), COMING),
        (6, KnownReminder(7, OF_YEAR), None),
        (6, KnownReminder(7, OF_YEAR - 1), CHANGED),
        (0, KnownReminder(7, OF_YEAR - 1), None),
        (0, None, None),
    ],
)
def test_a_year_is_told_three_times_and_once_more_where_its_amount_changed(
    left: int, known: KnownReminder | None, why: object
) -> None:
    assert told(YEARLY, left, known) is why


def test_where_costs_are_not_shown_a_changed_amount_is_no_news() -> None:
    assert told(YEARLY, 6, KnownReminder(7, 1), costs=False) is None


def test_a_month_as_the_one_before_is_only_noted_and_one_that_differs_is_told() -> None:
    month = monthly(bought("support", "team", 10, cycle=Cycle.MONTHLY))
    fewer = waits(ScheduledKind.QUANTITY, "support", quantity=8)
    later = monthly(*month.lines, scheduled=(fewer,))
    ends = monthly(*month.lines, scheduled=(waits(ScheduledKind.CANCELLATION),))
    assert told(month, 7) is NOTED
    assert told(later, 7) is COMING
    assert told(ends, 7) is COMING
    # 10 × 2.50 was noted; 8 × 2.50 is another.
    assert told(later, 3, KnownReminder(7, 2500)) is CHANGED
    assert told(month, 3, KnownReminder(7, 2500)) is None


def test_each_cycle_has_its_days_the_nearest_last() -> None:
    from billing.rules.reminders import DAYS_BEFORE, LAST

    assert set(DAYS_BEFORE) == set(Cycle)
    assert all(
        days == tuple(sorted(days, reverse=True)) and days[-1] == LAST for days in DAYS_BEFORE.values()
    )
    assert date(2023, 10, 20) == YEAR.end - timedelta(days=LAST)
