"""When temporary seats are told of, and how many people their end leaves with a seat too many."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from billing.rules.facts import Facts, ScheduledFacts, ScheduledKind, TemporaryFacts
from billing.rules.periods import Period
from billing.rules.temporary import TemporaryEnd, TemporaryStep, ends, step, warning
from tests.rules.shop import YEAR, acme, bought

START, END = date(2023, 8, 1), date(2023, 8, 31)
MONTH = Period(START, END)
RENEWAL = YEAR.end


def told(covers: Period = MONTH, first: date = date(2023, 7, 25), days: int = 45) -> list[tuple[date, str]]:
    """Let each day pass; return what is done on which."""
    found, start_told, end_warned, over = [], False, None, False
    for day in (first + timedelta(days=number) for number in range(days)):
        while not over and (now := step(covers, day, start_told=start_told, end_warned=end_warned)):
            found.append((day, now.value))
            start_told |= now is TemporaryStep.STARTING
            end_warned = warning(covers, day) if now is TemporaryStep.ENDING else end_warned
            over |= now is TemporaryStep.OVER
    return found


def test_a_month_of_seats_is_told_of_a_day_before_then_seven_and_one_before_its_end() -> None:
    assert told() == [
        (date(2023, 7, 31), "starting"),
        (date(2023, 8, 24), "ending"),
        (date(2023, 8, 30), "ending"),
        (date(2023, 8, 31), "over"),
    ]


@pytest.mark.parametrize(
    ("days", "warned"),
    [(1, []), (2, [1]), (7, [1]), (8, [7, 1]), (365, [7, 1])],
)
def test_what_is_over_so_soon_is_not_warned_of_on_its_first_day(days: int, warned: list[int]) -> None:
    covers = Period(START, START + timedelta(days=days))
    found = [(covers.end - day).days for day, what in told(covers, first=START, days=400) if what == "ending"]
    assert found == warned


def test_of_warnings_that_were_missed_the_nearest_comes_and_no_start_is_told_afterwards() -> None:
    assert told(first=START)[0] == (date(2023, 8, 24), "ending")
    assert told(first=date(2023, 8, 30)) == [(date(2023, 8, 30), "ending"), (END, "over")]
    assert told(first=date(2023, 9, 9)) == [(date(2023, 9, 9), "over")]


def held(in_use: int, *temporary: tuple[int, date, date], scheduled: ScheduledFacts | None = None) -> Facts:
    """Return ten seats of Support, so many of them held, with temporary ones."""
    return replace(
        acme(bought("support", "professional", 10, seats_in_use=in_use)),
        temporary=tuple(TemporaryFacts("support", number, Period(a, b)) for number, a, b in temporary),
        scheduled=(scheduled,) if scheduled else (),
    )


def test_ten_seats_three_temporary_ones_and_twelve_people_leave_two_without() -> None:
    # 12 people − 10 seats
    assert ends(held(12, (3, START, END))) == (TemporaryEnd("support", END, 3, 10, 2),)
    assert ends(held(10, (3, START, END))) == (TemporaryEnd("support", END, 3, 10, 0),)


def test_who_lost_a_seat_at_the_first_end_is_not_counted_at_the_second() -> None:
    later = END + timedelta(days=30)
    # 15 people: 10 + 3 left at the first end, so 2 go; then 10 are left, so 3 of 13 go.
    found = ends(held(15, (2, START, END), (3, START, later)))
    assert [(one.on, one.left, one.surplus) for one in found] == [(END, 13, 2), (later, 10, 3)]


def test_two_that_end_together_are_one_end_and_what_begins_that_day_counts() -> None:
    found = ends(held(14, (2, START, END), (2, START, END), (1, END, END + timedelta(days=5))))
    assert [(one.quantity, one.left, one.surplus) for one in found] == [(4, 11, 3), (1, 10, 1)]


@pytest.mark.parametrize(
    ("kind", "quantity", "found"),
    [
        (ScheduledKind.QUANTITY, 8, [(8, 4)]),
        (ScheduledKind.REMOVAL, None, []),
        (ScheduledKind.CANCELLATION, None, []),
    ],
)
def test_what_waits_for_the_renewal_before_it_counts(
    kind: ScheduledKind, quantity: int | None, found: list[tuple[int, int]]
) -> None:
    product = None if kind is ScheduledKind.CANCELLATION else "support"
    waits = ScheduledFacts(kind, RENEWAL, product, quantity=quantity)
    for days in (0, 5):
        after = held(12, (3, START, RENEWAL + timedelta(days=days)), scheduled=waits)
        assert [(one.left, one.surplus) for one in ends(after)] == found
    before = held(12, (3, START, END), scheduled=waits)
    assert [(one.left, one.surplus) for one in ends(before)] == [(10, 2)]
