"""What seats that nobody holds cost a year: the renewal, less the renewal with fewer."""

from decimal import Decimal

from accounts.rules.capabilities import AccountState
from billing.rules.facts import DiscountFacts, DiscountSource, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.quoting import renewal
from billing.rules.unused_seats import saved_a_year
from tests.rules.shop import TODAY, acme, bought, waits

SUPPORT = bought("support", "team", 10)


def test_a_year_is_saved_once_and_a_month_twelve_times() -> None:
    # (10 − 7) × 2.00 × 12
    assert saved_a_year(acme(SUPPORT), "support", 7) == 7200
    monthly = bought("support", "team", 10, cycle=Cycle.MONTHLY)
    # (10 − 7) × 2.50 × 12 months
    assert saved_a_year(acme(monthly, cycle=Cycle.MONTHLY), "support", 7) == 9000


def test_a_discount_is_saved_no_second_time() -> None:
    tenth = DiscountFacts("TENTH", DiscountSource.COUPON, percent=Decimal(10))
    # 3 × 2.00 × 12 less a tenth
    assert saved_a_year(acme(SUPPORT, discounts=(tenth,)), "support", 7) == 6480


def test_it_is_what_the_reduction_itself_is_said_to_save() -> None:
    fewer = waits(ScheduledKind.QUANTITY, "support", quantity=7)
    coming = renewal(acme(SUPPORT, scheduled=(fewer,)), TODAY)
    assert coming is not None
    assert saved_a_year(acme(SUPPORT), "support", 7) == -coming.effect(fewer)


def test_another_reduction_that_waits_goes_before_and_one_of_the_same_seats_is_replaced() -> None:
    """Guide goes from 3 to 1 either way; Support from 10 to 9 is what seven seats take the place of."""
    waiting = (
        waits(ScheduledKind.QUANTITY, "guide", quantity=1),
        waits(ScheduledKind.QUANTITY, "support", quantity=9),
    )
    facts = acme(SUPPORT, bought("guide", "standard", 3), scheduled=waiting)
    # (9 − 7) × 2.00 × 12
    saved = saved_a_year(facts, "support", 7)
    assert saved == 4800
    assert isinstance(saved, int), "minor units are whole"


def test_a_suspended_account_saves_what_it_saves() -> None:
    assert saved_a_year(acme(SUPPORT, state=AccountState.SUSPENDED), "support", 7) == 7200


def test_nothing_is_said_where_nothing_renews_or_is_known() -> None:
    ending = acme(SUPPORT, scheduled=(waits(ScheduledKind.CANCELLATION),))
    assert saved_a_year(ending, "support", 7) is None
    # Support Enterprise has no monthly price.
    unpriced = acme(
        bought("support", "enterprise", 10), scheduled=(waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY),)
    )
    assert saved_a_year(unpriced, "support", 7) is None
