"""Whom the end of a price concerns, from when and by how much; and a price agreed in the list's place.

Acme has ten seats of Support Team, annual until 27 October 2023, at its own 1.50; the list price is 2.00.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from accounts.rules.capabilities import AccountState
from billing.rules.changes import AddProduct, AddSeats, ChangeEdition
from billing.rules.facts import (
    Availability,
    DiscountFacts,
    DiscountSource,
    EditionFacts,
    Facts,
    LineFacts,
    PriceEnd,
    PriceFacts,
    ScheduledFacts,
    ScheduledKind,
)
from billing.rules.forecast import PlannedKind, forecast
from billing.rules.notices import NoticeCode
from billing.rules.periods import Cycle
from billing.rules.price_endings import PriceRise, price_rise, stage
from billing.rules.quoting import quote, renewal
from billing.rules.renewal_comparison import compare
from tests.rules.shop import CATALOGUE, TODAY, YEAR, acme, bought, codes, monthly, nothing, waits

ENDS = date(2023, 10, 1)
END = PriceEnd(Cycle.ANNUAL, 150, ENDS)
OLD = bought("support", "team", 10, 150)


def rise(facts: Facts, end: PriceEnd = END) -> PriceRise | None:
    return price_rise(facts, "support", "team", end)


def scheduled(facts: Facts, end: PriceEnd = END) -> Facts:
    """Return the facts with the end of a price of Support Team in the catalogue."""
    return _with(facts, price_ends=(end,))


def agreed(
    facts: Facts, unit: int, *, edition: str = "team", start: date = TODAY, until: date | None = None
) -> Facts:
    """Return the facts with an annual price of Support that was agreed with the account."""
    kept = facts.product("support").edition(edition).prices
    price = PriceFacts(Cycle.ANNUAL, unit, start, agreed=True, until=until)
    return _with(facts, edition=edition, prices=(*kept, price))


def _with(facts: Facts, edition: str = "team", **fields: object) -> Facts:
    product = facts.product("support")
    editions: tuple[EditionFacts, ...] = tuple(
        replace(one, **fields) if one.key == edition else one  # type: ignore[arg-type]
        for one in product.editions
    )
    return replace(facts, catalogue={**facts.catalogue, "support": replace(product, editions=editions)})


def test_the_first_renewal_from_that_day_on_tells_by_how_much() -> None:
    # 10 × (2.00 − 1.50) × 12
    assert rise(acme(OLD)) == PriceRise("support", "team", 10, YEAR.end, 150, 200, 6000)
    # Scheduled already, it is the same.
    assert rise(scheduled(acme(OLD))) == rise(acme(OLD))


def test_a_renewal_before_it_still_has_the_old_price() -> None:
    later = replace(END, on=date(2023, 11, 1))
    found = rise(acme(OLD), later)
    assert found is not None
    assert found.on == date(2024, 10, 27)
    coming = renewal(scheduled(acme(OLD), later), TODAY)
    assert coming is not None
    assert [line.unit for line in coming.lines] == [150]


def test_a_month_after_the_day_is_the_first_that_costs_more() -> None:
    facts = monthly(bought("support", "team", 10, 200, cycle=Cycle.MONTHLY, term=monthly().period))
    found = rise(facts, PriceEnd(Cycle.MONTHLY, 200, date(2023, 6, 15)))
    # Months begin on the first; 10 × (2.50 − 2.00)
    assert found == PriceRise("support", "team", 10, date(2023, 7, 1), 200, 250, 500)


def test_discounts_and_what_waits_count() -> None:
    loyal = DiscountFacts("LOYAL", DiscountSource.COUPON, Decimal(10), version=1)
    fewer = waits(ScheduledKind.QUANTITY, "support", quantity=8)
    found = rise(acme(OLD, discounts=(loyal,), scheduled=(fewer,)))
    # 8 × 0.50 × 12 less 10 %
    assert found == PriceRise("support", "team", 8, YEAR.end, 150, 200, 4320)


@pytest.mark.parametrize(
    "facts",
    [
        acme(bought("support", "team", 10, 160)),
        acme(bought("support", "professional", 10, 150)),
        acme(bought("talk", "team", 10, 150)),
        monthly(bought("support", "team", 10, 150, cycle=Cycle.MONTHLY, term=monthly().period)),
        acme(OLD, scheduled=(waits(ScheduledKind.EDITION, "support", edition="professional"),)),
        acme(OLD, scheduled=(waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY),)),
        acme(OLD, bought("talk", "team", 1), scheduled=(waits(ScheduledKind.REMOVAL, "support"),)),
        acme(OLD, scheduled=(waits(ScheduledKind.CANCELLATION),)),
        agreed(acme(OLD), 150, until=date(2025, 1, 1)),
        nothing(),
    ],
    ids=[
        *("another price", "another edition", "another product", "another cycle", "another edition waits"),
        *("another cycle waits", "a removal waits", "the account ends", "agreed to stay", "nothing bought"),
    ],
)
def test_nobody_else_is_concerned(facts: Facts) -> None:
    assert rise(facts) is None


def test_who_removes_the_product_before_that_day_is_not_concerned() -> None:
    later = replace(END, on=date(2023, 12, 1))
    gone = acme(OLD, bought("talk", "team", 1), scheduled=(waits(ScheduledKind.REMOVAL, "support"),))
    assert rise(gone, later) is None
    # And so is an account that has ended by then.
    assert rise(acme(OLD, scheduled=(waits(ScheduledKind.CANCELLATION),)), later) is None
    # Extended without it: it ends before the renewal.
    early = replace(gone, paid_until=date(2024, 10, 27))
    assert rise(early, later) is None


def unpriced(line: LineFacts, *scheduled: ScheduledFacts) -> Facts:
    """Return Acme with a line of Support, and Talk that is to become what has no price."""
    edition = waits(ScheduledKind.EDITION, "talk", edition="x")
    facts = acme(line, bought("talk", "team", 5), scheduled=(edition, *scheduled))
    gone = replace(CATALOGUE["talk"].editions[0], key="x", prices=())
    product = replace(facts.product("talk"), editions=(*facts.product("talk").editions, gone))
    return replace(facts, catalogue={**facts.catalogue, "talk": product})


def test_where_what_waits_has_no_price_nobody_can_tell_how_much() -> None:
    found = rise(unpriced(OLD))
    assert found == PriceRise("support", "team", 10, YEAR.end, 150, None, None)


@pytest.mark.parametrize(
    "line",
    [
        bought("support", "team", 10, 160),
        bought("support", "professional", 10, 150),
    ],
    ids=["another price", "another edition"],
)
def test_who_does_not_have_it_is_not_told_of_what_waits_without_a_price(line: LineFacts) -> None:
    assert rise(unpriced(line)) is None


def test_nor_is_who_has_it_in_another_cycle_or_until_an_end_before_the_renewal() -> None:
    assert rise(unpriced(OLD), replace(END, cycle=Cycle.MONTHLY)) is None
    removal = waits(ScheduledKind.REMOVAL, "support")
    early = unpriced(OLD, removal)
    assert rise(replace(early, paid_until=date(2024, 10, 27)), replace(END, on=date(2023, 12, 1))) is None


def test_an_end_on_the_renewal_day_is_that_renewals() -> None:
    found = rise(acme(OLD), replace(END, on=YEAR.end))
    assert found is not None
    assert found.on == YEAR.end


def test_a_suspended_account_is_told_of_its_own_renewal() -> None:
    assert rise(replace(acme(OLD), state=AccountState.SUSPENDED)) == rise(acme(OLD))


def test_letters_go_60_and_30_days_before_and_of_what_was_missed_the_nearest() -> None:
    days = [(date(2023, 8, 1), None), (date(2023, 8, 2), 60), (date(2023, 8, 31), 60), (date(2023, 9, 1), 30)]
    assert [(day, stage(ENDS, day)) for day, _stage in days] == days
    assert stage(ENDS, date(2023, 9, 30)) == 30
    assert stage(ENDS, ENDS) is None


def test_renewal_quote_and_forecast_say_the_same_of_an_end() -> None:
    facts = scheduled(acme(OLD))
    coming = renewal(facts, TODAY)
    assert coming is not None
    # 10 × 2.00 × 12
    assert coming.settlement.subtotal == 24000
    assert codes(coming) == [NoticeCode.PRICE_ENDS]
    compared = compare(facts, TODAY)
    assert compared is not None
    assert [(one.old, one.new) for one in compared.lines] == [(18000, 24000)]
    found = quote(facts, [AddProduct("talk", "team", 1)], TODAY)
    assert found.renewal.settlement.subtotal == 24000 + 1200
    assert NoticeCode.PRICE_ENDS in codes(found)
    told = [one for one in forecast(facts, TODAY).events if one.kind is PlannedKind.PRICE_END]
    assert [(one.on, one.old, one.new) for one in told] == [(YEAR.end, 150, 200)]
    # Once it has the list price nothing more ends.
    assert renewal(coming.after, YEAR.end).notices == ()  # type: ignore[union-attr]


def test_seats_added_before_that_day_cost_what_the_others_cost() -> None:
    found = quote(scheduled(acme(OLD)), [AddSeats("support", 11)], TODAY)
    assert {line.unit for line in found.lines} == {150}


def test_an_agreed_price_goes_before_the_list_from_the_next_whole_period_until_its_end() -> None:
    facts = agreed(acme(bought("support", "team", 10, 200)), 120, until=date(2024, 10, 27))
    first = renewal(facts, TODAY)
    assert first is not None
    # 10 × 1.20 × 12 for the year from 2023, then the list price again
    assert (first.settlement.subtotal, codes(first)) == (14400, [NoticeCode.AGREED_PRICE])
    second = renewal(first.after, YEAR.end)
    assert second is not None
    assert (second.settlement.subtotal, codes(second)) == (24000, [NoticeCode.PRICE_ENDS])
    told = [one for one in forecast(facts, TODAY, months=20).events if one.kind is PlannedKind.PRICE_END]
    assert [(one.on, one.old, one.new) for one in told] == [
        (YEAR.end, 200, 120),
        (date(2024, 10, 27), 120, 200),
    ]


def test_what_stands_today_is_told_at_the_price_that_was_paid() -> None:
    compared = compare(agreed(acme(bought("support", "team", 10, 200)), 120), TODAY)
    assert compared is not None
    assert [(one.old, one.new) for one in compared.lines] == [(24000, 14400)]


def test_an_agreed_price_without_an_end_stays() -> None:
    facts = agreed(acme(bought("support", "team", 10, 200)), 120)
    first = renewal(facts, TODAY)
    assert first is not None
    second = renewal(first.after, YEAR.end)
    assert second is not None
    assert second.settlement.subtotal == 14400
    assert first.after.lines[0].price_ends_on is None


def test_an_agreed_price_keeps_the_allowances_of_the_line() -> None:
    old = bought("support", "team", 10, 200, allowances={"light_agents": 7})
    coming = renewal(agreed(acme(old), 120), TODAY)
    assert coming is not None
    assert coming.after.lines[0].allowances == {"light_agents": 7}


def test_what_is_bought_meanwhile_has_the_agreed_price_at_once() -> None:
    facts = agreed(
        acme(bought("support", "team", 10, 200)), 250, edition="professional", until=date(2025, 1, 1)
    )
    found = quote(facts, [ChangeEdition("support", "professional")], TODAY)
    charged = [line for line in found.lines if line.amount > 0]
    assert [line.unit for line in charged] == [250]
    assert found.after.lines[0].price_ends_on == date(2025, 1, 1)


def test_an_agreed_price_of_another_day_is_the_lists() -> None:
    edition = agreed(acme(OLD), 120, start=date(2023, 8, 1), until=date(2023, 9, 1)).edition(
        "support", "team"
    )
    days = [date(2023, 7, 31), date(2023, 8, 1), date(2023, 8, 31), date(2023, 9, 1)]
    assert [edition.price(Cycle.ANNUAL, day) for day in days] == [200, 120, 120, 200]
    assert edition.listed(Cycle.ANNUAL, date(2023, 8, 1)) == 200
    assert edition.price(Cycle.MONTHLY, date(2023, 8, 1)) == 250
    assert edition.price_version(Cycle.ANNUAL, 120, date(2023, 8, 1)) == "own"


def test_an_agreed_price_for_what_the_list_no_longer_offers() -> None:
    facts = _with(agreed(acme(OLD), 120), availability=Availability.WITHDRAWN)
    coming = renewal(facts, TODAY)
    assert coming is not None
    assert [line.unit for line in coming.lines] == [120]
