"""What is planned: each charge by the renewal's own function on what the last one left, and each planned day.

Acme's year ends on 27 October 2023: Support Team × 10 at 2.00 = 240.00 a year; today is 14 July 2023.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from accounts.rules.capabilities import AccountState
from billing.rules.changes import AddSeats, Extend
from billing.rules.facts import DiscountFacts, DiscountSource, Facts, ScheduledKind, TemporaryFacts
from billing.rules.forecast import Forecast, PlannedKind, forecast
from billing.rules.periods import AppliedDiscount, Cycle, Period
from billing.rules.quoting import quote
from billing.rules.refusals import NoPriceInCycle
from tests.rules.shop import TODAY, YEAR, acme, answered, bought, monthly, nothing, waits

SUPPORT = bought("support", "team", 10)
KINDS = PlannedKind


def told(found: Forecast) -> list[tuple[date, str, int]]:
    """Return day, kind and what is collected of each event."""
    return [(one.on, one.kind.value, one.due) for one in found.events]


def month(**more: object) -> Facts:
    """Return ten seats at 2.50 a month, in the month from 1 July 2023."""
    line = bought(
        "support", "team", 10, 250, term=Period(date(2023, 7, 1), date(2023, 8, 1)), cycle=Cycle.MONTHLY
    )
    return monthly(line, start=date(2023, 7, 1), **more)


def test_a_year_is_charged_once_in_twelve_months_and_a_month_twelve_times() -> None:
    assert told(forecast(acme(SUPPORT), TODAY)) == [(date(2023, 10, 27), "renewal", 24000)]
    months = forecast(month(), TODAY)
    # 10 × 2.50, from 1 August 2023 to 1 July 2024
    assert [one.due for one in months.charges] == [2500] * 12
    assert (months.charges[0].on, months.charges[-1].on) == (date(2023, 8, 1), date(2024, 7, 1))
    assert months.due == 30000


def test_months_of_the_calendar_sum_to_all_of_it() -> None:
    found = forecast(month(), TODAY)
    assert [one.first for one in found.months][::12] == [date(2023, 7, 1), date(2024, 7, 1)]
    assert [one.due for one in found.months] == [0] + [2500] * 12
    assert sum(one.due for one in found.months) == found.due


def test_from_the_first_of_a_month_there_are_twelve_months() -> None:
    assert len(forecast(acme(SUPPORT), date(2023, 7, 1)).months) == 12


def test_nothing_is_planned_where_nothing_was_bought() -> None:
    assert forecast(nothing(), TODAY).events == ()


def test_a_reduction_and_a_change_of_cycle_take_effect_on_the_renewal_day() -> None:
    facts = acme(
        SUPPORT,
        scheduled=(
            waits(ScheduledKind.QUANTITY, "support", quantity=8),
            waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY),
        ),
    )
    found = forecast(facts, TODAY)
    # From then on 8 × 2.50 a month, on the 27th: October to June
    assert [one.due for one in found.charges] == [2000] * 9
    assert found.charges[-1].on == date(2024, 6, 27)
    happens = [one for one in found.events if one.kind is KINDS.CHANGE]
    assert [one.on for one in happens] == [YEAR.end] * 2
    # Each meets the subscription of today.
    assert [(one.product, one.scheduled, one.before) for one in happens] == [
        ("support", facts.scheduled[0], facts),
        ("", facts.scheduled[1], facts),
    ]
    assert found.charges[0].covers == Period(YEAR.end, date(2023, 11, 27))
    # The price of a month is no price of a year that ends.
    assert not [one for one in found.events if one.kind is KINDS.PRICE_END]


def test_a_code_for_three_months_ends_with_the_fourth() -> None:
    code = DiscountFacts("WELCOME", DiscountSource.PROMO, Decimal(20), periods_left=3, version=1)
    found = forecast(month(discounts=(code,)), TODAY)
    # 25.00 less 20 %
    assert [one.due for one in found.charges] == [2000] * 3 + [2500] * 9
    assert [(one.on, one.code) for one in found.events if one.kind is KINDS.CODE_END] == [
        (date(2023, 11, 1), "WELCOME")
    ]


def test_a_code_that_only_the_last_day_carries_ends_with_the_renewal() -> None:
    """Bought on 26 October with a code for one period: nothing of it is left on the 27th."""
    line = bought("support", "team", 10)
    day, (whole,) = date(2023, 10, 26), line.segments
    rest = replace(whole, covers=YEAR.from_day(day), discounts=(AppliedDiscount("LATE", Decimal(20)),))
    line = replace(line, segments=(replace(whole, covers=YEAR.until_day(day)), rest))
    found = forecast(acme(line), TODAY).events
    assert [(one.on, one.code) for one in found if one.kind is KINDS.CODE_END] == [(YEAR.end, "LATE")]


def test_a_suspended_account_is_charged_for_its_own_days() -> None:
    suspended = acme(SUPPORT, state=AccountState.SUSPENDED)
    assert told(forecast(suspended, TODAY)) == told(forecast(acme(SUPPORT), TODAY))


def test_a_price_that_the_vendor_ends_is_named_on_the_renewal_that_no_longer_has_it() -> None:
    facts = month()
    facts = replace(facts, lines=(replace(facts.lines[0], unit=200, price_ends_on=date(2023, 9, 15)),))
    found = forecast(facts, TODAY)
    # 10 × 2.00 in August and September
    assert [one.due for one in found.charges] == [2000] * 2 + [2500] * 10
    ends = [one for one in found.events if one.kind is KINDS.PRICE_END]
    assert [(one.on, one.product, one.old, one.new) for one in ends] == [
        (date(2023, 10, 1), "support", 200, 250)
    ]


def test_a_price_that_ends_with_its_edition_is_no_news() -> None:
    """What the line becomes has another edition, and its own price: that change is what is told."""
    facts = month(scheduled=(waits(ScheduledKind.EDITION, "support", edition="professional"),))
    facts = replace(facts, lines=(replace(facts.lines[0], unit=200, price_ends_on=TODAY),))
    assert [one for one in forecast(facts, TODAY).events if one.kind is KINDS.PRICE_END] == []


def test_a_price_that_ends_where_the_list_says_the_same_is_no_news() -> None:
    facts = month()
    facts = replace(facts, lines=(replace(facts.lines[0], price_ends_on=date(2023, 9, 15)),))
    assert [one for one in forecast(facts, TODAY).events if one.kind is KINDS.PRICE_END] == []


def test_temporary_seats_that_outlast_the_twelve_months_only_begin() -> None:
    season = TemporaryFacts("support", 3, Period(date(2024, 7, 1), date(2024, 9, 1)))
    found = forecast(acme(SUPPORT, temporary=(season,)), TODAY).events
    assert [(one.on, one.kind) for one in found if one.kind.startswith("temporary")] == [
        (date(2024, 7, 1), KINDS.TEMPORARY_START)
    ]


def test_temporary_seats_begin_and_end_on_their_days_or_with_their_line() -> None:
    facts = acme(
        SUPPORT,
        bought("talk", "team", 2),
        temporary=(
            TemporaryFacts("support", 3, Period(date(2023, 7, 10), date(2023, 7, 20))),
            TemporaryFacts("talk", 4, Period(date(2023, 10, 1), date(2023, 12, 1))),
        ),
        scheduled=(waits(ScheduledKind.REMOVAL, "talk"),),
    )
    found = [one for one in forecast(facts, TODAY).events if one.kind.startswith("temporary")]
    assert [(one.on, one.kind, one.product, one.quantity) for one in found] == [
        (date(2023, 7, 20), KINDS.TEMPORARY_END, "support", 3),
        (date(2023, 10, 1), KINDS.TEMPORARY_START, "talk", 4),
        # Talk is removed at the renewal.
        (date(2023, 10, 27), KINDS.TEMPORARY_END, "talk", 4),
    ]


def test_the_first_day_is_told_of_and_the_day_after_the_last_is_not() -> None:
    """A month from 1 July: what begins on 1 July is in it, what begins or is charged on 1 August is not."""
    seasons = tuple(
        TemporaryFacts("support", 1, Period(first, date(2023, 9, 1)))
        for first in (date(2023, 7, 1), date(2023, 8, 1))
    )
    found = forecast(month(temporary=seasons), date(2023, 7, 1), months=1)
    assert told(found) == [(date(2023, 7, 1), "temporary_start", 0)]


def test_temporary_seats_that_a_removal_ends_stay_ended_in_the_renewals_after_it() -> None:
    """Month by month: Talk goes on 1 August, and its extra seats with it, whatever renews afterwards."""
    july = Period(date(2023, 7, 1), date(2023, 8, 1))
    talk = bought("talk", "team", 2, term=july, cycle=Cycle.MONTHLY)
    season = TemporaryFacts("talk", 4, Period(date(2023, 7, 20), date(2023, 12, 1)))
    facts = month(
        temporary=(season,), scheduled=(waits(ScheduledKind.REMOVAL, "talk", takes_effect_on=july.end),)
    )
    found = forecast(replace(facts, lines=(*facts.lines, talk)), TODAY).events
    assert [(one.on, one.kind) for one in found if one.kind.startswith("temporary")] == [
        (date(2023, 7, 20), KINDS.TEMPORARY_START),
        (date(2023, 8, 1), KINDS.TEMPORARY_END),
    ]


def test_after_an_extension_nothing_is_charged_for_a_year_and_a_product_left_out_ends_on_its_day() -> None:
    facts = acme(SUPPORT, bought("guide", "standard", 3), scheduled=(waits(ScheduledKind.REMOVAL, "guide"),))
    priced = quote(facts, [Extend(answered(ScheduledKind.REMOVAL, "guide", "end"))], TODAY)
    found = forecast(facts, TODAY, confirmed=priced)
    # 240.00 for the extension, without Guide
    assert told(found) == [(TODAY, "confirmed", 24000), (YEAR.end, "line_end", 0)]
    assert (found.events[1].product, found.events[1].quantity) == ("guide", 3)


def test_what_if_charges_the_change_now_and_renews_what_it_leaves() -> None:
    facts = acme(SUPPORT)
    priced = quote(facts, [AddSeats("support", 12)], TODAY)
    found = forecast(facts, TODAY, confirmed=priced)
    # 2 × 2.00 × 12 × 105 / 365 = 13.81; 12 × 2.00 × 12 = 288.00
    assert told(found) == [(TODAY, "confirmed", 1381), (YEAR.end, "renewal", 28800)]


def test_an_end_is_the_last_that_happens() -> None:
    facts = acme(SUPPORT, scheduled=(waits(ScheduledKind.CANCELLATION),))
    assert told(forecast(facts, TODAY)) == [(YEAR.end, "end", 0)]


def test_a_balance_is_used_up_month_by_month() -> None:
    found = forecast(month(balance=6000), TODAY)
    # 60.00 pays August, September and 10.00 of October
    assert [one.due for one in found.charges] == [0, 0, 1500] + [2500] * 9


def test_what_is_overdue_is_collected_in_the_first_month() -> None:
    found = forecast(month(), date(2023, 8, 3))
    assert found.charges[0].on == date(2023, 8, 1)
    assert found.months[0].due == 2500


def test_what_has_no_price_says_so() -> None:
    facts = acme(SUPPORT, bought("legacy", "one", 1), bought("copilot", "one", 1))
    without = replace(
        facts.catalogue["copilot"],
        editions=tuple(replace(one, prices=one.prices[:1]) for one in facts.catalogue["copilot"].editions),
    )
    facts = replace(
        facts,
        catalogue={**facts.catalogue, "copilot": without},
        scheduled=(waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY),),
    )
    with pytest.raises(NoPriceInCycle):
        forecast(facts, TODAY)
