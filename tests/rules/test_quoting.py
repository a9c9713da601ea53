"""The worked cases of domain.md 5 and 6, each with its sum."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.rules import refusals
from billing.rules.changes import (
    AddOn,
    AddProduct,
    AddSeats,
    CombineIntoSuite,
    Extend,
    FirstPurchase,
    Item,
    Moment,
    ReduceSeats,
    RemoveProduct,
    for_line,
)
from billing.rules.facts import DiscountFacts, DiscountSource, ScheduledKind, TemporaryFacts
from billing.rules.invariants import faults
from billing.rules.lines import LineKind
from billing.rules.money import half_up
from billing.rules.periods import AppliedDiscount, Cycle, Period
from billing.rules.quoting import quote
from tests.rules.shop import (
    CATALOGUE,
    TODAY,
    YEAR,
    acme,
    amounts,
    answered,
    bought,
    codes,
    nothing,
    saved,
)

QUANTITY = ScheduledKind.QUANTITY


def ledger(quantity: int = 10, **more: object):  # type: ignore[no-untyped-def]
    """Ten seats at a grandfathered 1.00 a month, as on the real invoice."""
    return acme(bought("support", "team", quantity, 100), **more)


# --- Seats


def test_one_seat_more_on_the_ledger() -> None:
    """−120.00 × 105/365 = −34.52; +132.00 × 105/365 = 37.97; net 3.45; 132.00 from renewal."""
    found = quote(ledger(), [AddSeats("support", 11)], TODAY)
    assert amounts(found) == [-3452, 3797]
    assert found.due == 345
    assert found.renewal.amount == 13200
    credit, charge = found.lines
    assert (credit.kind, credit.quantity, credit.unit, credit.months) == (LineKind.CREDIT, 10, 100, 12)
    assert (charge.kind, charge.quantity, charge.days, charge.term_days) == (LineKind.CHARGE, 11, 105, 365)
    assert credit.covers == charge.covers == YEAR.from_day(TODAY)
    assert {line.because for line in found.lines} == {("add_seats",)}
    assert codes(found) == []
    assert (found.version, found.on, found.currency) == (7, TODAY, "USD")
    assert found.after.version == 8
    assert found.discounts == ()


def test_what_if_another_day() -> None:
    """Today 3.45, in 9 days 3.16, on the last day 12.00 × 1/365 = 0.03; and 132.00 for the new term."""
    last = YEAR.end - timedelta(days=1)
    for day, net in ((TODAY, 345), (TODAY + timedelta(days=9), 316), (last, 3)):
        found = quote(ledger(), [AddSeats("support", 11)], day)
        assert (found.settlement.subtotal, found.renewal.settlement.subtotal) == (net, 13200)
    # The day after is the renewal's: it comes first, and what is bought then is bought in its period.
    with pytest.raises(refusals.RenewalDue):
        quote(ledger(), [AddSeats("support", 11)], YEAR.end)


def test_a_seat_added_after_an_extension_pays_both_terms() -> None:
    """3.45 for the first term and 12.00 for the second: 15.45; one merged period would give 7.73."""
    extended = quote(ledger(), [Extend()], TODAY)
    assert (extended.due, extended.after.paid_until) == (12000, date(2024, 10, 27))
    found = quote(saved(extended.after), [AddSeats("support", 11)], TODAY)
    assert amounts(found) == [-3452, 3797, -12000, 13200]
    assert found.due == 1545
    assert faults(found.after) == ()
    # In the second term only that one is left to pay: 12.00 × 100 / 366 days.
    late = quote(saved(extended.after), [AddSeats("support", 11)], date(2024, 7, 19))
    assert late.due == half_up(13200 * 100, 366) - half_up(12000 * 100, 366)


def test_seats_paid_for_are_not_paid_twice() -> None:
    """10 → 5 (at renewal) → 15 today: five are charged, 60.00 × 105/365 = 17.26."""
    reduced = quote(ledger(), [ReduceSeats("support", 5)], TODAY)
    assert (reduced.lines, reduced.due, reduced.renewal.amount) == ((), 0, 6000)
    question = AddSeats("support", 15, answers=answered(QUANTITY, "support", "drop"))
    found = quote(saved(reduced.after), [question], TODAY)
    assert amounts(found) == [-3452, 5178]  # 180.00 × 105/365 = 51.78
    assert found.due == 1726
    assert found.renewal.amount == 18000


def test_a_second_change_on_the_same_day_leaves_no_empty_segment() -> None:
    once = saved(quote(ledger(), [AddSeats("support", 11)], TODAY).after)
    twice = quote(once, [AddSeats("support", 12)], TODAY)
    assert amounts(twice) == [-3797, 4142]
    (line,) = twice.after.lines
    assert [(s.covers, s.quantity) for s in line.segments] == [
        (YEAR.until_day(TODAY), 10),
        (YEAR.from_day(TODAY), 12),
    ]
    assert (line.segments[0].charged, line.segments[0].credited) == (12000, 3452)


def test_a_capped_credit_says_so() -> None:
    line = bought("support", "team", 10, 100)
    line = replace(line, segments=(replace(line.segments[0], charged=12000, credited=10000),))
    credit, _ = quote(acme(line), [AddSeats("support", 11)], TODAY).lines
    assert (credit.amount, credit.gross, credit.capped) == (-2000, -2000, True)
    whole, _ = quote(ledger(), [AddSeats("support", 11)], TODAY).lines
    assert not whole.capped


# --- Editions


def test_up_now_and_fewer_at_renewal() -> None:
    """Team × 10 → Professional × 8: Professional × 10 is charged now, × 8 comes at renewal."""
    facts = ledger()
    found = quote(facts, for_line(facts, "support", edition="professional", quantity=8), TODAY)
    # 10 × 3.00 × 12 × 105/365 = 103.56
    assert [(line.edition, line.quantity, line.amount) for line in found.lines] == [
        ("team", 10, -3452),
        ("professional", 10, 10356),
    ]
    assert found.renewal.amount == 8 * 300 * 12
    assert [(t.moment, t.on) for t in found.timed] == [
        (Moment.NOW, TODAY),
        (Moment.AT_RENEWAL, YEAR.end),
    ]
    assert codes(found) == ["grandfathered_price_lost"]
    assert found.notices[0].data == {"product": "support", "old": 100, "new": 300, "on": TODAY}
    assert found.after.lines[0].allowances == CATALOGUE["support"].edition("professional").allowances


def test_more_now_and_down_at_renewal() -> None:
    """Professional × 10 → Team × 12: Professional × 12 now, Team × 12 at renewal."""
    facts = acme(bought("support", "professional", 10))
    found = quote(facts, for_line(facts, "support", edition="team", quantity=12), TODAY)
    assert [(line.edition, line.quantity) for line in found.lines] == [
        ("professional", 10),
        ("professional", 12),
    ]
    assert [(line.edition, line.quantity) for line in found.renewal.lines] == [("team", 12)]
    assert found.renewal.amount == 12 * 200 * 12
    assert [(s.kind.value, s.edition, s.takes_effect_on, s.version) for s in found.scheduled] == [
        ("edition", "team", YEAR.end, 8)
    ]
    assert codes(found) == ["allowances_lost"]


def test_edition_and_seats_go_up_in_one_step() -> None:
    """One credit and one charge for the line, not two of each."""
    facts = ledger()
    found = quote(facts, for_line(facts, "support", edition="professional", quantity=12), TODAY)
    assert [(line.edition, line.quantity) for line in found.lines] == [("team", 10), ("professional", 12)]
    assert found.lines[0].because == ("change_edition", "add_seats")


def test_nothing_to_change_for_a_line() -> None:
    facts = ledger()
    assert for_line(facts, "support", edition="team", quantity=10) == ()
    assert for_line(facts, "talk", edition="team", quantity=10) == ()


# --- Products and first purchase


def test_a_new_product_pays_for_what_is_left() -> None:
    found = quote(ledger(), [AddProduct("talk", "team", 4)], TODAY)
    # 4 × 1.00 × 12 × 105/365 = 13.81
    assert amounts(found) == [1381]
    assert found.lines[0].kind is LineKind.CHARGE
    line = found.after.line("talk")
    assert line is not None
    assert [(s.covers, s.term) for s in line.segments] == [(YEAR.from_day(TODAY), YEAR)]
    assert found.renewal.amount == 12000 + 4800


def test_a_flat_item_is_charged_per_period_and_prorated() -> None:
    """200.00 a year × 105/365 = 57.53; by the month it costs 20.00."""
    found = quote(ledger(), [AddOn("credits", "one", 1)], TODAY)
    assert (amounts(found), found.lines[0].months) == ([5753], 1)
    assert found.renewal.lines[1].amount == 20000


def test_a_product_added_after_an_extension_pays_both_terms() -> None:
    extended = saved(quote(ledger(), [Extend()], TODAY).after)
    found = quote(extended, [AddProduct("talk", "team", 4)], TODAY)
    assert amounts(found) == [1381, 4800]


@pytest.mark.parametrize(("cycle", "end"), [("annual", date(2024, 7, 14)), ("monthly", date(2023, 8, 14))])
def test_the_first_purchase_is_a_whole_period_from_today(cycle: str, end: date) -> None:
    purchase = FirstPurchase(Cycle(cycle), (Item("support", "team", 3), Item("credits", "one", 2)))
    found = quote(nothing(), [purchase], TODAY)
    expected = {"annual": [3 * 200 * 12, 40000], "monthly": [3 * 250, 4000]}[cycle]
    assert amounts(found) == expected
    assert found.after.period == Period(TODAY, end)
    assert (found.after.anchor, found.after.paid_until, found.after.state) == (TODAY, end, "active")
    assert found.after.cycle is Cycle(cycle)
    assert found.timed[0].moment is Moment.NOW
    assert {line.because for line in found.lines} == {("first_purchase",)}
    assert {line.kind for line in found.lines} == {LineKind.PERIOD}
    assert faults(saved(found.after)) == ()


def test_what_was_tried_goes_on_with_its_people() -> None:
    tried = replace(
        bought("support", "enterprise", 50), segments=(), id=3, seats_in_use=2, holders=frozenset({8, 9})
    )
    other = replace(bought("talk", "team", 50), segments=(), id=4)
    purchase = FirstPurchase(Cycle.ANNUAL, (Item("support", "team", 3),))
    found = quote(nothing(lines=(tried, other)), [purchase], TODAY)
    (line,) = found.after.lines
    assert (line.id, line.edition, line.quantity, line.unit) == (3, "team", 3, 200)
    assert (line.holders, line.seats_in_use) == (frozenset({8, 9}), 2)
    assert found.closed == (other,)


# --- Suites


def pair(**more: object):  # type: ignore[no-untyped-def]
    """Support Team × 10 at 1.00 with people 1 to 8, Talk Team × 4 with people 7 to 10."""
    return acme(
        bought("support", "team", 10, 100, seats_in_use=8, holders=frozenset(range(1, 9))),
        bought("talk", "team", 4, seats_in_use=4, holders=frozenset(range(7, 11))),
        bought("credits", "one", 1),
        **more,
    )


def test_combining_into_a_suite() -> None:
    """−34.52 − 13.81 + 10 × 3.50 × 12 × 105/365 = 120.82; each person holds one Suite seat."""
    found = quote(pair(), [CombineIntoSuite("suite", "team", 10)], TODAY)
    assert amounts(found) == [-3452, -1381, 12082]
    assert [line.product for line in found.after.lines] == ["credits", "suite"]
    suite = found.after.line("suite")
    assert suite is not None
    assert (suite.seats_in_use, suite.holders) == (10, frozenset(range(1, 11)))
    assert [(line.product, [s.credited for s in line.segments]) for line in found.closed] == [
        ("support", [3452]),
        ("talk", [1381]),
    ]
    assert codes(found) == ["grandfathered_price_lost", "allowances_lost"]
    assert found.notices[0].data["product"] == "support"
    assert found.renewal.amount == 42000 + 20000


def test_combining_that_gives_money_back_is_a_credit_note_for_the_balance() -> None:
    facts = acme(bought("support", "enterprise", 10), bought("talk", "team", 10))
    found = quote(facts, [CombineIntoSuite("suite", "team", 1)], TODAY)
    assert amounts(found) == [-17260, -3452, 1208]
    assert found.settlement.is_credit_note
    assert (found.due, found.after.balance) == (0, 19504)


def test_a_suite_leaves_the_days_that_are_over_as_they_are() -> None:
    earlier = saved(quote(pair(), [AddSeats("talk", 5)], date(2023, 3, 1)).after)
    found = quote(earlier, [CombineIntoSuite("suite", "team", 10)], TODAY)
    talk = found.closed[1]
    assert [(s.covers, s.quantity) for s in talk.segments] == [
        (YEAR.until_day(date(2023, 3, 1)), 4),
        (Period(date(2023, 3, 1), TODAY), 5),
    ]
    assert talk.segments[0] == earlier.lines[1].segments[0]


def test_a_suite_after_an_extension_pays_both_terms() -> None:
    extended = saved(quote(pair(), [Extend()], TODAY).after)
    found = quote(extended, [CombineIntoSuite("suite", "team", 10)], TODAY)
    assert amounts(found) == [-3452, -12000, -1381, -4800, 12082, 42000]
    assert [s.covers.days for line in found.closed for s in line.segments] == [260, 260]


def test_a_suite_goes_on_with_the_discounts_that_all_its_lines_carried() -> None:
    """Ten off both stays; half off Talk alone ends with Talk; the shares of a fixed sum stay."""
    ten, half = AppliedDiscount("TEN", Decimal(10)), AppliedDiscount("HALF", Decimal(50))
    facts = acme(
        bought("support", "team", 10, discounts=(ten, AppliedDiscount("OFF", share=600))),
        bought("talk", "team", 4, discounts=(ten, half, AppliedDiscount("OFF", share=400))),
    )
    found = quote(facts, [CombineIntoSuite("suite", "team", 10)], TODAY)
    suite = found.after.line("suite")
    assert suite is not None
    assert suite.segments[0].discounts == (ten, AppliedDiscount("OFF", share=1000))
    assert [n.data for n in found.notices if n.code == "discount_lost"] == [{"code": "HALF"}]
    # 420.00 − 10 % − 10.00 = 368.00 × 105/365
    assert found.lines[-1].amount == 10586


def test_a_discount_for_single_products_ends_with_them() -> None:
    own = AppliedDiscount("OWN", Decimal(10), products=("support",))
    given = DiscountFacts("OWN", DiscountSource.COUPON, percent=Decimal(10), products=("support",))
    facts = acme(bought("support", "team", 10, discounts=(own,)), discounts=(given,))
    found = quote(facts, [CombineIntoSuite("suite", "team", 10)], TODAY)
    assert found.lines[-1].discounts == ()
    assert codes(found) == ["allowances_lost", "discount_lost"]


def test_temporary_seats_of_combined_lines_are_named_as_lost() -> None:
    ahead = TemporaryFacts("talk", 2, Period(TODAY, TODAY + timedelta(days=9)), 300)
    over = TemporaryFacts("talk", 3, Period(YEAR.start, TODAY), 300)
    other = TemporaryFacts("credits", 3, Period(TODAY, TODAY + timedelta(days=9)), 300)
    found = quote(pair(temporary=(ahead, over, other)), [CombineIntoSuite("suite", "team", 10)], TODAY)
    lost = [n.data for n in found.notices if n.code == "temporary_lost"]
    assert lost == [{"product": "talk", "quantity": 2, "until": TODAY + timedelta(days=9)}]
    assert [t.quantity for t in found.after.temporary] == [3, 3]


def test_leaving_a_suite_waits_for_renewal() -> None:
    facts = acme(bought("suite", "team", 6))
    found = quote(facts, [RemoveProduct("talk"), RemoveProduct("guide")], TODAY)
    assert found.lines == ()
    assert [s.leaving for s in found.scheduled] == [("talk", "guide")]
    assert [(x.product, x.unit) for x in found.renewal.lines] == [("support", 200)]
    assert codes(found) == ["suite_price_ends", "products_lost"]
    assert found.notices[1].data["products"] == ("chat",)


def test_a_suite_takes_over_each_terms_own_discounts() -> None:
    """Ten percent came with the extension: the first term goes without it."""
    ten = DiscountFacts("TEN", DiscountSource.COUPON, percent=Decimal(10))
    extended = saved(quote(pair(discounts=(ten,)), [Extend()], TODAY).after)
    suite = quote(extended, [CombineIntoSuite("suite", "team", 10)], TODAY).after.line("suite")
    assert suite is not None
    assert [s.discounts for s in suite.segments] == [(), (AppliedDiscount("TEN", Decimal(10)),)]


def test_a_suite_takes_over_what_is_for_it_and_what_only_one_line_had_a_share_of() -> None:
    own = DiscountFacts(
        "OWN", DiscountSource.COUPON, percent=Decimal(10), products=("support", "suite", "talk")
    )
    carried = AppliedDiscount("OWN", Decimal(10))
    facts = acme(
        bought("support", "team", 10, discounts=(carried,)),
        bought("talk", "team", 4, discounts=(carried, AppliedDiscount("OFF", share=300))),
        discounts=(own,),
    )
    suite = quote(facts, [CombineIntoSuite("suite", "team", 10)], TODAY).after.line("suite")
    assert suite is not None
    assert suite.segments[0].discounts == (carried, AppliedDiscount("OFF", share=300))


def test_combining_on_the_day_of_another_change_cuts_only_what_is_left() -> None:
    """Discounts and days that ended today are over: nothing of them is credited."""
    changed = pair()
    talk = replace(changed.lines[1].segments[0], discounts=(AppliedDiscount("GONE", Decimal(10)),))
    over = replace(talk, covers=YEAR.until_day(TODAY))
    left = replace(talk, covers=YEAR.from_day(TODAY), discounts=(), charged=1381, id=99)
    lines = (changed.lines[0], replace(changed.lines[1], segments=(over, left)), changed.lines[2])
    found = quote(replace(changed, lines=lines), [CombineIntoSuite("suite", "team", 10)], TODAY)
    assert amounts(found) == [-3452, -1381, 12082]
    assert found.closed[1].segments == (over,)
    assert "discount_lost" not in codes(found)


def test_days_that_are_over_have_no_say_in_the_discounts_of_a_suite() -> None:
    """Talk carries the ten percent since today only, and that is what counts."""
    ten = AppliedDiscount("TEN", Decimal(10))
    facts = acme(bought("support", "team", 10, discounts=(ten,)), bought("talk", "team", 4, discounts=(ten,)))
    talk = facts.lines[1].segments[0]
    over = replace(talk, covers=YEAR.until_day(TODAY), discounts=())
    left = replace(talk, covers=YEAR.from_day(TODAY), charged=1243, id=99)
    lines = (facts.lines[0], replace(facts.lines[1], segments=(over, left)))
    suite = quote(replace(facts, lines=lines), [CombineIntoSuite("suite", "team", 10)], TODAY).after.lines[0]
    assert suite.segments[0].discounts == (ten,)
