"""Staff change seats and sell temporary ones for managed and assisted accounts: quote, review, receipt."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.models import Account, Activity, Letter
from billing import staff_changes
from billing.models import Charge, Invoice, Quote, ScheduledChange, TemporarySeats
from billing.rules.changes import AddSeats, Extend
from tests import acting, people, shop
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2023, 7, 14)
NOON = datetime(2023, 7, 14, 16, tzinfo=UTC)


@pytest.fixture
def vera(db: None) -> Client:
    return signed_in(people.vera())


def managed(**fields: str) -> Account:
    """Acme, managed, on a clock of 14 July 2023: a year of 10 seats at 12.00 until 27 October."""
    values = {"type": "managed"} | fields
    account = people.acme(is_sandbox=True, clock=NOON, **values)
    shop.subscribe(account, {"support": ("team", 10, "12.00")}, start=date(2022, 10, 27))
    return account


def page(account: Account) -> str:
    return f"/vendor/billing/subscription/{account.pk}/act/"


def fields(**typed: object) -> dict[str, object]:
    return {"seats-support": 10, "temporary": "", "quantity": "", "start": "", "days": ""} | typed


def asked(vera: Client, account: Account, **typed: object):  # type: ignore[no-untyped-def]
    return vera.post(
        page(account), fields(**{name.replace("_", "-"): one for name, one in typed.items()}), follow=True
    )


def test_vera_sells_temporary_seats_to_a_managed_account(vera: Client) -> None:
    """3 × 12.00 × 12 × 14/365 = 16.57, open under the contract; Olivia reads who, what and why, no amount."""
    acme = managed()
    assert "Change seats, sell temporary seats" in text(
        vera.get(f"/vendor/billing/subscription/{acme.pk}/change/")
    )
    review = asked(vera, acme, temporary="support", quantity=3, start="2023-08-01", days=14)
    said = text(review)
    assert "You act as yourself, Vera Vance, for Acme." in said
    assert "Invoiced now, under the contract $16.57" in said
    assert not TemporarySeats.objects.exists()
    where = review.redirect_chain[-1][0]
    assert vera.post(where, {"reason": " "}).status_code == 422
    receipt = text(vera.post(where, {"reason": "Their summer campaign, by phone"}, follow=True))
    assert "Done for the customer" in receipt
    invoice = Invoice.objects.get()
    assert (str(invoice.total), invoice.number in receipt) == ("$16.57", True)
    assert not Charge.objects.exists()
    sold = TemporarySeats.objects.get()
    assert (sold.quantity, sold.starts_on, sold.ends_on) == (3, date(2023, 8, 1), date(2023, 8, 15))
    entry = Activity.objects.get(verb="change_by_staff")
    assert (entry.actor_name, entry.by_staff, entry.reason) == (
        "Vera Vance",
        True,
        "Their summer campaign, by phone",
    )
    letter = Letter.objects.get(kind="change_confirmed", user=people.user("olivia"))
    assert letter.facts["by"] == "Vera Vance"
    trail = text(signed_in(people.user("olivia")).get("/a/acme/activity/"))
    assert "Their summer campaign, by phone" in trail
    assert "16.57" not in trail
    # A second click lands on the same receipt.
    assert "Done for the customer" in text(vera.post(where, {"reason": "again"}, follow=True))
    assert Invoice.objects.count() == 1


def test_she_adds_seats_now_and_reduces_them_at_the_renewal(vera: Client) -> None:
    """Two more: (12 − 10) × 12.00 × 12 × 105/365 = 497.10 − 414.25; to 8 at the renewal costs nothing now."""
    acme = managed(type="assisted")
    review = asked(vera, acme, seats_support=12)
    assert "Invoiced now, under the contract $82.85" in text(review)
    vera.post(review.redirect_chain[-1][0], {"reason": "By phone"})
    assert str(Invoice.objects.get().total) == "$82.85"
    review = asked(vera, acme, seats_support=8)
    assert "At the next renewal $1,152.00" in text(review)
    vera.post(review.redirect_chain[-1][0], {"reason": "By phone"})
    assert ScheduledChange.objects.get().quantity == 8
    # Three more now meet it: what shall apply is asked, and answered.
    met = asked(vera, acme, seats_support=15)
    assert met.status_code == 422
    assert "choose below which one applies" in text(met)
    answered = vera.post(
        page(acme), fields(**{"seats-support": 15, "answer-quantity-support": "drop"}), follow=True
    )
    assert "What will be done" in text(answered)
    vera.post(answered.redirect_chain[-1][0], {"reason": "By phone"})
    assert not ScheduledChange.objects.exists()
    assert Invoice.objects.count() == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Nothing is changed yet"),
        ({"seats_support": ""}, "This field is required."),
        ({"seats_support": 0}, "greater than or equal to 1"),
        ({"seats_support": "ten"}, "Enter a whole number."),
        ({"temporary": "support"}, "Say this of the temporary seats, too."),
        (
            {"temporary": "talk", "quantity": 1, "start": "2023-08-01", "days": 3},
            "is not one of the available",
        ),
        ({"temporary": "support", "quantity": 1, "start": "2023-07-01", "days": 3}, ""),
        (
            {"temporary": "support", "quantity": 1, "start": "2023-08-01", "days": 366},
            "less than or equal to 365",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_drawn_up(
    vera: Client, typed: dict[str, object], said: str
) -> None:
    acme = managed()
    answer = asked(vera, acme, **typed)
    assert answer.status_code == 422
    assert said in text(answer)
    assert not Quote.objects.exists()


@pytest.mark.parametrize("given", [{"type": "self_service"}, {"state": "suspended"}])
def test_what_is_the_customers_own_or_not_open_is_refused(vera: Client, given: dict[str, str]) -> None:
    acme = managed(**given)
    assert "Our staff change seats of online-assisted and managed accounts" in text(
        vera.get(page(acme), follow=True)
    )
    with pytest.raises((staff_changes.NotForStaff, staff_changes.NotOpen)):
        staff_changes.draw_up(
            acme.pk, [AddSeats("support", 12)], occasion=acting.occasion(by=people.vera(), on=TODAY, at=NOON)
        )
    assert not Quote.objects.exists()


def test_a_quote_that_no_longer_holds_is_shown_anew_and_is_nobody_elses(vera: Client) -> None:
    acme = managed()
    review = asked(vera, acme, seats_support=12)
    where = review.redirect_chain[-1][0]
    victor = people.person("victor@vendor.example", "Victor", is_staff=True)
    assert signed_in(victor).get(where).status_code == 404
    # Meanwhile a colleague sold one.
    other = acting.occasion(by=victor, on=TODAY, at=NOON)
    quote = staff_changes.draw_up(acme.pk, [AddSeats("support", 11)], occasion=other)
    staff_changes.confirm(quote.pk, reason="By phone", occasion=other)
    anew = text(vera.post(where, {"reason": "By phone"}, follow=True))
    assert "Something changed meanwhile. Nothing was done" in anew
    # One seat more than the eleven: 497.10 − 455.67
    assert "Invoiced now, under the contract $41.43" in anew
    assert Invoice.objects.count() == 1


def test_only_the_staff_and_only_seats(vera: Client) -> None:
    acme = managed()
    for name in ("olivia", "adam"):
        with pytest.raises(PermissionDenied):
            staff_changes.draw_up(
                acme.pk,
                [AddSeats("support", 12)],
                occasion=acting.occasion(by=people.user(name), on=TODAY, at=NOON),
            )
    with pytest.raises(staff_changes.NotForStaff):
        staff_changes.draw_up(
            acme.pk, [Extend()], occasion=acting.occasion(by=people.vera(), on=TODAY, at=NOON)
        )
    assert signed_in(people.user("olivia")).get(page(acme)).status_code == 404
