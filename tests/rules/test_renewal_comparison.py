"""The coming renewal beside today: each line, each discount, the taxes, and whether anything differs.

Acme's year ends on 27 October 2023: Support Team × 10 at 2.00 = 240.00 a year.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from accounts.rules.capabilities import AccountState
from billing.rules.facts import DiscountFacts, DiscountSource, Facts, PriceFacts, ScheduledKind
from billing.rules.periods import AppliedDiscount, Cycle
from billing.rules.quoting import renewal
from billing.rules.renewal_comparison import RenewalComparison, compare, later_codes
from billing.rules.taxation import Taxation, TaxBuyer, TaxRateFacts, TaxSeller
from tests.rules.shop import CATALOGUE, RISING, TODAY, YEAR, acme, bought, edition, nothing, waits

SUPPORT = bought("support", "team", 10)
CREDITS = bought("credits", "one", 1)


def compared(facts: Facts) -> RenewalComparison:
    """Return the comparison of a subscription that renews."""
    found = compare(facts, TODAY)
    assert found is not None
    assert found.coming == renewal(facts, TODAY)
    return found


def test_nothing_differs_where_nothing_waits() -> None:
    found = compared(acme(SUPPORT))
    assert [(one.old, one.new, one.stays) for one in found.lines] == [(24000, 24000, True)]
    assert not found.differs


def test_nothing_is_compared_where_nothing_was_bought() -> None:
    assert compare(nothing(), TODAY) is None


def test_a_reduction_and_a_removal_stand_beside_what_is_today() -> None:
    facts = acme(
        SUPPORT,
        bought("guide", "standard", 3),
        scheduled=(
            waits(ScheduledKind.QUANTITY, "support", quantity=8),
            waits(ScheduledKind.REMOVAL, "guide"),
        ),
    )
    found = compared(facts)
    # 10 × 2.00 × 12 → 8 × 2.00 × 12; 3 × 0.80 × 12 → nothing
    assert [(one.old, one.new, len(one.then)) for one in found.lines] == [(24000, 19200, 1), (2880, 0, 0)]
    assert [one.line for one in found.lines] == list(facts.lines)
    assert found.differs


def test_a_suite_that_falls_apart_becomes_several_lines() -> None:
    facts = acme(
        bought("suite", "team", 2), scheduled=(waits(ScheduledKind.REMOVAL, "suite", leaving=("talk",)),)
    )
    found = compared(facts)
    # 2 × 3.50 × 12 → 2 × (2.00 + 0.80) × 12
    assert [(one.old, one.new) for one in found.lines] == [(8400, 6720)]
    assert [one.product for one in found.lines[0].then] == ["support", "guide"]


def test_an_ended_price_is_the_new_amount_of_its_line() -> None:
    found = compared(acme(bought("support", "team", 10, 150, price_ends_on=date(2023, 9, 1))))
    # 10 × 1.50 × 12 → 10 × 2.00 × 12
    assert [(one.old, one.new, one.stays) for one in found.lines] == [(18000, 24000, False)]


def test_a_code_that_is_used_up_was_taken_off_today_and_is_not_at_the_renewal() -> None:
    paid = bought("support", "team", 10, discounts=(AppliedDiscount("WELCOME", share=4000),))
    found = compared(acme(paid))
    assert [(one.code, one.old, one.new) for one in found.discounts] == [("WELCOME", -4000, 0)]
    assert found.codes_ended == ("WELCOME",)
    # 240.00 − 40.00 was paid
    assert found.now.settlement.subtotal == 20000
    assert found.coming.settlement.subtotal == 24000
    assert found.differs


def test_a_used_up_percentage_was_taken_off_its_own_product_alone() -> None:
    """25 % of Support for the period that ends: 240.00 − 60.00, and 28.80 for Guide as ever."""
    quarter = AppliedDiscount("QUARTER", Decimal(25), products=("support",))
    paid = bought("support", "team", 10, discounts=(quarter,))
    found = compared(acme(paid, bought("guide", "standard", 3)))
    assert [(one.code, one.old, one.new) for one in found.discounts] == [("QUARTER", -6000, 0)]
    assert [(one.old, one.new) for one in found.lines] == [(24000, 24000), (2880, 2880)]
    assert found.now.settlement.subtotal == 20880


def test_a_used_up_amount_is_the_sum_of_its_shares() -> None:
    lines = (
        bought("support", "team", 10, discounts=(AppliedDiscount("WELCOME", share=3000),)),
        bought("guide", "standard", 3, discounts=(AppliedDiscount("WELCOME", share=1000),)),
    )
    assert [(one.code, one.old) for one in compared(acme(*lines)).discounts] == [("WELCOME", -4000)]


def test_a_code_that_goes_on_is_not_ended_and_one_typed_for_the_renewal_begins_then() -> None:
    given = DiscountFacts("LOYAL", DiscountSource.COUPON, Decimal(10), version=1, order=0)
    typed = DiscountFacts("NEXT", DiscountSource.PROMO, amount=1000, periods_left=1, version=6, order=1)
    paid = bought("support", "team", 10, discounts=(AppliedDiscount("LOYAL", Decimal(10)),))
    found = compared(acme(paid, discounts=(given, typed)))
    # 10 % of 240.00; then 10.00 less
    assert [(one.code, one.old, one.new) for one in found.discounts] == [
        ("LOYAL", -2400, -2400),
        ("NEXT", 0, -1000),
    ]
    assert found.codes_ended == ()


def test_only_a_code_that_a_person_typed_and_no_paid_day_carries_begins_with_the_renewal() -> None:
    """Brought in with the first version, given by the staff, or paid with already: none of them is later."""
    codes = (
        DiscountFacts("BROUGHT", DiscountSource.PROMO, Decimal(10), version=1),
        DiscountFacts("GIVEN", DiscountSource.COUPON, Decimal(10), version=5),
        DiscountFacts("PAID", DiscountSource.PROMO, Decimal(10), version=5),
        DiscountFacts("TYPED", DiscountSource.PROMO, Decimal(10), version=2),
        DiscountFacts("OVER", DiscountSource.PROMO, Decimal(10), version=6),
    )
    line = bought("support", "team", 10)
    (whole,) = line.segments
    over, paid = (AppliedDiscount(code, Decimal(10)) for code in ("OVER", "PAID"))
    before = replace(whole, covers=YEAR.until_day(TODAY), discounts=(over,))
    ahead = replace(whole, covers=YEAR.from_day(TODAY), discounts=(paid,))
    facts = acme(replace(line, segments=(before, ahead)), discounts=codes)
    assert later_codes(facts, TODAY) == {"TYPED", "OVER"}


def test_of_what_is_used_up_the_last_day_counts_and_it_is_older_than_what_goes_on() -> None:
    """240.00 less a half is 120.00, less a tenth 12.00; what earlier days carried is long over."""
    line, day = bought("support", "team", 10), date(2023, 10, 26)
    (whole,) = line.segments
    old, half = AppliedDiscount("OLD", Decimal(20)), AppliedDiscount("HALF", Decimal(50))
    before = replace(whole, covers=YEAR.until_day(day), discounts=(old,))
    last = replace(whole, covers=YEAR.from_day(day), discounts=(half,))
    loyal = DiscountFacts("LOYAL", DiscountSource.COUPON, Decimal(10), version=1, order=0)
    found = compared(acme(replace(line, segments=(before, last)), discounts=(loyal,)))
    assert [(one.code, one.old, one.new) for one in found.discounts] == [
        ("HALF", -12000, 0),
        ("LOYAL", -12000 // 10, -2400),
    ]


def test_a_code_is_one_amount_whatever_taxes_its_lines_bear() -> None:
    """A tenth of 240.00 and of 28.80, which is taxed at a rate of its own."""
    reduced = TaxRateFacts("FR", "TVA", Decimal("5.5"), date(2014, 1, 1), category="books")
    known = Taxation(TaxSeller("FR"), TaxBuyer("FR"), (*RISING, reduced))
    loyal = DiscountFacts("LOYAL", DiscountSource.COUPON, Decimal(10), version=1)
    guide = replace(CATALOGUE["guide"], tax_category="books")
    facts = acme(
        SUPPORT,
        bought("guide", "standard", 3),
        discounts=(loyal,),
        taxation=known,
        catalogue={**CATALOGUE, "guide": guide},
    )
    assert [(one.old, one.new) for one in compared(facts).discounts] == [(-2688, -2688)]


def test_a_suspended_account_that_resumes_late_is_compared_with_its_whole_year() -> None:
    """A Suite falls apart into what is sold on that day: Guide is, since the day before."""
    day = date(2023, 11, 5)
    offered = replace(edition("standard", 2), prices=(PriceFacts(Cycle.ANNUAL, 80, date(2023, 11, 4)),))
    catalogue = {**CATALOGUE, "guide": replace(CATALOGUE["guide"], editions=(offered,))}
    facts = acme(
        bought("suite", "team", 2),
        CREDITS,
        state=AccountState.SUSPENDED,
        catalogue=catalogue,
        scheduled=(waits(ScheduledKind.REMOVAL, "suite", leaving=("talk",)),),
    )
    found = compare(facts, day)
    assert found is not None
    assert (found.coming.on, found.now.on) == (day, YEAR.end)
    assert [[one.product for one in line.then] for line in found.lines] == [["support", "guide"], ["credits"]]


def test_another_cycle_can_not_be_subtracted() -> None:
    found = compared(acme(SUPPORT, scheduled=(waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY),)))
    assert not found.same_length
    assert found.differs


@pytest.mark.parametrize(
    ("until", "rises"),
    [(date(2024, 6, 30), False), (date(2024, 7, 1), True)],
)
def test_a_tax_that_rises_until_the_renewal_is_named(until: date, rises: bool) -> None:
    """TVA rises to 22 % on 1 July 2024 (an invented table)."""
    known = Taxation(TaxSeller("FR", registered=frozenset({"FR"})), TaxBuyer("FR"), RISING)
    found = compared(replace(acme(SUPPORT), paid_until=until, taxation=known))
    assert [one.product for one in found.taxes] == (["support"] if rises else [])
    for one in found.taxes:
        assert [tax.rate for tax in one.was] == [Decimal("20.6")]
        assert [tax.rate for tax in one.becomes] == [Decimal(22)]
