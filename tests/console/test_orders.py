"""What is said with an order: its number, the terms that are accepted, and what its invoice would lack."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Account
from billing.models import Invoice, PaymentMethod, Quote
from billing.rules.parties import TermsOfService
from tests import people, shop
from tests.console.changing import review, wish
from tests.console.reading import acme_at, open_as, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)


def posted(client: Client, address: str, **changed: str) -> Any:
    """Confirm as the page does, with some of its fields changed."""
    form = client.get(address).context["order"]
    given = {name: form[name].value() for name in ("purchase_order", "terms_version")}
    return client.post(address, given | changed, follow=True)


def test_an_order_has_its_own_number_and_keeps_the_terms(ledger: Account, olivia: Client) -> None:
    """The profile's number is proposed; what is typed instead stands on this order's invoice alone."""
    shop.profile(ledger, purchase_order="PO-7")
    address = review(olivia, wish(seats_support=11))
    assert 'value="PO-7"' in olivia.get(address).content.decode()
    receipt = text(posted(olivia, address, purchase_order=" PO-8 "))
    assert "Purchase order number PO-8" in receipt
    assert "Terms of service Version 2026-09" in receipt
    quote = Quote.objects.get(state="confirmed")
    assert (quote.purchase_order, quote.terms_version) == ("PO-8", "2026-09")
    assert quote.terms_url == "https://vendor.example/terms"
    assert Invoice.objects.get().purchase_order == "PO-8"
    posted(olivia, review(olivia, wish(seats_support=12)))
    assert Invoice.objects.latest("pk").purchase_order == "PO-7"


def test_other_terms_are_read_before_they_are_accepted(olivia: Client, settings: Any) -> None:
    """The vendor publishes new terms meanwhile: nothing is made, and what was typed stays."""
    address = review(olivia, wish(seats_support=11))
    shown = olivia.get(address).context["order"]["terms_version"].value()
    settings.SELLER = replace(settings.SELLER, terms=TermsOfService("https://vendor.example/new", "2027-01"))
    refused = olivia.post(address, {"terms_version": shown, "purchase_order": "PO-8"})
    assert refused.status_code == 422
    seen = text(refused)
    assert "The terms of service changed since you opened this page: read them, then confirm." in seen
    assert "version 2027-01" in seen
    assert 'value="PO-8"' in refused.content.decode()
    assert not Invoice.objects.exists()
    posted(olivia, address, purchase_order="PO-8")
    assert Quote.objects.get(state="confirmed").terms_version == "2027-01"


@pytest.mark.parametrize(
    ("number", "told"),
    [("x" * 61, "at most 60 characters"), ("PO\r\nBcc: x@example.com", "can’t be shown here")],
)
def test_a_number_that_no_invoice_can_bear_is_refused_at_its_field(
    olivia: Client, number: str, told: str
) -> None:
    address = review(olivia, wish(seats_support=11))
    refused = posted(olivia, address, purchase_order=number)
    assert refused.status_code == 422
    assert told in text(refused)
    assert not Invoice.objects.exists()


def test_what_was_typed_stays_when_the_quote_changes_or_a_method_is_missing(
    ledger: Account, olivia: Client
) -> None:
    address = review(olivia, wish(seats_support=14))
    bilal = signed_in(people.user("bilal"))
    bilal.post(review(bilal, wish(seats_support=12)))
    changed = posted(olivia, address, purchase_order="PO-8")
    assert 'value="PO-8"' in changed.content.decode()
    PaymentMethod.objects.filter(subscription_id=ledger.pk).delete()
    again = changed.redirect_chain[-1][0].split("?")[0]
    mark = olivia.get(again).content.decode().split('name="typed_by" value="')[1].split('"')[0]
    to_payment = posted(olivia, again, purchase_order="PO-9", typed_by=mark)
    assert "enter a payment method first" in text(to_payment)
    back = olivia.get(again)
    assert "Here is what you typed" in text(back)
    assert 'value="PO-9"' in back.content.decode()


def test_what_an_invoice_would_lack_is_said_with_the_way_there_or_who_can(
    ledger: Account, olivia: Client
) -> None:
    address = review(olivia, wish(seats_support=11))
    for page in (address, "/a/acme/"):
        seen = olivia.get(page)
        assert "Your company’s address is missing" in text(seen)
        assert "An invoice without it would be sent back by your accountants." in text(seen)
        assert 'href="/a/acme/billing/profile/"' in seen.content.decode()
    bilal = signed_in(people.user("bilal"))
    for page in (review(bilal, wish(seats_support=11)), "/a/acme/"):
        seen = text(bilal.get(page))
        assert "Your company’s address is missing" in seen
        assert "Only the account owner can change the payment details." in seen
    # Who may not see payment details is not told of them.
    assert "address is missing" not in text(open_as("adam", "/a/acme/"))
    shop.profile(ledger)
    for page in (address, "/a/acme/", "/a/acme/billing/profile/"):
        assert "is missing" not in text(olivia.get(page))


@pytest.mark.parametrize(
    ("country", "told"),
    [
        ("FR", "Your company’s SIREN or VAT number is missing"),
        ("DE", "Without it, invoices bear the VAT of the seller’s country: France."),
    ],
)
def test_a_number_is_asked_for_where_the_law_does(
    ledger: Account, olivia: Client, country: str, told: str
) -> None:
    """The tests' seller is French."""
    assert settings.SELLER.address.country == "FR"
    shop.profile(ledger, country=country)
    assert told in text(olivia.get("/a/acme/"))
    assert told in text(olivia.get("/a/acme/billing/profile/"))


def test_where_costs_are_not_shown_an_order_has_its_number_too(db: None) -> None:
    """The profile is the vendor's staff's there: nothing is said of it."""
    account = acme_at(type="assisted")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    shop.profile(account, purchase_order="PO-7", legal_name="Secret of staff")
    olivia = signed_in(people.user("olivia"))
    address = review(olivia, wish(seats_support=11))
    page = olivia.get(address).content.decode()
    assert "PO-7" not in page
    posted(olivia, address, purchase_order="PO-8")
    assert Invoice.objects.get().purchase_order == "PO-8"
