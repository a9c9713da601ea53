"""What a discount for single products still says once it is used up, and which periods it counts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.rules.changes import (
    AddProduct,
    AddSeats,
    CombineIntoSuite,
    Extend,
    FirstPurchase,
    Item,
    UsePromoCode,
)
from billing.rules.facts import Facts, PromoFacts
from billing.rules.periods import Cycle
from billing.rules.quoting import quote, renewal
from tests.rules.shop import CATALOGUE, codes, edition, nothing, saved

TODAY = date(2023, 7, 14)
PRICES = {
    "support": replace(CATALOGUE["support"], editions=(edition("team", 1, 1200, 1500),)),
    "suite": replace(CATALOGUE["suite"], editions=(edition("team", 1, 4000, 5000),)),
}
HALF = PromoFacts("SPRING", percent=Decimal(50), products=("support",))
FIXED = PromoFacts("SPRING", amount=72000, products=("support",))


def first(promo: PromoFacts, *items: Item, cycle: Cycle = Cycle.ANNUAL) -> Facts:
    """Return what stands once the first purchase with the code is made."""
    facts = nothing(promos=(promo,), catalogue={**CATALOGUE, **PRICES})
    bought = FirstPurchase(cycle, items or (Item("support", "team", 10),))
    return saved(quote(facts, [bought, UsePromoCode("SPRING")], TODAY).after)


@pytest.mark.parametrize("promo", [HALF, FIXED], ids=["percent", "fixed"])
@pytest.mark.parametrize("periods", [1, 2, None])
def test_a_suite_of_the_same_day_costs_what_it_costs(promo: PromoFacts, periods: int | None) -> None:
    """4,800.00 − 720.00: half of 1,440.00 was charged and comes back; the code ends, and that is said."""
    facts = first(replace(promo, periods=periods))
    found = quote(facts, [CombineIntoSuite("suite", "team", 10)], TODAY)
    assert [line.amount for line in found.lines] == [-72000, 480000]
    assert found.due == 408000
    assert [n.data for n in found.notices if n.code == "discount_lost"] == [{"code": "SPRING"}]
    assert found.after.discounts == ()
    assert found.renewal.amount == 480000


@pytest.mark.parametrize("promo", [HALF, FIXED], ids=["percent", "fixed"])
def test_what_was_used_up_goes_on_inside_its_line(promo: PromoFacts) -> None:
    """11 seats with the discount of their segment: 50 % of each, or 720.00 of all."""
    facts = first(replace(promo, periods=1))
    assert facts.discounts == ()
    found = quote(facts, [AddSeats("support", 11)], TODAY)
    assert found.due == (7200 if promo is HALF else 14400)
    assert found.after.lines[0].segments[0].discounts[0].products == ("support",)


def test_a_used_up_discount_that_is_for_the_suite_too_goes_on() -> None:
    facts = first(replace(HALF, periods=1, products=("support", "suite")))
    found = quote(facts, [CombineIntoSuite("suite", "team", 10)], TODAY)
    assert found.due == 240000 - 72000
    assert "discount_lost" not in codes(found)


def test_a_discount_that_is_for_the_suite_too_and_goes_on_is_not_ended() -> None:
    facts = first(replace(HALF, periods=2, products=("support", "suite")))
    found = quote(facts, [CombineIntoSuite("suite", "team", 10)], TODAY)
    assert [one.code for one in found.after.discounts] == ["SPRING"]
    assert "discount_lost" not in codes(found)


def test_a_discount_that_no_segment_carries_yet_is_lost_too() -> None:
    """Typed today, meant for the renewal of Support: the Suite takes its place before."""
    facts = first(replace(HALF, products=("support",), periods=1))
    later = PromoFacts("AUTUMN", percent=Decimal(10), products=("support",), periods=2)
    facts = saved(quote(replace(facts, promos=(later,)), [UsePromoCode("AUTUMN")], TODAY).after)
    found = quote(facts, [CombineIntoSuite("suite", "team", 10)], TODAY)
    assert [n.data["code"] for n in found.notices if n.code == "discount_lost"] == ["AUTUMN", "SPRING"]
    assert found.after.discounts == ()


def test_a_discount_that_is_also_for_a_line_that_stays_goes_on_there() -> None:
    promo = replace(HALF, products=("support", "credits"), periods=2)
    facts = first(promo, Item("support", "team", 10), Item("credits", "one", 1))
    found = quote(facts, [CombineIntoSuite("suite", "team", 10)], TODAY)
    assert [d.code for d in found.after.discounts] == ["SPRING"]
    assert found.due == 408000
    # 4,800.00 + 100.00: half of the credits' 200.00
    assert found.renewal.amount == 490000


def test_a_code_waits_for_a_line_of_its_products() -> None:
    """50 % on Talk for two periods, two renewals without Talk: both are still ahead."""
    talk = PromoFacts("SPRING", percent=Decimal(50), products=("talk",), periods=2)
    facts = first(talk, Item("support", "team", 10), Item("talk", "team", 2), cycle=Cycle.MONTHLY)
    assert [d.periods_left for d in facts.discounts] == [1]
    facts = replace(facts, lines=facts.lines[:1])
    for _ in range(2):
        coming = renewal(facts, facts.renews_on)
        assert coming is not None
        facts = saved(coming.after)
    assert [d.periods_left for d in facts.discounts] == [1]
    extended = saved(quote(facts, [Extend()], facts.current_period.start).after)
    assert [d.periods_left for d in extended.discounts] == [1]
    # Talk × 2 at 1.50 comes back: at list price inside the term, at half of it from the renewal.
    back = quote(facts, [AddProduct("talk", "team", 2)], facts.current_period.start)
    assert back.lines[0].amount == 300
    assert back.renewal.lines[1].amount == 150
    assert back.renewal.after.discounts == ()


def test_a_fixed_amount_that_nothing_is_left_for_is_not_counted() -> None:
    """A code of 100 % leaves nothing of the second period that the older fixed amount could take."""
    facts = first(replace(FIXED, periods=2), Item("support", "team", 10))
    free = PromoFacts("FREE", percent=Decimal(100), periods=1)
    facts = saved(quote(replace(facts, promos=(free,)), [UsePromoCode("FREE")], TODAY).after)
    coming = renewal(facts, facts.renews_on)
    assert coming is not None
    assert coming.amount == 0
    assert [(d.code, d.periods_left) for d in coming.after.discounts] == [("SPRING", 1)]
