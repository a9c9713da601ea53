"""What the facts themselves answer."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.rules.facts import OWN_PRICE, DiscountFacts, DiscountSource, EditionFacts, PriceFacts
from billing.rules.periods import AppliedDiscount, Cycle, Period
from tests.rules.shop import CATALOGUE, TODAY, YEAR, acme, bought, nothing

FACTS = acme(bought("support", "team", 10, 100))
NEXT = Period(YEAR.end, date(2024, 10, 27))
EXTENDED = replace(FACTS, paid_until=NEXT.end)


def test_terms_and_the_period_of_a_day() -> None:
    assert FACTS.terms(TODAY) == (YEAR,)
    assert FACTS.terms(YEAR.end) == ()
    assert EXTENDED.terms(TODAY) == (YEAR, NEXT)
    assert EXTENDED.terms(YEAR.end) == (NEXT,)
    assert EXTENDED.period_on(date(2023, 10, 26)) == YEAR
    assert EXTENDED.period_on(YEAR.end) == NEXT
    assert FACTS.next_period == NEXT
    assert EXTENDED.next_period.end == date(2025, 10, 27)


def test_before_the_first_purchase_there_is_no_period() -> None:
    for read in ("paid_cycle", "first_day", "renews_on", "current_period"):
        with pytest.raises(
            ValueError, match=r"^nothing has been bought yet: the subscription has no period$"
        ):
            getattr(nothing(), read)
    assert not nothing().has_bought
    assert FACTS.has_bought
    assert not replace(FACTS, lines=()).has_bought


def test_prices_by_cycle_day_and_availability() -> None:
    old, new = PriceFacts(Cycle.ANNUAL, 100), PriceFacts(Cycle.ANNUAL, 120, TODAY)
    priced = EditionFacts("team", 1, prices=(new, old))
    assert [priced.price(Cycle.ANNUAL, d) for d in (YEAR.start, TODAY)] == [100, 120]
    assert priced.price(Cycle.MONTHLY, TODAY) is None
    assert EditionFacts("team", 1, prices=(new,)).price(Cycle.ANNUAL, YEAR.start) is None
    elite = replace(CATALOGUE["support"].edition("elite"), prices=(old,))
    assert elite.price(Cycle.ANNUAL, TODAY) is None


def test_a_price_is_known_by_the_day_of_its_list_or_as_agreed() -> None:
    old, new = PriceFacts(Cycle.ANNUAL, 100, YEAR.start), PriceFacts(Cycle.ANNUAL, 120, TODAY)
    again = PriceFacts(Cycle.ANNUAL, 100, date(2024, 1, 1))
    priced = EditionFacts("team", 1, prices=(new, old, again))
    assert priced.price_version(Cycle.ANNUAL, 100, TODAY) == "2022-10-27"
    assert priced.price_version(Cycle.ANNUAL, 120, TODAY) == "2023-07-14"
    # The same amount once more is the newer list's.
    assert priced.price_version(Cycle.ANNUAL, 100, date(2024, 1, 1)) == "2024-01-01"
    # Not in force yet, of another cycle, or of no list.
    assert priced.price_version(Cycle.ANNUAL, 120, YEAR.start) == OWN_PRICE
    assert priced.price_version(Cycle.MONTHLY, 100, TODAY) == OWN_PRICE
    assert priced.price_version(Cycle.ANNUAL, 99, TODAY) == OWN_PRICE


def test_an_old_price_beside_the_list() -> None:
    (line,) = FACTS.lines
    assert (FACTS.list_price(line, TODAY), FACTS.is_grandfathered(line, TODAY)) == (200, True)
    assert not FACTS.is_grandfathered(replace(line, unit=200), TODAY)


def test_the_smallest_charge() -> None:
    assert FACTS.smallest_charge == 50
    assert replace(FACTS, minimum=0).smallest_charge == 0


def test_what_a_discount_is_for() -> None:
    ten = DiscountFacts("TEN", DiscountSource.COUPON, percent=Decimal(10))
    assert ten.covers("talk")
    assert replace(ten, products=("talk",)).covers("talk")
    assert not replace(ten, products=("talk",)).covers("support")


def test_a_percentage_leaves_its_rest_and_a_share_leaves_all() -> None:
    assert AppliedDiscount("TEN", Decimal("12.5")).factor * 8 == 7
    assert AppliedDiscount("OFF", share=5).factor == 1
