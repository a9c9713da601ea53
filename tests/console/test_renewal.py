"""The page of the coming renewal: line by line from today to then, what changes, who holds the seats."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from accounts.models import Account, Membership
from billing.models import AgentSeat, Line, Subscription
from tests import people, shop
from tests.console.reading import acme_at, open_as, text
from tests.console.test_subscription import ledger, schedule

PAGE = "/a/acme/billing/subscription/renewal/"


def seat(account: Account, product: str, *names: str) -> None:
    """Give people a seat of a product."""
    line = shop.line(account, product)
    for name in names:
        member = Membership.objects.get(account=account, user=people.user(name))
        AgentSeat.objects.create(subscription_id=account.pk, line=line, membership=member)


def test_what_stays_is_said_in_one_line_and_its_total_is_the_summarys(db: None) -> None:
    ledger()
    seen = text(open_as("olivia", PAGE))
    assert "Renews on 27 October 2023 in 105 days, America/New York" in seen
    assert "Nothing: the same products renew at the same prices." in seen
    # 10 seats × 1.00 × 12 months
    assert "Support Team × 10 $120.00 Team × 10 $120.00 same" in seen
    assert "The renewal’s total before tax $120.00" in seen
    assert "See the coming renewal line by line" in text(open_as("olivia", "/a/acme/billing/subscription/"))


def test_a_reduction_a_kept_price_that_ends_and_taxes_stand_line_by_line(db: None) -> None:
    account = acme_at()
    lines = {"support": ("team", 10, "1.00"), "guide": ("team", 3, "6")}
    shop.subscribe(account, lines, start=date(2022, 10, 27), tax_percent=Decimal(20))
    Line.objects.filter(subscription_id=account.pk).update(price_ends_on=date(2023, 10, 1))
    schedule(account, "quantity", "support", quantity=8)
    schedule(account, "removal", "guide")
    seen = text(open_as("olivia", PAGE))
    # 10 × 1.00 × 12 → 8 × 12.00 × 12; 3 × 6.00 × 12 → nothing
    assert "Support Team × 10 $120.00 Team × 8 $1,152.00 +$1,032.00" in seen
    assert "Guide Team × 3 $216.00 ends −$216.00" in seen
    assert "Before tax $336.00 $1,152.00 +$816.00 Tax (20 %) $230.40" in seen
    assert "The renewal’s total $1,382.40" in seen
    assert "Support: your own price ends, and the list price applies. $1.00 → $12.00" in seen
    assert "Guide: removed" in seen


@pytest.mark.parametrize("page", [PAGE, "/a/acme/billing/subscription/"])
def test_a_renewal_that_the_vendor_checks_is_not_due_on_either_page(page: str, db: None) -> None:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 6, 27))
    assert "27 June 2023 due now, America/New York" in text(open_as("olivia", page))
    Subscription.objects.update(parked_at=datetime(2023, 6, 27, tzinfo=UTC), parked_because="gap support")
    assert "27 June 2023 being checked, America/New York" in text(open_as("olivia", page))


def test_another_cycle_has_no_difference(db: None) -> None:
    schedule(ledger(), "cycle", cycle="monthly")
    seen = text(open_as("olivia", PAGE))
    # 10 × 12.00, at list price
    assert "Support Team × 10 $120.00 Team × 10 $120.00" in seen
    assert "The two periods differ in length" in seen


def test_who_holds_the_seats_and_which_nobody_uses_with_the_way_to_fewer(db: None) -> None:
    account = ledger()
    seat(account, "support", "agnes", "adam")
    response = open_as("olivia", PAGE)
    seen = text(response)
    assert "2 of 10 seats used 8 seats are held by nobody Reduce to 2 at the renewal" in seen
    assert "Who holds a seat Adam Adler Agnes Albert See them among the people" in seen
    assert 'href="/a/acme/billing/subscription/manage/?seats-support=2"' in response.content.decode()


def test_an_end_says_so_and_offers_to_undo_it(db: None) -> None:
    schedule(ledger(), "cancellation")
    seen = text(open_as("olivia", PAGE))
    assert "The account ends Ends on 27 October 2023" in seen
    assert "Nothing renews after that day, and nothing more is charged." in seen
    assert "Undo possible until 26 October 2023" in seen
    assert "The renewal’s total" not in seen


def test_ways_that_are_not_theirs_say_who_can(db: None) -> None:
    ledger()
    seen = text(open_as("adam", PAGE))
    assert "Only the account owner can cancel the account." in seen
    assert "The renewal’s total before tax $120.00" in seen


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_where_costs_are_not_shown_it_tells_quantities_and_days(db: None, kind: str) -> None:
    account = ledger(type=kind)
    Line.objects.filter(subscription_id=account.pk).update(price_ends_on=date(2023, 10, 1))
    schedule(account, "quantity", "support", quantity=8)
    response = open_as("olivia", PAGE)
    seen = text(response)
    assert "Support Team × 10 Team × 8" in seen
    assert "$" not in seen
    assert "list price" not in seen


def test_what_can_not_be_priced_is_explained(db: None) -> None:
    account = acme_at()
    lines = {"support": ("team", 2, "12"), "copilot": ("standard", 2, "10")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    schedule(account, "cycle", cycle="monthly")
    response = open_as("olivia", PAGE)
    assert response.status_code == 200
    assert "What is scheduled for Copilot has no price in the new billing cycle." in text(response)


def test_a_trial_has_nothing_to_renew(db: None) -> None:
    acme_at(state="trial")
    assert "You are trying it out" in text(open_as("olivia", PAGE))
