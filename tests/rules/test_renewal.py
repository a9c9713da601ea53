"""What renewal costs and what each line becomes, asked of the function the renewal run asks."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from accounts.rules.capabilities import AccountState
from billing.rules.facts import DiscountFacts, DiscountSource, PriceFacts, ScheduledKind, TemporaryFacts
from billing.rules.periods import AppliedDiscount, Cycle, Period
from billing.rules.quoting import becomes, renewal, resumption
from billing.rules.refusals import NoPriceInCycle
from billing.rules.renewal import Renewal
from billing.rules.renewal_lines import lost_from_suite, next_lines
from billing.rules.tax import at_rate
from billing.rules.taxation import Taxation
from tests.rules.shop import CATALOGUE, TODAY, YEAR, acme, bought, codes, edition, monthly, nothing, waits

QUANTITY, EDITION, REMOVAL = ScheduledKind.QUANTITY, ScheduledKind.EDITION, ScheduledKind.REMOVAL
CYCLE, CANCELLATION = ScheduledKind.CYCLE, ScheduledKind.CANCELLATION


def coming(facts: object, on: date = TODAY) -> Renewal:
    found = renewal(facts, on)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_the_ledger_renews_at_its_old_price() -> None:
    """10 seats × 1.00 × 12 = 120.00, though the list says 2.00."""
    facts = acme(bought("support", "team", 10, 100))
    found = coming(facts)
    assert (found.on, found.amount, found.period) == (
        YEAR.end,
        12000,
        Period(date(2023, 10, 27), date(2024, 10, 27)),
    )
    assert facts.is_grandfathered(facts.lines[0], TODAY)
    assert not found.ends
    assert codes(found) == []


def test_nothing_bought_nothing_renews() -> None:
    assert renewal(nothing(), TODAY) is None
    # A line that is only tried has no price to pay either.
    assert renewal(nothing(lines=(bought("support", "team", 5),)), TODAY) is None


def test_a_reduction_and_a_downgrade_that_wait() -> None:
    """Professional × 10 → Team × 8: 8 × 2.00 × 12 = 192.00; each one's effect without the other."""
    reduction = waits(QUANTITY, "support", quantity=8)
    downgrade = waits(EDITION, "support", edition="team")
    facts = acme(bought("support", "professional", 10), scheduled=(reduction, downgrade))
    found = coming(facts)
    assert [(line.edition, line.quantity, line.unit) for line in found.lines] == [("team", 8, 200)]
    assert found.amount == 19200
    assert found.effect(reduction) == 19200 - 24000  # Team × 10
    assert found.effect(downgrade) == 19200 - 28800  # Professional × 8
    assert codes(found) == ["allowances_lost"]
    assert found.notices[0].data == {
        "product": "support",
        "lost": {"light_agents": (100, 0), "storage": ("5 GB", "2 GB")},
    }


def test_a_removal_and_what_it_saves() -> None:
    removal = waits(REMOVAL, "talk")
    facts = acme(bought("support", "team", 10), bought("talk", "team", 10), scheduled=(removal,))
    assert [line.product for line in next_lines(facts)] == ["support"]
    assert coming(facts).effect(removal) == -12000


def test_a_change_of_cycle_takes_the_new_cycles_list_price() -> None:
    change = waits(CYCLE, cycle=Cycle.MONTHLY)
    facts = acme(bought("support", "team", 10, 100), bought("credits", "one", 2), scheduled=(change,))
    found = coming(facts)
    # 10 × 2.50 and 2 × 20.00 for a month; a flat item's price is for the period.
    assert [line.amount for line in found.lines] == [2500, 4000]
    assert found.period == Period(date(2023, 10, 27), date(2023, 11, 27))
    assert found.effect(change) == 6500 - 12000 - 40000
    assert codes(found) == ["grandfathered_price_lost"]
    assert found.notices[0].data == {"product": "support", "old": 100, "new": 250, "on": YEAR.end}
    assert found.cycle is found.after.cycle is Cycle.MONTHLY
    assert {line.cycle for line in found.lines} == {Cycle.MONTHLY}
    assert found.after.lines[0].segments[-1].cycle is Cycle.MONTHLY


def test_a_change_of_cycle_ends_a_promo_code_and_says_so() -> None:
    promo = DiscountFacts("SPRING", DiscountSource.PROMO, percent=Decimal(10), version=3)
    facts = acme(bought("support", "team", 10), discounts=(promo,))
    assert coming(facts).amount == 24000 - 2400
    facts = replace(facts, scheduled=(waits(CYCLE, cycle=Cycle.MONTHLY, version=8),))
    found = coming(facts)
    assert found.amount == 2500
    assert codes(found) == ["promo_ended"]
    assert found.notices[0].data == {"code": "SPRING"}
    assert found.after.discounts == ()


def test_a_cancellation_ends_it_all() -> None:
    cancellation = waits(CANCELLATION)
    facts = acme(
        bought("support", "team", 10),
        scheduled=(cancellation, waits(QUANTITY, "support", quantity=5)),
        discounts=(DiscountFacts("TEN", DiscountSource.COUPON, percent=Decimal(10)),),
        temporary=(TemporaryFacts("support", 3, Period(date(2023, 10, 1), date(2023, 10, 28))),),
    )
    found = coming(facts)
    assert (found.ends, found.amount, found.lines) == (True, 0, ())
    assert found.effect(cancellation) == -10800
    assert found.after.state == "cancelled"
    assert found.after.version == facts.version + 1
    after = found.after
    assert (after.lines, after.scheduled, after.temporary, after.discounts) == ((), (), (), ())
    assert codes(found) == []


def test_discounts_stand_as_lines_of_their_own() -> None:
    """240.00 and 120.00; 10 % off all, then 10.00 shared 6.67 and 3.33."""
    ten = DiscountFacts("TEN", DiscountSource.COUPON, percent=Decimal(10), order=1)
    off = DiscountFacts("OFF", DiscountSource.COUPON, amount=1000, order=0, periods_left=1)
    facts = acme(bought("support", "team", 10), bought("talk", "team", 10), discounts=(off, ten))
    found = coming(facts)
    assert [(line.gross, line.amount) for line in found.lines] == [(24000, 20933), (12000, 10467)]
    assert [(d.code, d.amount, d.percent) for d in found.discounts] == [
        ("TEN", -3600, Decimal(10)),
        ("OFF", -1000, None),
    ]
    assert found.amount == 36000 - 3600 - 1000
    assert found.after.discounts == (replace(facts.discounts[1]),)
    assert found.after.lines[0].segments[-1].discounts == (
        AppliedDiscount("TEN", Decimal(10)),
        AppliedDiscount("OFF", share=667),
    )


def test_discounts_are_totalled_by_their_taxes() -> None:
    ten = DiscountFacts("TEN", DiscountSource.COUPON, percent=Decimal(10))
    facts = acme(bought("support", "team", 10), discounts=(ten,), taxation=Taxation(own_rate=Decimal(20)))
    (total,) = coming(facts).discounts
    assert (total.taxes, total.amount) == (at_rate(Decimal(20)), -2400)
    assert coming(facts).amount == 21600 + 4320


def test_the_balance_pays_and_small_amounts_wait() -> None:
    facts = acme(bought("support", "team", 10), balance=1000)
    assert coming(facts).settlement.due == 23000
    assert coming(facts).after.balance == 0
    small = monthly(bought("support", "team", 1, 40, term=Period(date(2023, 4, 1), date(2023, 5, 1))))
    assert codes(coming(small)) == ["carried_over"]
    assert coming(small).notices[0].data == {"amount": 40}
    assert coming(small).after.balance == -40
    own = replace(small, minimum=41)
    assert (coming(own).settlement.due, coming(replace(small, minimum=40)).settlement.due) == (0, 40)


def test_the_vendor_ends_an_old_price_on_a_date() -> None:
    line = bought("support", "team", 10, 100, allowances={"light_agents": 20}, price_ends_on=YEAR.end)
    facts = acme(line)
    found = coming(facts)
    assert found.amount == 24000
    assert found.notices[0].code == "price_ends"
    assert codes(found) == ["price_ends", "allowances_lost"]
    assert found.notices[1].data["lost"] == {"light_agents": (20, 0)}
    (after,) = found.after.lines
    assert (after.unit, after.price_ends_on) == (200, None)
    assert after.allowances == CATALOGUE["support"].edition("team").allowances
    later = replace(line, price_ends_on=date(2023, 10, 28))
    assert coming(acme(later)).amount == 12000


def test_an_ended_price_without_a_list_price_stays() -> None:
    line = bought("support", "elite", 10, 900, price_ends_on=YEAR.start)
    facts = acme(line)
    assert coming(facts).amount == 108000
    assert facts.list_price(line, TODAY) is None
    assert not facts.is_grandfathered(line, TODAY)


def test_a_new_price_in_force_before_renewal_counts_where_the_list_price_is_taken() -> None:
    talk = CATALOGUE["talk"]
    dearer = replace(
        talk.editions[0], prices=(*talk.editions[0].prices, PriceFacts(Cycle.ANNUAL, 120, date(2023, 10, 1)))
    )
    catalogue = {**CATALOGUE, "talk": replace(talk, editions=(dearer, talk.editions[1]))}
    line = bought("talk", "professional", 1)
    facts = acme(line, catalogue=catalogue, scheduled=(waits(EDITION, "talk", edition="team"),))
    assert coming(facts).amount == 1440
    assert dearer.price(Cycle.ANNUAL, date(2023, 9, 30)) == 100
    assert dearer.price(Cycle.ANNUAL, date(2023, 10, 1)) == 120
    # Who bought at 1.00 keeps it.
    assert coming(acme(bought("talk", "team", 1), catalogue=catalogue)).amount == 1200


def test_an_edition_without_a_price_any_more_is_refused() -> None:
    facts = acme(bought("support", "team", 1), scheduled=(waits(EDITION, "support", edition="elite"),))
    with pytest.raises(NoPriceInCycle) as refused:
        renewal(facts, TODAY)
    assert refused.value.data == {"product": "support", "edition": "elite", "cycle": "annual"}


def test_leaving_a_suite_gives_single_lines_at_list_price() -> None:
    """Suite Professional × 6 without Talk: Support Professional and Guide × 6; Chat is lost."""
    suite = bought("suite", "professional", 6, seats_in_use=4, holders=frozenset({1, 2, 3, 4}))
    removal = waits(REMOVAL, "suite", leaving=("talk",))
    facts = acme(suite, scheduled=(removal,))
    lines = becomes(suite, facts)
    assert [(x.product, x.edition, x.quantity, x.unit) for x in lines] == [
        ("support", "professional", 6, 300),
        ("guide", "standard", 6, 80),
    ]
    assert {(x.seats_in_use, len(x.holders), x.id) for x in lines} == {(4, 4, None)}
    assert lines[0].allowances == CATALOGUE["support"].edition("professional").allowances
    assert lost_from_suite(suite, ("talk",), facts, YEAR.end) == ("chat",)
    found = coming(facts)
    assert found.amount == 6 * (300 + 80) * 12
    assert codes(found) == ["suite_price_ends", "products_lost"]
    assert found.notices[0].data == {"product": "suite", "on": YEAR.end}
    assert found.notices[1].data == {"suite": "suite", "products": ("chat",)}


def test_leaving_a_suite_of_which_nothing_is_lost() -> None:
    suite = bought("suite", "team", 6)
    facts = acme(suite, scheduled=(waits(REMOVAL, "suite", leaving=("chat", "talk")),))
    assert codes(coming(facts)) == ["suite_price_ends"]


@pytest.mark.parametrize(
    ("editions", "chosen"),
    [
        ((edition("team", 1, 10), edition("professional", 5, 10)), "professional"),  # the same name
        ((edition("one", 1, 10), edition("two", 2, 10), edition("three", 3, 10)), "two"),  # not above
        ((edition("four", 4, 10), edition("three", 3, 10)), "three"),  # else the lowest above
        ((edition("professional", 2, None, 10), edition("team", 1, 10)), "team"),  # sold in this cycle
    ],
)
def test_the_edition_nearest_to_the_suites(editions: tuple, chosen: str) -> None:  # type: ignore[type-arg]
    catalogue = {**CATALOGUE, "guide": replace(CATALOGUE["guide"], editions=editions)}
    facts = acme(
        bought("suite", "professional", 1),
        catalogue=catalogue,
        scheduled=(waits(REMOVAL, "suite", leaving=("support", "talk")),),
    )
    assert [line.edition for line in next_lines(facts)] == [chosen]


def test_a_withdrawn_product_is_lost_with_its_suite() -> None:
    catalogue = {**CATALOGUE, "guide": replace(CATALOGUE["guide"], withdrawn=True)}
    facts = acme(
        bought("suite", "team", 1),
        catalogue=catalogue,
        scheduled=(waits(REMOVAL, "suite", leaving=("support",)),),
    )
    assert [line.product for line in next_lines(facts)] == ["talk"]


def test_a_suite_that_goes_whole_leaves_nothing_of_it() -> None:
    facts = acme(
        bought("suite", "team", 6), bought("credits", "one", 1), scheduled=(waits(REMOVAL, "suite"),)
    )
    assert [line.product for line in next_lines(facts)] == ["credits"]
    assert codes(coming(facts)) == []


def test_temporary_seats_that_end_on_the_renewal_day_are_over() -> None:
    over = TemporaryFacts("support", 2, Period(date(2023, 10, 1), YEAR.end))
    on = TemporaryFacts("support", 3, Period(date(2023, 10, 1), date(2023, 10, 28)))
    facts = acme(bought("support", "team", 1), temporary=(over, on))
    assert [t.quantity for t in coming(facts).after.temporary] == [3]


def test_temporary_seats_end_with_their_line() -> None:
    over = TemporaryFacts("talk", 2, Period(date(2023, 5, 1), YEAR.end))
    ahead = TemporaryFacts("talk", 3, Period(date(2023, 10, 1), date(2023, 11, 1)))
    kept = TemporaryFacts("support", 1, Period(date(2023, 10, 1), date(2023, 11, 1)))
    facts = acme(
        bought("support", "team", 10),
        bought("talk", "team", 10),
        temporary=(over, ahead, kept),
        scheduled=(waits(REMOVAL, "talk"),),
    )
    found = coming(facts)
    assert codes(found) == ["temporary_lost"]
    assert found.notices[0].data == {"product": "talk", "quantity": 3, "until": date(2023, 11, 1)}
    assert [t.product for t in found.after.temporary] == ["support"]


def test_after_the_renewal() -> None:
    facts = acme(bought("support", "team", 10), scheduled=(waits(QUANTITY, "support", quantity=5),))
    after = coming(facts).after
    assert (after.period, after.paid_until) == (
        Period(YEAR.end, date(2024, 10, 27)),
        date(2024, 10, 27),
    )
    assert after.version == 8
    assert after.scheduled == ()
    (line,) = after.lines
    assert (line.quantity, line.id) == (5, facts.lines[0].id)
    assert [(s.covers, s.charged) for s in line.segments] == [(YEAR, 24000), (after.period, 12000)]
    assert line.segments[-1].term == after.period
    assert {priced.because for priced in coming(facts).lines} == {("renewal",)}


def test_it_is_charged_for_its_day_whenever_it_is_carried_out() -> None:
    """An outage of 45 days gives the same invoice as none."""
    facts = acme(bought("support", "team", 10))
    assert coming(facts, date(2023, 12, 11)) == coming(facts, TODAY)


def suspended(start: date = date(2023, 1, 31), **more: object):  # type: ignore[no-untyped-def]
    term = Period(start, date(2023, 2, 28))
    line = bought("support", "team", 10, 310, term=term, cycle=Cycle.MONTHLY)
    return monthly(line, start=start, state=AccountState.SUSPENDED, **more)


def test_a_suspended_account_resumes_in_the_period_of_the_day() -> None:
    """Monthly from 31 January, paid until 28 February, the debt paid on 10 March.

    The period 28 February → 31 March starts on that day: 10 × 3.10 × 21 / 31 = 21.00.
    """
    found = coming(suspended(), date(2023, 3, 10))
    assert (found.on, found.amount) == (date(2023, 3, 10), 2100)
    assert found.term == Period(date(2023, 2, 28), date(2023, 3, 31))
    assert found.period == Period(date(2023, 3, 10), date(2023, 3, 31))
    # The anchor stays: next comes 31 March → 30 April.
    after = replace(found.after, state=AccountState.ACTIVE)
    assert coming(after).period == Period(date(2023, 3, 31), date(2023, 4, 30))
    assert after.terms(date(2023, 3, 12)) == (found.term,)


def test_a_resumption_months_later_skips_them() -> None:
    found = coming(suspended(), date(2023, 6, 30))
    assert found.period == found.term == Period(date(2023, 6, 30), date(2023, 7, 31))
    assert found.amount == 3100


def test_a_debt_paid_before_the_end_or_on_it_changes_nothing() -> None:
    for day in (date(2023, 2, 27), date(2023, 2, 28)):
        found = coming(suspended(), day)
        assert found.period == Period(date(2023, 2, 28), date(2023, 3, 31))
    assert coming(replace(suspended(), state=AccountState.ACTIVE), date(2023, 3, 10)).period.start == date(
        2023, 2, 28
    )


def test_a_resumption_carries_percentages_but_counts_no_period() -> None:
    """A fixed amount is only shared, and a period only counted, when a whole one is charged."""
    half = DiscountFacts("HALF", DiscountSource.PROMO, percent=Decimal(50), periods_left=1)
    off = DiscountFacts("OFF", DiscountSource.COUPON, amount=500, periods_left=1)
    facts = suspended(discounts=(half, off))
    late = resumption(facts, date(2023, 3, 10))
    assert late.amount == 1050
    assert [d.code for d in late.after.discounts] == ["HALF", "OFF"]
    whole = resumption(facts, date(2023, 3, 31))
    assert whole.amount == 1550 - 500
    assert whole.after.discounts == ()


def test_a_resumption_carries_a_percentage_to_its_product_only() -> None:
    half = DiscountFacts("HALF", DiscountSource.COUPON, percent=Decimal(50), products=("support",))
    assert resumption(suspended(discounts=(half,)), date(2023, 3, 10)).amount == 1050
    talk = replace(half, products=("talk",))
    assert resumption(suspended(discounts=(talk,)), date(2023, 3, 10)).amount == 2100


def test_a_resumption_takes_the_list_prices_of_its_own_day() -> None:
    support = CATALOGUE["support"]
    dearer = replace(
        support.editions[1],
        prices=(*support.editions[1].prices, PriceFacts(Cycle.MONTHLY, 500, date(2023, 3, 5))),
    )
    catalogue = {**CATALOGUE, "support": replace(support, editions=(support.editions[0], dearer))}
    up = waits(EDITION, "support", edition="professional", takes_effect_on=date(2023, 2, 28))
    facts = suspended(scheduled=(up,), catalogue=catalogue)
    assert resumption(facts, date(2023, 3, 4)).lines[0].unit == 400
    assert resumption(facts, date(2023, 3, 5)).lines[0].unit == 500


def test_a_resumption_carries_out_what_waited() -> None:
    change = waits(CYCLE, cycle=Cycle.ANNUAL, takes_effect_on=date(2023, 2, 28))
    found = resumption(suspended(scheduled=(change,)), date(2023, 3, 10))
    # A year from 28 February on: 29 February 2024 is the anchor's day, 366 days, 356 of them left.
    assert found.term == Period(date(2023, 2, 28), date(2024, 2, 29))
    assert found.amount == round(10 * 200 * 12 * 356 / 366)
    assert found.effect(change) == found.amount - 2100
