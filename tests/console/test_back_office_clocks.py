"""The page on which staff move a sandbox account's own clock, and read what happened on the way."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from accounts.models import Account, Activity
from billing.models import ClockMove, Invoice
from tests import people
from tests.billing import dunned
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
BEGIN = "2026-02-28"


@pytest.fixture
def vera(db: None) -> Client:
    return signed_in(people.vera())


def page(account: Account) -> str:
    return f"/vendor/accounts/account/{account.pk}/clock/"


def move(vera: Client, account: Account, how: str, until: str = "", reason: str = "Shown to a customer"):  # type: ignore[no-untyped-def]
    return vera.post(page(account), {"how": how, "until": until, "reason": reason}, follow=True)


def test_vera_moves_it_by_a_day_to_the_next_event_and_to_a_date(vera: Client) -> None:
    """10 seats at 12.00 renew on 1 March 2026 for 120.00, by a card without money."""
    acme = dunned.debtor("test_declines_funds")
    account = text(vera.get(f"/vendor/accounts/account/{acme.pk}/change/"))
    assert "28 February 2026, 12:00" in account
    assert "Move the clock" in account
    told = text(move(vera, acme, "event"))
    assert "28 February 2026, 12:00 → 1 March 2026, 00:00" in told
    assert "Subscription renewed" in told
    assert f"Invoice {Invoice.objects.get().number}" not in told
    assert Invoice.objects.get().number in told
    assert "Account state changed (the payment failed State: Active → Past due)" in told
    assert "Payment failed → olivia@acme.example" in told
    assert "Nothing happened in this time." in text(move(vera, acme, "day"))
    told = text(move(vera, acme, "date", "2026-03-25"))
    assert (
        told.index("3 March 2026, 00:00")
        < told.index("22 March 2026, 00:00")
        < told.index("23 March 2026, 00:00")
    )
    assert "Account suspended → olivia@acme.example" in told
    first = ClockMove.objects.earliest("pk")
    assert "Payment failed → olivia" in text(vera.get(f"{page(acme)}?move={first.pk}"))
    # Olivia reads who did it, and why.
    assert Activity.objects.filter(verb="account_clock_moved").count() == 3
    Account.objects.update(state="active")
    trail = text(signed_in(people.user("olivia")).get("/a/acme/activity/"))
    assert "Account’s own clock moved forward" in trail
    assert "Shown to a customer" in trail


@pytest.mark.parametrize(
    ("how", "until", "reason", "said"),
    [
        ("date", BEGIN, "x", "choose a later day than it shows"),
        ("date", "2027-03-02", "x", "The clock is moved by a year at most"),
        ("date", "", "x", "Choose a date."),
        ("date", "soon", "x", "Enter a valid date."),
        ("", "", "x", "This field is required."),
        ("back", "", "x", "is not one of the available choices"),
        ("day", "", " ", "This field is required."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    vera: Client, how: str, until: str, reason: str, said: str
) -> None:
    acme = dunned.debtor("test_approves")
    answer = move(vera, acme, how, until, reason)
    assert answer.status_code == 422
    assert said in text(answer)
    assert not ClockMove.objects.exists()
    acme.refresh_from_db()
    assert acme.clock == datetime(2026, 2, 28, 12, tzinfo=UTC)


def test_a_customers_account_has_none_and_says_so(vera: Client, globex: Account) -> None:
    assert "Move the clock" not in text(vera.get(f"/vendor/accounts/account/{globex.pk}/change/"))
    assert "Only a sandbox account has a clock of its own" in text(vera.get(page(globex), follow=True))
    assert "Only a sandbox account has a clock of its own" in text(
        vera.post(page(globex), {"reason": "x"}, follow=True)
    )
    globex.refresh_from_db()
    assert (globex.clock, globex.is_sandbox) == (None, False)
    assert vera.get("/vendor/accounts/account/4711/clock/").status_code == 404


def test_an_account_of_the_demo_is_put_on_one(vera: Client, globex: Account, settings) -> None:  # type: ignore[no-untyped-def]
    settings.DEMO = True
    assert "Put it on a clock of its own" in text(vera.get(f"/vendor/accounts/account/{globex.pk}/change/"))
    done = vera.post(page(globex), {"reason": "To try it"}, follow=True)
    assert "It stays at this moment until it is moved" in text(done)
    globex.refresh_from_db()
    assert globex.is_sandbox
    assert globex.clock is not None
    assert globex.clock.date() >= date(2026, 1, 1)
    assert signed_in(globex.memberships.get().user).post(page(globex), {"reason": "x"}).status_code == 404
