"""Cycle, extension, temporary seats, promo codes and small amounts, each with its sum."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from accounts.rules.capabilities import AccountState
from billing.rules.changes import (
    AddOn,
    AddProduct,
    AddSeats,
    BuyTemporarySeats,
    Change,
    ChangeCycle,
    ChangeEdition,
    CombineIntoSuite,
    Extend,
    FirstPurchase,
    Item,
    Moment,
    ReduceSeats,
    UsePromoCode,
)
from billing.rules.facts import DiscountFacts, DiscountSource, PromoFacts, ScheduledKind
from billing.rules.lines import LineKind
from billing.rules.periods import AppliedDiscount, Cycle, Period
from billing.rules.quoting import quote, renewal
from billing.rules.tax import at_rate
from billing.rules.taxation import Taxation
from tests.rules.shop import (
    TODAY,
    YEAR,
    acme,
    amounts,
    answered,
    bought,
    codes,
    monthly,
    nothing,
    saved,
    waits,
)

QUANTITY = ScheduledKind.QUANTITY


def ledger(quantity: int = 10, **more: object):  # type: ignore[no-untyped-def]
    """Ten seats at a grandfathered 1.00 a month, as on the real invoice."""
    return acme(bought("support", "team", quantity, 100), **more)


# --- Cycle, extension


def test_a_change_of_cycle_waits_for_renewal() -> None:
    found = quote(ledger(), [ChangeCycle(Cycle.MONTHLY)], TODAY)
    assert (found.due, found.renewal.amount) == (0, 2500)
    assert [(s.kind.value, s.cycle) for s in found.scheduled] == [("cycle", Cycle.MONTHLY)]
    assert codes(found) == ["grandfathered_price_lost"]


def test_an_extension_costs_what_the_renewal_would_and_moves_what_waits() -> None:
    facts = ledger(scheduled=(waits(ScheduledKind.QUANTITY, "support", quantity=5),))
    found = quote(facts, [Extend()], TODAY)
    # With the seats of today: 10 × 1.00 × 12.
    assert amounts(found) == [12000]
    assert found.lines[0].covers == Period(date(2023, 10, 27), date(2024, 10, 27))
    assert found.lines[0].because == ("extend",)
    assert [s.takes_effect_on for s in found.scheduled] == [date(2024, 10, 27)]
    assert found.renewal.amount == 6000
    assert found.renewal.on == date(2024, 10, 27)
    (moved,) = [n for n in found.notices if n.code == "scheduled_moves"]
    assert (moved.data["from"], moved.data["to"]) == (YEAR.end, date(2024, 10, 27))
    assert moved.data["scheduled"] == facts.scheduled[0]
    assert found.timed[0].moment is Moment.NOW


def test_an_extension_can_drop_what_waits() -> None:
    facts = ledger(scheduled=(waits(ScheduledKind.QUANTITY, "support", quantity=5),))
    found = quote(facts, [Extend(answers=answered(QUANTITY, "support", "drop"))], TODAY)
    assert found.scheduled == ()
    assert [(n.code, n.data) for n in found.notices] == [
        ("scheduled_dropped", {"scheduled": facts.scheduled[0]})
    ]
    assert found.renewal.amount == 12000


def test_an_extension_has_the_seats_bought_with_it() -> None:
    found = quote(ledger(), [AddSeats("support", 11), Extend()], TODAY)
    assert amounts(found) == [-3452, 3797, 13200]


def test_an_extension_is_in_the_present_cycle_and_keeps_promo_codes() -> None:
    promo = DiscountFacts("SPRING", DiscountSource.PROMO, percent=Decimal(10), periods_left=2, version=3)
    facts = ledger(
        discounts=(promo,), scheduled=(waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY, version=5),)
    )
    found = quote(facts, [Extend()], TODAY)
    assert amounts(found) == [10800]
    assert found.lines[0].gross == 12000
    assert [d.amount for d in found.discounts] == [-1200]
    assert [d.periods_left for d in found.after.discounts] == [1]
    assert found.renewal.amount == 2500
    assert "promo_ended" in codes(found)


def test_an_extension_into_the_time_after_an_old_price_ends() -> None:
    facts = acme(bought("support", "team", 10, 100, price_ends_on=date(2023, 8, 1)))
    found = quote(facts, [Extend()], TODAY)
    assert amounts(found) == [24000]
    assert codes(found) == ["price_ends"]
    # Seats added later cost what their term was bought at: 1.00 in the first, 2.00 in the second.
    added = quote(saved(found.after), [AddSeats("support", 11)], TODAY)
    assert amounts(added) == [-3452, 3797, -24000, 26400]


def test_after_the_first_term_an_extension_may_be_bought_again() -> None:
    extended = saved(quote(ledger(), [Extend()], TODAY).after)
    found = quote(extended, [Extend()], date(2023, 10, 27))
    assert found.after.period == Period(date(2023, 10, 27), date(2024, 10, 27))
    assert found.after.paid_until == date(2025, 10, 27)


# --- Temporary seats


def test_temporary_seats_by_the_day() -> None:
    """5 × 3.00 × 12 × 10/365 = 4.93, at list price and without discounts."""
    line = bought("support", "professional", 10, 100, discounts=(AppliedDiscount("TEN", Decimal(10)),))
    facts = acme(line)
    found = quote(facts, [BuyTemporarySeats("support", 5, date(2023, 8, 1), 10)], TODAY)
    assert amounts(found) == [493]
    priced = found.lines[0]
    assert (priced.kind, priced.covers) == (LineKind.TEMPORARY, Period(date(2023, 8, 1), date(2023, 8, 11)))
    assert (priced.unit, priced.edition, priced.because) == (300, "professional", ("temporary_seats",))
    (seats,) = found.after.temporary
    assert (seats.product, seats.quantity, seats.covers, seats.charged) == ("support", 5, priced.covers, 493)
    assert (found.timed[0].moment, found.timed[0].on) == (Moment.ON_ITS_DATES, date(2023, 8, 1))
    assert found.renewal.amount == 10800 * 10 // 9


def test_temporary_seats_beyond_the_paid_end_period_by_period() -> None:
    """Monthly from 31 January, 20 March for 50 days: 11/31, then 30/30 of April, then 9/31 of May."""
    start = date(2023, 1, 31)
    term = Period(date(2023, 2, 28), date(2023, 3, 31))
    line = bought("support", "professional", 10, term=term, cycle=Cycle.MONTHLY)
    facts = acme(line, term=term, cycle=Cycle.MONTHLY, anchor=start)
    found = quote(facts, [BuyTemporarySeats("support", 1, date(2023, 3, 20), 50)], date(2023, 3, 10))
    assert [(x.days, x.term_days, x.amount) for x in found.lines] == [
        (11, 31, 142),  # 4.00 × 11/31 = 1.419
        (30, 30, 400),
        (9, 31, 116),  # 4.00 × 9/31 = 1.161
    ]
    assert found.after.temporary[0].charged == 658


def test_temporary_seats_after_an_extension_lie_in_its_term() -> None:
    facts = acme(bought("support", "professional", 10))
    extended = saved(quote(facts, [Extend()], TODAY).after)
    found = quote(extended, [BuyTemporarySeats("support", 1, date(2023, 10, 20), 365)], TODAY)
    assert [(x.days, x.term_days) for x in found.lines] == [(7, 365), (358, 366)]


def test_temporary_seats_bought_with_an_upgrade_are_of_the_new_edition() -> None:
    changes = [ChangeEdition("support", "professional"), BuyTemporarySeats("support", 1, TODAY, 1)]
    found = quote(ledger(), changes, TODAY)
    assert found.lines[-1].unit == 300


# --- Promo codes

SPRING = PromoFacts("SPRING", percent=Decimal(20), periods=2)
OFF = PromoFacts("OFF", amount=1000, periods=1)


def test_a_code_starts_at_the_next_whole_period() -> None:
    found = quote(ledger(promos=(SPRING,)), [UsePromoCode("SPRING")], TODAY)
    assert (found.lines, found.due) == ((), 0)
    assert found.renewal.amount == 9600
    assert codes(found) == ["promo_starts_at_renewal"]
    assert found.notices[0].data == {"code": "SPRING", "on": YEAR.end}
    assert (found.timed[0].moment, found.timed[0].on) == (Moment.NEXT_WHOLE_PERIOD, YEAR.end)
    (given,) = found.after.discounts
    assert (given.source, given.percent, given.periods_left, given.order, given.version) == (
        DiscountSource.PROMO,
        20,
        2,
        1,
        8,
    )
    once = renewal(saved(found.after), YEAR.end)
    assert once is not None
    assert [d.periods_left for d in once.after.discounts] == [1]
    twice = renewal(saved(once.after), YEAR.end)
    assert twice is not None
    assert twice.after.discounts == ()


def test_a_code_that_is_used_today_takes_effect_today() -> None:
    """Seen told for the renewal: all off for one period, bought with the first purchase or an extension."""
    free = PromoFacts("FREE", percent=Decimal(100), periods=1)
    first = FirstPurchase(Cycle.MONTHLY, (Item("support", "team", 10),))
    for facts, change in ((nothing(promos=(free,)), first), (ledger(promos=(free,)), Extend())):
        found = quote(facts, [change, UsePromoCode("FREE")], TODAY)
        assert (found.due, found.after.discounts) == (0, ())
        assert [(one.moment, one.on) for one in found.timed] == [(Moment.NOW, TODAY)] * 2
        assert codes(found) == []
    # With seats only, no line of today takes it.
    more = quote(ledger(promos=(free,)), [AddSeats("support", 11), UsePromoCode("FREE")], TODAY)
    assert [one.on for one in more.timed] == [TODAY, YEAR.end]
    # A line that is new in the same change takes a percentage at once.
    changes = [AddProduct("talk", "team", 1), UsePromoCode("FREE")]
    new = quote(ledger(promos=(free,)), changes, TODAY)
    assert [one.on for one in new.timed] == [TODAY, TODAY]


def test_a_new_code_is_younger_than_all_others() -> None:
    old = DiscountFacts("OLD", DiscountSource.COUPON, percent=Decimal(10), order=4)
    found = quote(ledger(promos=(OFF,), discounts=(old,)), [UsePromoCode("OFF")], TODAY)
    assert [(d.order, d.amount, d.products) for d in found.after.discounts] == [(4, 0, ()), (5, 1000, ())]
    assert found.renewal.amount == 12000 - 1200 - 1000


def test_a_percentage_also_holds_for_lines_that_are_new_in_the_same_change() -> None:
    """13.81 − 20 %: 48.00 × 0.8 × 105/365 = 11.05; seats added to old lines carry only their own."""
    changes = [AddSeats("support", 11), AddProduct("talk", "team", 4), UsePromoCode("SPRING")]
    found = quote(ledger(promos=(SPRING,)), changes, TODAY)
    assert amounts(found) == [1381 - 276, -3452, 3797]
    assert found.lines[0].gross == 1381
    assert [(s.code, s.amount) for s in found.lines[0].discounts] == [("SPRING", -276)]
    assert "promo_starts_at_renewal" not in codes(found)
    assert [d.periods_left for d in found.after.discounts] == [2]


def test_a_fixed_amount_is_not_shared_inside_a_term() -> None:
    found = quote(ledger(promos=(OFF,)), [AddProduct("talk", "team", 4), UsePromoCode("OFF")], TODAY)
    assert amounts(found) == [1381]
    assert "promo_starts_at_renewal" in codes(found)


def test_a_code_with_the_first_purchase_and_with_an_extension() -> None:
    purchase = FirstPurchase(Cycle.ANNUAL, (Item("support", "team", 10),))
    found = quote(nothing(promos=(OFF,)), [UsePromoCode("OFF"), purchase], TODAY)
    assert amounts(found) == [23000]
    assert found.after.discounts == ()
    extended = quote(ledger(promos=(SPRING,)), [Extend(), UsePromoCode("SPRING")], TODAY)
    assert amounts(extended) == [9600]
    assert [d.periods_left for d in extended.after.discounts] == [1]


def test_a_code_for_a_product_that_is_bought_with_it() -> None:
    talk = replace(SPRING, products=("talk",))
    found = quote(ledger(promos=(talk,)), [AddProduct("talk", "team", 4), UsePromoCode("SPRING")], TODAY)
    assert amounts(found) == [1105]
    guide = replace(SPRING, products=("guide",))
    changes = [CombineIntoSuite("suite", "team", 10), UsePromoCode("SPRING")]
    assert quote(ledger(promos=(guide,)), changes, TODAY).lines[-1].discounts == ()


def test_a_code_typed_with_a_change_of_cycle_is_for_the_new_cycle() -> None:
    found = quote(ledger(promos=(SPRING,)), [ChangeCycle(Cycle.MONTHLY), UsePromoCode("SPRING")], TODAY)
    assert found.renewal.amount == 2000
    assert "promo_ended" not in codes(found)


# --- Discounts inside a term


def test_charges_and_credits_carry_the_discounts_of_their_segment() -> None:
    """(20.00 − 10 % − 3.34) × 15/30; nothing is shared anew."""
    own = (AppliedDiscount("TEN", Decimal(10)), AppliedDiscount("OFF", share=334))
    facts = monthly(
        bought(
            "support",
            "team",
            8,
            term=Period(date(2023, 4, 1), date(2023, 5, 1)),
            cycle=Cycle.MONTHLY,
            discounts=own,
        )
    )
    found = quote(facts, [AddSeats("support", 9)], date(2023, 4, 16))
    # (20.00 − 2.00 − 3.34) / 2 = 7.33 and (22.50 − 2.25 − 3.34) / 2 = 8.455
    assert amounts(found) == [-733, 846]
    credit, charge = found.lines
    assert [s.amount for s in credit.discounts] == [100, 167]
    assert (credit.gross, charge.gross) == (-1000, 1125)
    assert sum(s.amount for s in charge.discounts) == 846 - 1125
    assert found.after.lines[0].segments[-1].discounts == own


def test_a_credit_keeps_its_tax_rate_and_a_charge_takes_todays() -> None:
    line = bought("support", "team", 10, 100)
    line = replace(line, segments=(replace(line.segments[0], taxes=at_rate(Decimal(19))),))
    found = quote(acme(line, taxation=Taxation(own_rate=Decimal(20))), [AddSeats("support", 11)], TODAY)
    assert [x.taxes for x in found.lines] == [at_rate(Decimal(19)), at_rate(Decimal(20))]
    # 37.97 × 20 % = 7.594 and −34.52 × 19 % = −6.5588
    assert [(t.base, t.amount) for t in found.settlement.taxes] == [(3797, 759), (-3452, -656)]
    assert found.settlement.total == 345 + 103


def test_every_line_says_what_it_is_for() -> None:
    """Product, cycle, tax rate and cause stand on each line and segment that a change makes."""
    facts = acme(
        bought("support", "professional", 10),
        bought("talk", "team", 4),
        taxation=Taxation(own_rate=Decimal(20)),
    )
    sold = {"support", "talk"}
    sweep: list[tuple[Change, set[str]]] = [
        (AddSeats("talk", 5), {"talk"}),
        (ChangeEdition("talk", "professional"), {"talk"}),
        (AddProduct("guide", "standard", 1), {"guide"}),
        (AddOn("credits", "one", 1), {"credits"}),
        (BuyTemporarySeats("support", 1, TODAY, 300), {"support"}),
        (Extend(), sold),
        (CombineIntoSuite("suite", "team", 10), {*sold, "suite"}),
    ]
    for change, products in sweep:
        found = quote(facts, [change], TODAY)
        assert {line.product for line in found.lines} == products
        assert {line.cycle for line in found.lines} == {Cycle.ANNUAL}
        assert {line.because for line in found.lines} == {(change.code,)}
        charged = [line for line in found.lines if line.kind is not LineKind.CREDIT]
        assert {line.taxes for line in charged} == {at_rate(Decimal(20))}
        assert not any(line.capped for line in found.lines)
        new = [s for line in found.after.lines for s in line.segments if s.id is None]
        assert {(s.cycle, s.taxes) for s in new} <= {(Cycle.ANNUAL, at_rate(Decimal(20)))}
        assert [t.change for t in found.timed] == [change]


# --- Small amounts, other currencies, months


def test_a_change_below_the_smallest_charge_goes_to_the_balance() -> None:
    found = quote(ledger(), [AddSeats("support", 11)], YEAR.end - timedelta(days=10))
    assert found.settlement.total == 33
    assert (found.due, found.after.balance) == (0, -33)
    assert codes(found) == ["carried_over"]
    assert found.notices[0].data == {"amount": 33}
    # and comes with the next one
    assert found.renewal.settlement.due == 13233


def test_the_smallness_of_the_renewal_is_told_with_the_renewal() -> None:
    term = Period(date(2023, 4, 1), date(2023, 5, 1))
    facts = monthly(bought("support", "team", 2, 10, term=term, cycle=Cycle.MONTHLY))
    waiting = quote(facts, [ReduceSeats("support", 1)], date(2023, 4, 1))
    assert (codes(waiting), codes(waiting.renewal)) == ([], ["carried_over"])


def test_yen_has_no_smaller_unit_and_the_dinar_a_thousandth() -> None:
    term = Period(date(2024, 2, 1), date(2024, 3, 1))  # 29 days
    for currency in ("JPY", "BHD"):
        line = bought("support", "team", 1, 1000, term=term, cycle=Cycle.MONTHLY)
        facts = acme(line, term=term, cycle=Cycle.MONTHLY, currency=currency)
        found = quote(facts, [AddSeats("support", 2)], date(2024, 2, 29))
        assert amounts(found) == [-34, 69]  # 1000 / 29 = 34.48…, 2000 / 29 = 68.97
    assert (found.due, found.after.balance) == (0, -35)


def test_a_suspended_account_that_came_back_divides_by_the_whole_term() -> None:
    """The period began on 10 March in the middle of its term 28 February → 31 March, 31 days."""
    late = Period(date(2023, 3, 10), date(2023, 3, 31))
    line = bought(
        "support", "team", 10, 310, term=Period(date(2023, 2, 28), date(2023, 3, 31)), cycle=Cycle.MONTHLY
    )
    line = replace(line, segments=(replace(line.segments[0], covers=late, charged=2100),))
    facts = acme(line, term=late, cycle=Cycle.MONTHLY, anchor=date(2023, 1, 31))
    found = quote(facts, [AddSeats("support", 11), AddProduct("talk", "team", 31)], date(2023, 3, 21))
    # 10 of 31 days: 31 × 1.50 × 10/31 = 15.00; −10.00; +11.00
    assert amounts(found) == [1500, -1000, 1100]


def test_a_past_due_account_may_do_what_costs_nothing_now() -> None:
    facts = ledger(state=AccountState.PAST_DUE, past_due_invoice="2023-17")
    assert quote(facts, [ReduceSeats("support", 5)], TODAY).due == 0


def test_a_cancellation_that_waits_is_named() -> None:
    facts = ledger(scheduled=(waits(ScheduledKind.CANCELLATION),))
    found = quote(facts, [AddSeats("support", 11)], TODAY)
    assert codes(found) == ["cancellation_waits"]
    assert found.notices[0].data == {"on": YEAR.end}
    assert found.renewal.ends
    assert found.due == 345
