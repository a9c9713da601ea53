"""The coming renewal beside today: each line, each discount, the taxes, and whether anything differs.

Acme's year ends on 27 October 2023: Support Team × 10 at 2.00 = 240.00 a year.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.rules.facts import DiscountFacts, DiscountSource, Facts, ScheduledKind
from billing.rules.periods import AppliedDiscount, Cycle
from billing.rules.quoting import renewal
from billing.rules.renewal_comparison import RenewalComparison, compare
from billing.rules.taxation import Taxation, TaxBuyer, TaxSeller
from tests.rules.shop import RISING, TODAY, acme, bought, nothing, waits

SUPPORT = bought("support", "team", 10)


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
