"""What a day brings by itself: nothing yet, a renewal, lines that end, or what stands against charging.

Acme's year ends on 27 October 2023: Support Team × 10 at 2.00 and Guide × 3 at 0.80.
"""

from dataclasses import asdict, replace
from datetime import date

import pytest

from accounts.rules.capabilities import AccountState
from billing.rules import due
from billing.rules.changes import Extend
from billing.rules.due import BrokenFacts
from billing.rules.ending import LineEnding
from billing.rules.facts import Facts, ScheduledKind
from billing.rules.invariants import InvariantFault
from billing.rules.money import to_text
from billing.rules.periods import Cycle, Period
from billing.rules.plain import changed, to_plain
from billing.rules.quoting import Renewal, quote
from tests.rules.shop import TODAY, YEAR, acme, answered, bought, nothing, saved, waits

SUPPORT, GUIDE = bought("support", "team", 10), bought("guide", "standard", 3)
REMOVAL = ScheduledKind.REMOVAL
BOTH = acme(SUPPORT, GUIDE)


def happens(facts: Facts, on: date, resumes_on: date | None = None) -> object:
    return due.happens(facts, on, resumes_on=resumes_on)


def extended_without_guide() -> Facts:
    waiting = acme(SUPPORT, GUIDE, scheduled=(waits(REMOVAL, "guide"),))
    return saved(quote(waiting, [Extend(answered(REMOVAL, "guide", "end"))], TODAY).after)


def test_nothing_before_its_day_or_where_nothing_was_bought() -> None:
    assert happens(BOTH, date(2023, 10, 26)) is None
    assert happens(nothing(), YEAR.end) is None


@pytest.mark.parametrize("on", [YEAR.end, date(2023, 11, 3)])
def test_a_renewal_is_for_its_own_day_however_late(on: date) -> None:
    found = happens(BOTH, on)
    assert isinstance(found, Renewal)
    # 10 × 2.00 × 12 + 3 × 0.80 × 12
    assert (found.on, found.amount) == (YEAR.end, 24000 + 2880)


def test_a_suspended_account_that_resumes_on_no_day_of_its_own_has_its_whole_period() -> None:
    suspended = replace(BOTH, state=AccountState.SUSPENDED)
    found = happens(suspended, date(2023, 11, 3))
    assert isinstance(found, Renewal)
    assert found.period == Period(YEAR.end, date(2024, 10, 27))


def test_after_a_suspension_it_charges_from_the_day_on_which_it_resumes() -> None:
    found = happens(BOTH, date(2023, 11, 3), resumes_on=date(2023, 10, 29))
    assert isinstance(found, Renewal)
    assert found.period == Period(date(2023, 10, 29), date(2024, 10, 27))
    # That day is over: a whole period.
    assert happens(BOTH, YEAR.end, resumes_on=YEAR.end) == happens(BOTH, YEAR.end)


def test_a_line_that_an_extension_left_out_ends_first() -> None:
    found = happens(extended_without_guide(), date(2024, 10, 27))
    assert isinstance(found, LineEnding)
    assert (found.on, [line.product for line in found.lines]) == (YEAR.end, ["guide"])


def test_broken_facts_are_neither_ended_nor_charged() -> None:
    for facts, code in (
        (replace(extended_without_guide(), anchor=date(2022, 10, 12)), "period_off_anchor"),
        (replace(BOTH, anchor=date(2022, 10, 12)), "period_off_anchor"),
        (replace(BOTH, lines=(SUPPORT, SUPPORT)), "two_lines"),
    ):
        found = happens(facts, date(2024, 10, 27))
        assert isinstance(found, BrokenFacts)
        assert code in found.because


def test_a_change_to_what_has_no_price_is_not_charged() -> None:
    """Support Enterprise is sold by the year alone."""
    waiting = waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY)
    found = happens(acme(bought("support", "enterprise", 10), scheduled=(waiting,)), YEAR.end)
    assert isinstance(found, BrokenFacts)
    assert found.because == "no_price_in_cycle support"


def test_why_is_kept_short() -> None:
    faults = tuple(InvariantFault("two_lines", f"product-{number}") for number in range(40))
    assert len(BrokenFacts(faults).because) == 200
    assert BrokenFacts((InvariantFault("period_off_anchor"),)).because == "period_off_anchor"


def test_what_is_written_for_the_database_is_exact() -> None:
    assert [to_text(1234, currency) for currency in ("USD", "JPY", "BHD")] == [
        "1234e-2",
        "1234e-0",
        "1234e-3",
    ]


def test_plain_and_changed_are_what_the_standard_library_says() -> None:
    assert to_plain(SUPPORT) == asdict(SUPPORT)
    assert changed(SUPPORT, quantity=4) == replace(SUPPORT, quantity=4)
