"""Discounts: order, sharing, products, how often they count, and what a change of cycle ends."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing.rules.discounts import (
    Gross,
    after_cycle_change,
    for_whole_period,
    in_force,
    percentages,
    used_once,
)
from billing.rules.facts import DiscountFacts, DiscountSource, ScheduledKind
from billing.rules.periods import AppliedDiscount, Cycle
from billing.rules.proration import discounted
from tests.rules.shop import YEAR, acme, bought, waits

COUPON, PROMO = DiscountSource.COUPON, DiscountSource.PROMO
TEN = DiscountFacts("TEN", COUPON, percent=Decimal(10), order=1)
HALF = DiscountFacts("HALF", COUPON, percent=Decimal(50), order=2)
OFF = DiscountFacts("OFF", COUPON, amount=1000, order=0)


def shares(discounts: list[DiscountFacts], *amounts: int) -> list[list[tuple[str, int]]]:
    lines = [Gross(f"p{i}", amount) for i, amount in enumerate(amounts)]
    return [[(a.code, a.share) for a in own] for own in for_whole_period(discounts, lines)]


def test_ten_off_three_lines_of_twenty() -> None:
    """10.00 off 20 / 20 / 20 gives 3.34 / 3.33 / 3.33."""
    assert shares([OFF], 2000, 2000, 2000) == [[("OFF", 334)], [("OFF", 333)], [("OFF", 333)]]


def test_percentages_first_then_fixed_the_oldest_first() -> None:
    older = replace(HALF, order=0)
    assert [d.code for d in in_force([OFF, TEN, older])] == ["HALF", "TEN", "OFF"]
    assert [d.code for d in in_force([OFF, replace(OFF, code="OLD", order=-1)])] == ["OLD", "OFF"]


def test_a_fixed_amount_is_shared_over_what_percentages_left() -> None:
    """20.00 − 10 % = 18.00 and 5.00 − 50 % − 10 % … only p1: 18.00 : 2.25 → 8.89 and 1.11."""
    half_on_p1 = replace(HALF, products=("p1",), order=0)
    assert shares([OFF, TEN, half_on_p1], 2000, 500) == [
        [("TEN", 0), ("OFF", 889)],
        [("HALF", 0), ("TEN", 0), ("OFF", 111)],
    ]


def test_a_fixed_amount_for_one_product_is_taken_from_it_alone() -> None:
    assert shares([replace(OFF, products=("p1",))], 2000, 2000) == [[], [("OFF", 1000)]]
    # It is worth no more than that product costs.
    assert shares([replace(OFF, products=("p1",))], 2000, 500) == [[], [("OFF", 500)]]


def test_a_fixed_amount_never_goes_below_zero() -> None:
    assert shares([OFF, replace(OFF, code="MORE", order=9)], 600, 700) == [
        [("OFF", 462), ("MORE", 138)],  # 1000 × 600 / 1300 = 461.5…, 600 − 462 is left
        [("OFF", 538), ("MORE", 162)],
    ]


def test_a_line_of_nothing_takes_no_share() -> None:
    assert shares([OFF], 0, 2000) == [[], [("OFF", 1000)]]


def test_a_discount_for_other_products_is_not_carried() -> None:
    assert percentages([replace(TEN, products=("talk",)), HALF], "support") == (
        AppliedDiscount("HALF", Decimal(50)),
    )


def test_used_up_discounts_are_not_in_force() -> None:
    assert in_force([replace(TEN, periods_left=0), replace(HALF, periods_left=1)]) == (
        replace(HALF, periods_left=1),
    )


def test_periods_are_counted_down() -> None:
    taken = bought(
        "support",
        "team",
        1,
        discounts=(AppliedDiscount("HALF", Decimal(50)), AppliedDiscount("OFF", share=100)),
    )
    left = used_once([TEN, replace(HALF, periods_left=3), replace(OFF, periods_left=1)], [taken])
    assert left == (TEN, replace(HALF, periods_left=2))


def test_a_period_that_no_line_took_it_in_is_not_counted() -> None:
    limited = (replace(HALF, periods_left=2), replace(OFF, periods_left=1))
    taken = bought("support", "team", 1, discounts=(AppliedDiscount("HALF", Decimal(50)),))
    assert used_once(limited, [taken]) == (replace(HALF, periods_left=1), limited[1])
    assert used_once(limited, [replace(taken, segments=bought("support", "team", 1).segments)]) == limited


def test_a_change_of_cycle_ends_promo_codes_that_were_there_before() -> None:
    old = DiscountFacts("OLD", PROMO, percent=Decimal(10), version=7)
    new = DiscountFacts("NEW", PROMO, percent=Decimal(10), version=8)
    facts = acme(bought("support", "team", 1), discounts=(TEN, old, new))
    assert [d.code for d in after_cycle_change(facts)] == ["TEN", "OLD", "NEW"]
    change = waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY, version=8)
    facts = replace(facts, scheduled=(change,))
    assert [d.code for d in after_cycle_change(facts)] == ["TEN", "NEW"]


@given(
    amounts=st.lists(st.integers(0, 10**7), min_size=1, max_size=6),
    percents=st.lists(st.decimals("0.01", 100, places=2), max_size=3),
    fixed=st.lists(st.integers(1, 10**7), max_size=3),
)
def test_fixed_discounts_take_exactly_their_amount_or_all(
    amounts: list[int], percents: list[Decimal], fixed: list[int]
) -> None:
    given = [DiscountFacts(f"%{i}", COUPON, percent=p, order=i) for i, p in enumerate(percents)]
    lines = [Gross(f"p{i}", amount) for i, amount in enumerate(amounts)]

    def net(discounts: list[DiscountFacts]) -> list[int]:
        applied = for_whole_period(discounts, lines)
        return [
            discounted(line.amount, 1, months=1, discounts=own, term=YEAR, covers=YEAR)[-1]
            for line, own in zip(lines, applied, strict=True)
        ]

    before = net(given)
    given += [DiscountFacts(f"-{i}", COUPON, amount=a, order=i) for i, a in enumerate(fixed)]
    after = net(given)
    assert all(0 <= new <= old for new, old in zip(after, before, strict=True))
    assert sum(before) - sum(after) == min(sum(fixed), sum(before))
