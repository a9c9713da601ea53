"""What staff see of taxes: the table of rates, how an account is taxed, and the end of a rate of its own."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Activity
from billing.models import Subscription, TaxRate
from billing.rules.parties import Address
from tests import people, shop, taxed
from tests.console.reading import acme_at, open_as, signed_in, text

pytestmark = pytest.mark.django_db
LIST = "/vendor/billing/subscription/"


@pytest.fixture
def vera() -> Client:
    return signed_in(people.vera())


@pytest.fixture
def acme(db: None) -> Account:
    """Acme in Germany, which was loaded with a rate of 10 %."""
    account = acme_at()
    ten = {"support": ("team", 10, "1.00")}
    shop.subscribe(account, ten, start=date(2022, 10, 27), tax_percent=Decimal(10))
    taxed.rates()
    taxed.place(account, "DE", number="136695976")
    return account


def test_vera_reads_the_table(acme: Account, vera: Client) -> None:
    TaxRate.objects.create(country="US", in_force_from=taxed.SINCE)
    seen = text(vera.get("/vendor/billing/taxrate/"))
    assert "CA QC QST 9.975 % standard Anywhere 1 January 2013 FR – TVA 20 %" in seen
    assert "US – – not taxed standard" in seen
    quebec = text(vera.get("/vendor/billing/taxrate/?country=CA"))
    assert "QST" in quebec
    assert "TVA" not in quebec
    row = TaxRate.objects.get(name="QST")
    assert "9.975 %" in text(vera.get(f"/vendor/billing/taxrate/{row.pk}/change/"))
    assert vera.get("/vendor/billing/taxrate/add/").status_code == 403


def test_vera_reads_that_no_rate_is_loaded(acme: Account, vera: Client, settings: Any) -> None:
    Subscription.objects.update(tax_percent=None)
    taxed.sells(settings, replace(taxed.FRENCH, address=Address("JP"), tax_ids=()))
    taxed.place(acme, "JP")
    assert "In the seller’s country: no rate is loaded" in text(vera.get(f"{LIST}{acme.pk}/change/"))


@pytest.mark.parametrize(
    ("country", "number", "words"),
    [
        ("FR", "", "In the seller’s country: TVA (20 %)"),
        ("DE", "136695976", "Reverse charge: the customer owes the tax"),
        ("DE", "", "In the EU without a number for VAT: the seller’s rate: TVA (20 %)"),
        ("US", "", "Outside the scope of the seller’s tax"),
    ],
)
def test_vera_reads_how_an_account_is_taxed(
    acme: Account, vera: Client, country: str, number: str, words: str
) -> None:
    Subscription.objects.update(tax_percent=None)
    taxed.place(acme, country, number=number)
    seen = text(vera.get(f"{LIST}{acme.pk}/change/"))
    assert words in seen
    assert "Let the table of rates decide" not in seen


def test_vera_ends_a_rate_of_its_own_and_the_owner_reads_why(acme: Account, vera: Client) -> None:
    assert "A rate of its own: Tax (10 %) Let the table of rates decide" in text(
        vera.get(f"{LIST}{acme.pk}/change/")
    )
    asked = text(vera.get(f"{LIST}{acme.pk}/own-rate/"))
    assert "Today A rate of its own: Tax (10 %)" in asked
    assert "By the table of rates Reverse charge: the customer owes the tax" in asked
    assert vera.post(f"{LIST}{acme.pk}/own-rate/", {"reason": " "}).status_code == 422
    done = vera.post(f"{LIST}{acme.pk}/own-rate/", {"reason": "Their number is valid"}, follow=True)
    assert "From the next charge on the table of rates decides." in text(done)
    assert Subscription.objects.get().tax_percent is None
    entry = Activity.objects.get(verb="own_tax_rate_ended")
    assert (entry.by_staff, entry.before, entry.reason) == (
        True,
        {"own_tax_rate": "10"},
        "Their number is valid",
    )
    read = text(open_as("olivia", "/a/acme/activity/"))
    assert "The account’s own tax rate ended: its country decides" in read
    assert "Their number is valid" in read
    # What was paid keeps its rate: 10 × 1.00 × 12 at 10 %.
    assert "VAT due by you" in text(open_as("olivia", "/a/acme/billing/subscription/"))
    again = vera.post(f"{LIST}{acme.pk}/own-rate/", {"reason": "Once more"}, follow=True)
    assert "This account has no tax rate of its own." in text(again)
    assert Activity.objects.filter(verb="own_tax_rate_ended").count() == 1


def test_nobody_else_ends_it(acme: Account, client: Client) -> None:
    address = f"{LIST}{acme.pk}/own-rate/"
    assert signed_in(people.user("olivia")).post(address, {"reason": "Mine"}).status_code == 404
    assert client.post(address, {"reason": "Mine"}).status_code == 302
    assert Subscription.objects.get().tax_percent == 10
    assert signed_in(people.vera()).get(f"{LIST}{acme.pk + 1000}/own-rate/").status_code == 404
