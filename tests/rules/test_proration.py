"""The price of days: the worked invoice, leap years, currencies, half cents, capped credits."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.periods import AppliedDiscount, Cycle, Period, Segment
from billing.rules.proration import credit, discounted, net, prorated, share_by_period
from tests.rules.shop import TODAY, YEAR


def segment(**more: object) -> Segment:
    whole = Segment(YEAR, YEAR, 100, 10, 12, Cycle.ANNUAL, charged=12000)
    return replace(whole, **more)  # type: ignore[arg-type]


def test_a_real_invoice() -> None:
    """10 → 11 seats at 1.00 a month, 105 of 365 days: −34.52 + 37.97 = 3.45."""
    old = prorated(100, 10, months=12, term=YEAR, on=TODAY)  # 120.00 × 105 / 365 = 34.5205…
    new = prorated(100, 11, months=12, term=YEAR, on=TODAY)  # 132.00 × 105 / 365 = 37.9726…
    assert (old, new, new - old) == (3452, 3797, 345)


@pytest.mark.parametrize(
    ("on", "left"),
    [
        (date(2026, 1, 15), 6000),  # they have not begun
        (date(2026, 2, 15), 4500),  # 30.00 × 14/28 + 30.00
        (date(2026, 3, 1), 3000),  # and not 60.00 × 31/59 = 31.53
        (date(2026, 3, 31), 97),  # 30.00 × 1/31 = 0.967…
        (date(2026, 4, 1), 0),
        (date(2027, 1, 1), 0),
    ],
)
def test_each_period_of_a_charge_costs_the_same_whatever_its_length(on: date, left: int) -> None:
    months = [Period(date(2026, month, 1), date(2026, month + 1, 1)) for month in (1, 2, 3, 4)]
    assert share_by_period(6000, Period(date(2026, 2, 1), date(2026, 4, 1)), months, on) == left


def test_terms_that_hold_none_of_the_days_give_no_share() -> None:
    with pytest.raises(ValueError, match="none of 0 terms"):
        share_by_period(6000, Period(date(2026, 2, 1), date(2026, 4, 1)), [], date(2026, 3, 1))


def test_a_leap_year_has_366_days() -> None:
    term = Period(date(2023, 7, 19), date(2024, 7, 19))
    assert term.days == 366
    # 99.00 × 12 × 243 / 366 = 788.754…
    assert prorated(9900, 1, months=12, term=term, on=date(2023, 11, 19)) == 78875


def test_29_february_is_a_day_like_any_other() -> None:
    term = Period(date(2024, 2, 1), date(2024, 3, 1))
    assert prorated(2900, 1, months=1, term=term, on=date(2024, 2, 29)) == 100


def test_yen_and_dinar() -> None:
    term = Period(date(2024, 4, 1), date(2024, 5, 1))
    # ¥1,000 × 7 / 30 = 233.3 yen; 1.000 dinar × 7 / 30 = 0.2333 dinar = 233 fils
    assert prorated(1000, 1, months=1, term=term, on=date(2024, 4, 24)) == 233


def test_half_a_cent_goes_away_from_zero() -> None:
    term = Period(date(2017, 2, 15), date(2017, 3, 15))
    # 29.95 × 14 / 28 = 14.975
    assert prorated(2995, 1, months=1, term=term, on=term.start, until=date(2017, 3, 1)) == 1498
    assert prorated(-2995, 1, months=1, term=term, on=term.start, until=date(2017, 3, 1)) == -1498


def test_nothing_for_no_days_and_all_for_all() -> None:
    assert prorated(100, 10, months=12, term=YEAR, on=YEAR.end) == 0
    assert prorated(100, 10, months=12, term=YEAR, on=TODAY, until=TODAY) == 0
    assert prorated(100, 10, months=12, term=YEAR, on=YEAR.start) == 12000


@pytest.mark.parametrize(
    ("on", "until"),
    [
        (date(2022, 10, 26), None),
        (date(2023, 10, 28), None),
        (TODAY, date(2023, 10, 28)),
        (TODAY, YEAR.start),
    ],
)
def test_days_outside_the_term_are_refused(on: date, until: date | None) -> None:
    with pytest.raises(ValueError, match=f"^{on} to .* does not lie in the term 2022-10-27 to 2023-10-27$"):
        prorated(100, 1, months=12, term=YEAR, on=on, until=until)


def test_each_discount_is_the_difference_of_two_rounded_steps() -> None:
    """20.00 − 10 % = 18.00, − 5 % = 17.10, − 3.33 fixed = 13.77; half of the days, rounded once."""
    chain = (
        AppliedDiscount("A", Decimal(10)),
        AppliedDiscount("B", Decimal(5)),
        AppliedDiscount("C", share=333),
    )
    term = Period(date(2024, 4, 1), date(2024, 5, 1))
    whole = discounted(2000, 1, months=1, discounts=chain, term=term, covers=term)
    assert whole == (2000, 1800, 1710, 1377)
    half = discounted(
        2000, 1, months=1, discounts=chain, term=term, covers=Period(date(2024, 4, 16), term.end)
    )
    assert half == (1000, 900, 855, 689)  # 688.5


def test_a_discount_never_takes_more_than_there_is() -> None:
    term = Period(date(2024, 4, 1), date(2024, 5, 1))
    steps = discounted(100, 1, months=1, discounts=(AppliedDiscount("C", share=150),), term=term, covers=term)
    assert steps == (100, 0)


def test_nothing_is_rounded_between_discounts() -> None:
    """0.05 − 50 % − 50 % = 0.0125, not half of a rounded 0.03."""
    halves = (AppliedDiscount("A", Decimal(50)), AppliedDiscount("B", Decimal(50)))
    assert discounted(5, 1, months=1, discounts=halves, term=YEAR, covers=YEAR) == (5, 3, 1)


def test_a_credit_is_the_negative_of_the_same_charge() -> None:
    assert credit(segment(), TODAY) == net(segment(), YEAR.from_day(TODAY)) == 3452


def test_a_credit_never_exceeds_what_was_charged_less_what_was_credited() -> None:
    assert credit(segment(charged=3000), TODAY) == 3000
    assert credit(segment(charged=12000, credited=10000), TODAY) == 2000
    assert credit(segment(charged=12000, credited=12000), TODAY) == 0


def test_a_credit_of_days_that_have_not_begun_is_of_all_of_them() -> None:
    assert credit(segment(), date(2022, 1, 1)) == 12000


def test_nothing_comes_back_for_days_that_are_over() -> None:
    assert credit(segment(), YEAR.end) == 0


@given(
    unit=st.integers(0, 10**6),
    quantity=st.integers(1, 10**4),
    months=st.sampled_from((1, 12)),
    length=st.integers(1, 366),
    cut=st.integers(0, 366),
    percent=st.decimals(0, 100, places=2),
)
def test_two_parts_differ_from_the_whole_by_at_most_a_minor_unit(
    unit: int, quantity: int, months: int, length: int, cut: int, percent: Decimal
) -> None:
    term = Period(date(2024, 1, 1), date.fromordinal(date(2024, 1, 1).toordinal() + length))
    day = date.fromordinal(term.start.toordinal() + min(cut, length))
    chain = (AppliedDiscount("A", percent),)
    whole, before, after = (
        discounted(unit, quantity, months=months, discounts=chain, term=term, covers=covers)[-1]
        for covers in (term, term.until_day(day), term.from_day(day))
    )
    assert abs(whole - before - after) <= 1
    assert 0 <= after <= whole
