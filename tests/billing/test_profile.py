"""Billing profiles: what the database refuses, and what an invoice freezes of its parties."""

from datetime import UTC, date, datetime

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError

from accounts.models import Account
from billing import quotes
from billing.models import BillingProfile, Invoice, InvoiceRecipient, PostalAddress, Quote
from billing.rules.changes import AddSeats
from billing.rules.parties import Address, Buyer, TaxId, TaxIdKind, buyer_from_plain, seller_from_plain
from billing.storage import statements
from tests import acting, people, shop

TODAY = date(2023, 7, 14)
NOON = datetime(2023, 7, 14, 12, tzinfo=UTC)


def address(account: Account, **parts: object) -> PostalAddress:
    """An address in Toulouse, unless told otherwise."""
    told = {"country": "FR", "lines": ["1 rue du Taur"], "city": "Toulouse", "postal_code": "31000"}
    return PostalAddress.objects.create(account=account, **(told | parts))


@pytest.fixture
def by_invoice(acme: Account) -> Account:
    """Acme: 10 seats at 1.00 USD, annual until 27 October 2023, paid by transfer."""
    shop.subscribe(acme, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    Account.objects.filter(pk=acme.pk).update(collection_method="send_invoice")
    return Account.objects.get(pk=acme.pk)


def one_more_seat(account: Account, to: int = 11) -> Invoice:
    """Bilal adds a seat on 14 July; the invoice."""
    bilal = people.user("bilal")
    with acting.at(NOON):
        quote = quotes.draw_up(
            account, [AddSeats("support", to)], occasion=acting.occasion(by=bilal, on=TODAY)
        )
        quotes.confirm(quote.pk, occasion=acting.occasion(by=bilal, on=TODAY))
    return Invoice.objects.latest("pk")


def test_an_invoice_freezes_both_parties_as_they_were(by_invoice: Account) -> None:
    """Issued on 14 July with 30 days to pay: due on 13 August; supplied until the term's end."""
    profile = BillingProfile.objects.create(
        account=by_invoice,
        legal_name="Acme SARL",
        sold_to=address(by_invoice),
        tax_id_kind="vat",
        tax_id_country="FR",
        tax_id_number="34999888779",
        purchase_order="PO-7",
    )
    invoice = one_more_seat(by_invoice)
    profile.legal_name = "Acme SA"
    profile.save(update_fields=["legal_name"])
    PostalAddress.objects.filter(pk=profile.sold_to_id).update(city="Paris")

    invoice.refresh_from_db()
    toulouse = Address("FR", ("1 rue du Taur",), "Toulouse", postal_code="31000")
    vat = TaxId(TaxIdKind.VAT, "FR", "34999888779")
    assert buyer_from_plain(invoice.buyer) == Buyer("Acme SARL", toulouse, None, vat, "olivia@acme.example")
    assert seller_from_plain(invoice.seller) == settings.SELLER
    assert (invoice.purchase_order, invoice.due_on) == ("PO-7", date(2023, 8, 13))
    assert (invoice.supplied_from, invoice.supplied_until) == (TODAY, date(2023, 10, 27))


def test_without_a_profile_the_buyer_is_the_account_by_name(by_invoice: Account) -> None:
    assert buyer_from_plain(one_more_seat(by_invoice).buyer) == Buyer("Acme", email="olivia@acme.example")


def test_an_order_of_its_own_number_wins_over_the_profiles(by_invoice: Account) -> None:
    BillingProfile.objects.create(account=by_invoice, purchase_order="PO-7")
    bilal = people.user("bilal")
    with acting.at(NOON):
        quote = quotes.draw_up(
            by_invoice, [AddSeats("support", 11)], occasion=acting.occasion(by=bilal, on=TODAY)
        )
        Quote.objects.filter(pk=quote.pk).update(purchase_order="PO-8")
        quotes.confirm(quote.pk, occasion=acting.occasion(by=bilal, on=TODAY))
    assert Invoice.objects.get().purchase_order == "PO-8"


def test_what_is_frozen_stays(by_invoice: Account) -> None:
    invoice = one_more_seat(by_invoice)
    for column in ("buyer", "seller", "purchase_order", "due_on"):
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            Invoice.objects.filter(pk=invoice.pk).update(**{column: getattr(invoice, column)})


def test_a_profile_has_its_own_accounts_addresses(acme: Account, globex: Account) -> None:
    """By a key of two columns, whatever the code says."""
    profile = BillingProfile.objects.create(account=acme, sold_to=address(globex))
    with pytest.raises(IntegrityError, match="sold_to_and_account"), transaction.atomic():
        statements.check_constraints_now()
    profile.delete()


@pytest.mark.parametrize(
    ("parts", "constraint"),
    [
        ({"country": "fr"}, "address_country_is_a_code"),
        ({"city": "Tou\nlouse"}, "address_texts_of_one_line"),
        ({"lines": ["1 rue\r\nBcc: x@example.com"]}, "address_lines_are_lines"),
    ],
)
def test_an_address_is_refused_by_the_database(
    acme: Account, parts: dict[str, object], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        address(acme, **parts)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"legal_name": "Acme\r\nBcc: x@example.com"}, "profile_texts_of_one_line"),
        ({"tax_id_number": "34999888779"}, "profile_tax_id_whole_or_none"),
        (
            {"tax_id_kind": "vat", "tax_id_country": "FR", "tax_id_number": "34 999"},
            "profile_tax_id_whole_or_none",
        ),
    ],
)
def test_a_profile_is_refused_by_the_database(
    acme: Account, values: dict[str, object], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        BillingProfile.objects.create(account=acme, **values)


def test_bill_to_stands_beside_sold_to(acme: Account) -> None:
    for same in (True, False):
        one = address(acme)
        with pytest.raises(IntegrityError, match="profile_bill_to"), transaction.atomic():
            BillingProfile.objects.create(account=acme, sold_to=one if same else None, bill_to=one)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"email": "Ada@acme.example"}, "recipient_email_in_lower_case"),
        ({"email": "ada@acme.example", "language": "de"}, "recipient_language_known"),
        ({"email": "ada@acme.example", "name": "Ada\nBcc: x"}, "recipient_texts_of_one_line"),
        ({"email": "acc@acme.example"}, "recipient_once"),
    ],
)
def test_a_recipient_is_refused_by_the_database(
    acme: Account, values: dict[str, object], constraint: str
) -> None:
    profile = BillingProfile.objects.create(account=acme)
    InvoiceRecipient.objects.create(profile=profile, email="acc@acme.example", language="en")
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        InvoiceRecipient.objects.create(**({"profile": profile, "language": "en"} | values))
