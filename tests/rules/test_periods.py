"""Periods counted from the anchor day: month ends, leap years, changes of cycle, suspensions."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.periods import (
    Cycle,
    Period,
    add_months,
    months_between,
    next_period,
    period_at,
    periods_over,
    whole_term,
)

MONTHLY, ANNUAL = Cycle.MONTHLY, Cycle.ANNUAL
days = st.dates(date(2000, 1, 1), date(2060, 12, 31))


def test_a_period_is_half_open() -> None:
    july = Period(date(2023, 7, 1), date(2023, 8, 1))
    assert july.days == 31
    assert july.last_day == date(2023, 7, 31)
    assert july.contains(date(2023, 7, 1))
    assert not july.contains(date(2023, 8, 1))
    assert not july.contains(date(2023, 6, 30))


def test_the_day_of_a_change_counts_as_remaining() -> None:
    term = Period(date(2022, 10, 27), date(2023, 10, 27))
    assert term.remaining(date(2023, 7, 14)) == 105
    assert term.remaining(term.start) == 365
    assert term.remaining(date(2022, 1, 1)) == 365
    assert term.remaining(term.end) == 0
    assert term.remaining(date(2024, 1, 1)) == 0


def test_parts_of_a_period() -> None:
    july = Period(date(2023, 7, 1), date(2023, 8, 1))
    middle = date(2023, 7, 14)
    assert july.from_day(middle) == Period(middle, july.end)
    assert july.until_day(middle) == Period(july.start, middle)
    assert july.from_day(date(2024, 1, 1)) == Period(july.end, july.end)
    assert july.until_day(date(2022, 1, 1)) == Period(july.start, july.start)
    assert july.until_day(date(2024, 1, 1)) == july
    assert july.overlap(Period(middle, date(2024, 1, 1))) == Period(middle, july.end)
    assert july.overlap(Period(date(2023, 8, 1), date(2023, 9, 1))).days == 0
    assert july.overlap(Period(date(2023, 1, 1), date(2023, 2, 1))).days == 0


def test_a_period_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match=r"cannot end \(2023-07-13\) before it starts \(2023-07-14\)"):
        Period(date(2023, 7, 14), date(2023, 7, 13))
    assert Period(date(2023, 7, 14), date(2023, 7, 14)).days == 0


def test_monthly_from_31_january() -> None:
    """Renews on 28 February, 31 March, 30 April …, and on 29 February in a leap year."""
    renewals = [add_months(date(2023, 1, 31), n) for n in range(14)]
    assert [d.isoformat() for d in renewals] == [
        "2023-01-31", "2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31", "2023-06-30", "2023-07-31",
        "2023-08-31", "2023-09-30", "2023-10-31", "2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29",
    ]  # fmt: skip


def test_annual_from_29_february() -> None:
    period, starts = Period(date(2023, 3, 1), date(2024, 2, 29)), []
    for _ in range(5):
        period = next_period(date(2024, 2, 29), period.end, ANNUAL)
        starts.append(period.start.isoformat())
    assert starts == ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


def test_months_between() -> None:
    anchor = date(2024, 1, 31)
    assert months_between(anchor, date(2024, 1, 31)) == 0
    assert months_between(anchor, date(2024, 2, 28)) == 0
    assert months_between(anchor, date(2024, 2, 29)) == 1
    assert months_between(anchor, date(2025, 1, 30)) == 11
    assert months_between(anchor, date(2025, 1, 31)) == 12
    assert months_between(anchor, date(2024, 1, 30)) == -1


def test_the_anchor_stays_through_a_change_of_cycle() -> None:
    """Monthly from 31 January, annual from 28 February: a year to 28 February, then 29 in 2028."""
    anchor = date(2023, 1, 31)
    year = next_period(anchor, date(2023, 2, 28), ANNUAL)
    assert year == Period(date(2023, 2, 28), date(2024, 2, 29))
    assert next_period(anchor, year.end, ANNUAL).end == date(2025, 2, 28)
    assert next_period(anchor, year.end, MONTHLY).end == date(2024, 3, 31)


def test_the_period_that_contains_a_day() -> None:
    anchor = date(2024, 1, 31)
    assert period_at(anchor, MONTHLY, date(2024, 3, 30)) == Period(date(2024, 2, 29), date(2024, 3, 31))
    assert period_at(anchor, MONTHLY, date(2024, 3, 31)).start == date(2024, 3, 31)
    assert period_at(anchor, ANNUAL, date(2026, 1, 30)) == Period(date(2025, 1, 31), date(2026, 1, 31))
    # Annual since a change of cycle in March: the years start there.
    after = date(2024, 3, 31)
    assert period_at(anchor, ANNUAL, date(2025, 3, 30), after=after) == Period(after, date(2025, 3, 31))
    with pytest.raises(ValueError, match="2024-01-30 lies before the first period, 2024-01-31"):
        period_at(anchor, MONTHLY, date(2024, 1, 30))
    with pytest.raises(ValueError, match="lies before the first period, 2024-03-31"):
        period_at(anchor, MONTHLY, date(2024, 3, 30), after=after)


def test_the_term_of_a_period_that_began_late() -> None:
    anchor = date(2023, 1, 31)
    late = Period(date(2023, 3, 10), date(2023, 3, 31))
    assert whole_term(anchor, MONTHLY, late) == Period(date(2023, 2, 28), date(2023, 3, 31))
    whole = Period(date(2023, 2, 28), date(2023, 3, 31))
    assert whole_term(anchor, MONTHLY, whole) == whole
    # Off the anchor, or longer than a cycle: the period is its own term.
    odd = Period(date(2023, 3, 10), date(2023, 3, 30))
    assert whole_term(anchor, MONTHLY, odd) == odd
    long = Period(date(2023, 1, 31), date(2023, 3, 31))
    assert whole_term(anchor, MONTHLY, long) == long


@given(anchor=days, day=days, cycle=st.sampled_from(Cycle))
def test_every_day_lies_in_exactly_one_period(anchor: date, day: date, cycle: Cycle) -> None:
    if day < anchor:
        anchor, day = day, anchor
    period = period_at(anchor, cycle, day)
    assert period.contains(day)
    assert period_at(anchor, cycle, period.end).start == period.end
    assert period_at(anchor, cycle, period.end - timedelta(days=1)) == period
    assert next_period(anchor, period.start, cycle) == period
    assert whole_term(anchor, cycle, period.from_day(day)) == period


@given(anchor=days, cycles=st.lists(st.sampled_from(Cycle), min_size=1, max_size=30))
def test_periods_follow_each_other_on_the_anchors_day(anchor: date, cycles: list[Cycle]) -> None:
    start, months = anchor, 0
    for cycle in cycles:
        period = next_period(anchor, start, cycle)
        months += cycle.months
        assert period.start == start
        assert period.end == add_months(anchor, months)
        start = period.end


def test_the_periods_that_share_a_day_with_a_span() -> None:
    known = Period(date(2026, 3, 31), date(2026, 4, 30))
    before = periods_over(
        date(2026, 1, 31), Cycle.MONTHLY, known, Period(date(2026, 2, 10), date(2026, 3, 31))
    )
    assert before == (
        Period(date(2026, 1, 31), date(2026, 2, 28)),
        Period(date(2026, 2, 28), date(2026, 3, 31)),
    )
    after = periods_over(date(2026, 1, 31), Cycle.ANNUAL, known, Period(date(2027, 5, 1), date(2027, 5, 2)))
    assert after == (Period(date(2027, 3, 31), date(2028, 3, 31)),)
    earlier = periods_over(date(2026, 1, 31), Cycle.ANNUAL, known, Period(date(2026, 3, 1), date(2026, 4, 2)))
    assert [one.start for one in earlier] == [date(2025, 3, 31), date(2026, 3, 31)]
    # What ends on its first day shares none with it, nor does what begins on the day after it.
    next_one = periods_over(
        date(2026, 1, 31), Cycle.MONTHLY, known, Period(date(2026, 4, 30), date(2026, 5, 31))
    )
    assert next_one == (Period(date(2026, 4, 30), date(2026, 5, 31)),)


def test_cycles_stand_in_the_order_of_their_length() -> None:
    assert [(cycle.value, cycle.months) for cycle in Cycle] == [("monthly", 1), ("annual", 12)]
    assert list(Cycle) == sorted(Cycle, key=lambda cycle: cycle.months)
    assert Cycle("annual") is Cycle.ANNUAL
