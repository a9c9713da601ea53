"""Who sells and who buys: frozen as JSON and read again, and by when a document is to be paid."""

import json
from datetime import date

import pytest

from accounts.rules.capabilities import CollectionMethod
from billing.rules.parties import (
    Address,
    BankAccount,
    Buyer,
    Seller,
    TaxId,
    TaxIdKind,
    TermsOfService,
    VatRegime,
    buyer_from_plain,
    due_on,
    seller_from_plain,
    to_plain,
)

TOKYO = Address("JP", ("千代田1-1", "3階"), region="東京都", postal_code="100-0001")
BERLIN = Address("DE", ("Unter den Linden 1",), "Berlin", postal_code="10117")
VAT = TaxId(TaxIdKind.VAT, "DE", "136695976")
CHARGED, SENT = CollectionMethod


@pytest.mark.parametrize(
    "buyer", [Buyer("Acme"), Buyer("電気株式会社", TOKYO, BERLIN, VAT, "billing@denki.example")]
)
def test_a_buyer_is_read_as_it_was_frozen(buyer: Buyer) -> None:
    assert buyer_from_plain(json.loads(json.dumps(to_plain(buyer)))) == buyer


@pytest.mark.parametrize(
    "seller",
    [
        Seller("Northwind"),
        Seller(
            "Northwind SAS",
            BERLIN,
            "RCS Toulouse",
            "999888779",
            "SAS au capital de 10 000 €",
            (VAT,),
            BankAccount("FR1420041010050500013M02606", "PSSTFRPPTOU"),
            VatRegime.ON_PAYMENT,
            14,
            "billing@vendor.example",
            TermsOfService("https://vendor.example/terms", "3"),
            "logo.svg",
            "#17494d",
        ),
    ],
)
def test_a_seller_is_read_as_it_was_frozen(seller: Seller) -> None:
    assert seller_from_plain(json.loads(json.dumps(to_plain(seller)))) == seller


def test_what_an_older_document_does_not_name_is_empty() -> None:
    plain = {"name": "Acme", "sold_to": {"country": "DE"}, "tax_id": None}
    assert buyer_from_plain(plain) == Buyer("Acme", Address("DE"))


def test_documents_of_before_have_no_parties() -> None:
    assert buyer_from_plain({}) is None
    assert seller_from_plain({}) is None


def test_what_a_later_version_keeps_of_a_seller_is_left_out() -> None:
    assert seller_from_plain({"name": "Northwind", "motto": "Per ardua"}) == Seller("Northwind")


def test_a_document_is_sent_to_the_address_it_is_sold_to_unless_there_is_another() -> None:
    assert Buyer("Acme").invoiced_at is None
    assert Buyer("Acme", TOKYO).invoiced_at == TOKYO
    assert Buyer("Acme", TOKYO, BERLIN).invoiced_at == BERLIN


def test_by_when_a_document_is_to_be_paid() -> None:
    """Issued on 31 January: charged at once; by invoice after 30 days, 2 March; nothing due, no day."""
    issued = date(2023, 1, 31)
    assert due_on(issued, 345, collects=CHARGED, payment_days=30) == issued
    assert due_on(issued, 345, collects=SENT, payment_days=30) == date(2023, 3, 2)
    assert due_on(issued, 345, collects=SENT, payment_days=0) == issued
    assert due_on(issued, 0, collects=SENT, payment_days=30) is None
    assert due_on(issued, 1, collects=SENT, payment_days=0) == issued, "a cent is due"


@pytest.mark.parametrize(
    ("tax_id", "written"),
    [
        (VAT, "DE136695976"),
        (TaxId(TaxIdKind.VAT, "GR", "094259216"), "EL094259216"),
        # Monaco's VAT is France's.
        (TaxId(TaxIdKind.VAT, "MC", "53000004605"), "FR53000004605"),
        (TaxId(TaxIdKind.VAT, "GB", "980780684"), "GB980780684"),
        (TaxId(TaxIdKind.VAT, "JP", "5835678256246"), "T5835678256246"),
        (TaxId(TaxIdKind.VAT, "CA", "123026635RT0001"), "123026635RT0001"),
        (TaxId(TaxIdKind.COMPANY, "FR", "999888779"), "999888779"),
        (TaxId(TaxIdKind.COMPANY, "US", "911144442"), "91-1144442"),
    ],
)
def test_a_tax_number_is_written_with_the_prefix_that_its_country_uses(tax_id: TaxId, written: str) -> None:
    assert tax_id.written == written
