"""Seats month by month, told back from today: 14 July 2023 is in the last of the twelve months."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.rules import seat_history
from billing.rules.periods import Period, add_months
from billing.rules.seat_history import PaidSeats, SeatMonth, history
from tests.rules.shop import TODAY

AUGUST = date(2022, 8, 1)
YEAR = Period(date(2022, 8, 10), date(2023, 8, 10))


def test_the_present_month_is_the_last_of_twelve() -> None:
    assert seat_history.first_month(TODAY) == AUGUST
    months = history([PaidSeats(5, YEAR)], {}, bought=5, used=3, on=TODAY)
    assert [month.first for month in months] == [add_months(AUGUST, number) for number in range(12)]
    assert set(months) == {SeatMonth(month.first, 5, 3) for month in months}


def test_a_month_ends_with_what_the_next_busy_one_began_with() -> None:
    # 2 in use until something happened in March 2023, 6 from then until July, 7 today.
    before = {date(2023, 3, 1): 2, date(2023, 7, 1): 6}
    months = history([PaidSeats(10, YEAR)], before, bought=10, used=7, on=TODAY)
    assert [month.used for month in months] == [2] * 7 + [6] * 4 + [7]


def test_bought_is_what_was_paid_on_the_last_day_and_nothing_before_that() -> None:
    # 4 from 28 February, 9 from 1 April: February ended with 4, March too.
    paid = [
        PaidSeats(4, Period(date(2023, 2, 28), date(2023, 4, 1))),
        PaidSeats(9, Period(date(2023, 4, 1), date(2024, 2, 28))),
    ]
    months = history(paid, {}, bought=9, used=3, on=TODAY)
    assert [(month.bought, month.used) for month in months] == [(0, 0)] * 6 + [(4, 3)] * 2 + [(9, 3)] * 4


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 9)), max_size=30))
def test_it_is_what_was_counted_at_the_end_of_each_month(changes: list[tuple[int, int]]) -> None:
    """Seats are given out and freed on days of the last 500: counted forward, and told back."""
    counted = sorted((TODAY - timedelta(days=ago), used) for ago, used in changes)
    now, before = 1, dict[date, int]()
    for day, used in counted:
        if day >= AUGUST:
            before.setdefault(day.replace(day=1), now)
        now = used
    always = PaidSeats(10, Period(date(2020, 1, 1), date(2024, 1, 1)))
    for month in history([always], before, bought=10, used=now, on=TODAY):
        until = add_months(month.first, 1)
        assert month.used == next((used for day, used in reversed(counted) if day < until), 1)
