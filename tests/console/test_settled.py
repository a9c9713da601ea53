"""After the fact an invoice and a receipt say how it was paid, or is being: never how it would be."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from djmoney.money import Money

from accounts.models import Account
from billing.models import (
    BankBooking,
    BankPayment,
    Charge,
    Invoice,
    InvoicePayment,
    PaymentLink,
    PaymentMethod,
    WriteOff,
)
from tests.console.reading import JULY_14, open_as, text
from tests.console.test_invoices import PAGE, bought, invoice

# The documents here stand alone, without lines and numbering.
pytestmark = [pytest.mark.django_db, pytest.mark.breaks_invariants]


@pytest.fixture
def acme() -> Account:
    """Acme in New York, with a card and an account for direct debits; it owes 60.00."""
    account = bought(timezone="America/New_York")
    for kind, brand, last_four, use in (
        ("card", "Visa", "4242", "default"),
        ("direct_debit", "SEPA", "3000", "spare"),
    ):
        PaymentMethod.objects.create(
            subscription_id=account.pk, kind=kind, brand=brand, last_four=last_four, reference=kind, use=use
        )
    invoice(
        account, "INV-000001", "60.00", payment_terms={"means": "card", "brand": "Visa", "last_four": "4242"}
    )
    return account


def charge(state: str, **fields: Any) -> Charge:
    """Let the invoice be charged in New York's late evening of 14 July."""
    found = Invoice.objects.get()
    values = {"subscription_id": found.subscription_id, "invoice": found, "amount": found.due, "state": state}
    return Charge.objects.create(**{"created_at": JULY_14, "method": "card", **values, **fields})


def pay(charge: Charge | None) -> None:
    InvoicePayment.objects.create(
        invoice=Invoice.objects.get(), charge=charge, paid_at=datetime(2023, 7, 15, 2, tzinfo=UTC)
    )


def shown(language: str = "en") -> str:
    return text(open_as("olivia", f"{PAGE}INV-000001/", language))


def test_what_is_open_says_how_it_will_be_paid(acme: Account) -> None:
    assert "To be paid $60.00 It is charged to Visa 4242." in shown()


def test_a_card_is_named_with_the_day_of_the_account(acme: Account) -> None:
    pay(charge("succeeded"))
    # At two in the morning of the 15th in UTC, which is the 14th in New York.
    assert "Paid $60.00 Paid by Visa 4242 on 14 July 2023." in shown()
    assert "It is charged to" not in shown()
    assert "Paiement par Visa 4242 le 14 juillet 2023." in shown("fr")


def test_another_method_than_the_one_of_then_is_named(acme: Account) -> None:
    pay(charge("succeeded", method="direct_debit"))
    assert "Paid by SEPA 3000 on 14 July 2023." in shown()


def test_one_that_is_no_longer_on_file_is_not_guessed(acme: Account) -> None:
    pay(charge("succeeded", method="gone"))
    assert "Paid $60.00 Paid on 14 July 2023." in shown()


def test_a_direct_debit_is_being_collected(acme: Account) -> None:
    charge("processing", method="direct_debit")
    assert "Being collected $60.00 It is being collected by SEPA 3000: the bank takes some days." in shown()


def test_a_link_and_a_transfer_are_named(acme: Account) -> None:
    found = Invoice.objects.get()
    link = PaymentLink.objects.create(invoice=found, token_hash="x", created_at=JULY_14, expires_at=JULY_14)
    by_link = charge("succeeded", link=link, method="someone")
    pay(by_link)
    assert "Paid by the link in an e-mail on 14 July 2023." in shown()
    InvoicePayment.objects.update(charge=None)
    transfer = BankPayment.objects.create(
        bank_id="B-1", received_on=date(2023, 7, 14), amount=Money("60", "USD"), loaded_at=JULY_14
    )
    BankBooking.objects.create(payment=transfer, invoice=found, amount=found.due, booked_at=JULY_14)
    assert "Paid $60.00 Paid by transfer on 14 July 2023." in shown()


def test_what_was_written_off_or_set_off_was_not_paid(acme: Account) -> None:
    found = Invoice.objects.get()
    off = WriteOff.objects.create(
        invoice=found, amount=found.due, written_off_by_name="Vera", written_off_at=JULY_14
    )
    InvoicePayment.objects.create(invoice=found, write_off=off, paid_at=JULY_14)
    assert "What was left was written off on 14 July 2023." in shown()
    InvoicePayment.objects.update(write_off=None, from_balance=True)
    assert "What was left was set off against a credit note on 14 July 2023." in shown()
    assert "Paid on 14 July" not in shown()


def test_a_total_that_was_not_all_charged_says_what_came_from_the_balance(acme: Account) -> None:
    invoice(acme, "INV-000002", "60.00", due="45.00")
    assert "$60.00 $15.00 from the credit balance" in text(open_as("olivia", PAGE))
    page = text(open_as("olivia", f"{PAGE}INV-000002/"))
    assert "Total $60.00 From the credit balance −$15.00 To be paid $45.00" in page


def test_a_decline_leaves_it_open(acme: Account) -> None:
    charge("failed", failure="declined")
    assert "To be paid $60.00" in shown()
