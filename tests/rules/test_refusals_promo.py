"""Which promo codes work, and why the others do not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.rules import refusals
from billing.rules.changes import (
    BuyTemporarySeats,
    FirstPurchase,
    Item,
    UsePromoCode,
)
from billing.rules.facts import (
    DiscountFacts,
    DiscountSource,
    PromoFacts,
    ScheduledKind,
    TemporaryFacts,
)
from billing.rules.periods import Cycle, Period
from billing.rules.quoting import quote
from tests.rules.shop import CATALOGUE, TODAY, acme, bought, nothing, saved

CYCLE, CANCELLATION = ScheduledKind.CYCLE, ScheduledKind.CANCELLATION
HELD_BY_SIX = bought("support", "professional", 10, seats_in_use=6, holders=frozenset(range(6)))
SUPPORT = acme(HELD_BY_SIX)
WITH_COPILOT = acme(HELD_BY_SIX, bought("copilot", "one", 5))
BOTH = acme(HELD_BY_SIX, bought("talk", "team", 4, seats_in_use=4, holders=frozenset({5, 6, 7, 8})))
IN_SUITE = acme(bought("suite", "team", 6))
ANNUAL_ONLY = acme(bought("support", "enterprise", 3))
TRIAL = nothing()
TOMORROW = TODAY + timedelta(days=1)


def buy(*items: Item, cycle: Cycle = Cycle.ANNUAL) -> FirstPurchase:
    return FirstPurchase(cycle, items)


def temporary(**more: object) -> BuyTemporarySeats:
    return replace(BuyTemporarySeats("support", 1, TODAY, 10), **more)  # type: ignore[arg-type]


# --- Promo codes

CODE = PromoFacts("SPRING", amount=100)


@pytest.mark.parametrize(
    ("promo", "reason"),
    [
        (replace(CODE, code="OTHER"), "unknown"),
        (replace(CODE, withdrawn=True), "withdrawn"),
        (replace(CODE, valid_from=TOMORROW), "not_yet"),
        (replace(CODE, valid_until=TODAY - timedelta(days=1)), "expired"),
        (replace(CODE, uses_left=0), "used_up"),
        (replace(CODE, first_purchase_only=True), "first_purchase_only"),
        (replace(CODE, currency="EUR"), "currency"),
        (replace(CODE, products=("talk",)), "products"),
    ],
)
def test_a_code_that_does_not_work(promo: PromoFacts, reason: str) -> None:
    with pytest.raises(refusals.PromoNotValid) as refused:
        quote(replace(SUPPORT, promos=(promo,)), [UsePromoCode("SPRING")], TODAY)
    assert refused.value.data == {"promo": "SPRING", "reason": reason}


@pytest.mark.parametrize(
    "promo",
    [
        CODE,
        replace(CODE, valid_from=TODAY, valid_until=TODAY),
        replace(CODE, uses_left=1),
        replace(CODE, currency="USD"),
        replace(CODE, products=("talk", "support")),
    ],
)
def test_a_code_that_works(promo: PromoFacts) -> None:
    found = quote(replace(SUPPORT, promos=(promo,)), [UsePromoCode("SPRING")], TODAY)
    assert [d.code for d in found.after.discounts] == ["SPRING"]


def test_a_code_is_used_once() -> None:
    facts = replace(SUPPORT, promos=(CODE,))
    once = saved(quote(facts, [UsePromoCode("SPRING")], TODAY).after)
    for changes in ([UsePromoCode("SPRING")],):
        with pytest.raises(refusals.PromoNotValid) as refused:
            quote(once, changes, TODAY)
        assert refused.value.data["reason"] == "already_used"
    with pytest.raises(refusals.Refusal):
        quote(facts, [UsePromoCode("SPRING"), UsePromoCode("SPRING")], TODAY)
    coupon = DiscountFacts("SPRING", DiscountSource.COUPON, amount=5)
    with pytest.raises(refusals.PromoNotValid):
        quote(replace(facts, discounts=(coupon,)), [UsePromoCode("SPRING")], TODAY)


def test_a_code_for_the_first_purchase_and_for_a_product_inside_a_suite() -> None:
    first = replace(CODE, first_purchase_only=True, products=("suite",))
    found = quote(nothing(promos=(first,)), [UsePromoCode("SPRING"), buy(Item("suite", "team", 1))], TODAY)
    assert found.settlement.total == 4100
    inside = replace(CODE, products=("talk",))
    assert quote(replace(IN_SUITE, promos=(inside,)), [UsePromoCode("SPRING")], TODAY).after.discounts


def test_an_edition_needs_a_price_for_temporary_seats() -> None:
    catalogue = {
        **CATALOGUE,
        "support": replace(
            CATALOGUE["support"],
            editions=(replace(CATALOGUE["support"].edition("elite"), supports_temporary=True),),
        ),
    }
    facts = acme(bought("support", "elite", 1, 900), catalogue=catalogue)
    with pytest.raises(refusals.SalesOnly):
        quote(facts, [temporary()], TODAY)
    assert TemporaryFacts("support", 1, Period(TODAY, TOMORROW)).charged == 0
