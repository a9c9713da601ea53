"""The list of invoices: newest first, what for, whether paid; closed where the vendor handles them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from djmoney.money import Money

from accounts.models import Account
from accounts.rules.capabilities import AccountType
from billing.models import Invoice, InvoicePayment
from tests import people, shop
from tests.console.reading import JULY_14, acme_at, open_as, signed_in, text

PAGE = "/a/acme/billing/invoices/"


def invoice(account: Account, number: str, total: str, *, due: str | None = None, **fields: Any) -> Invoice:
    """Issue an invoice without tax; what is not due was paid from the balance."""
    amount, left = Money(total, "USD"), Money(total if due is None else due, "USD")
    nothing = Money(0, "USD")
    values = {
        "kind": "invoice" if amount.amount >= 0 else "credit_note",
        "reason": "change",
        "issued_on": date(2023, 7, 14),
        "issued_at": JULY_14,
        "currency": "USD",
        "language": "en",
        "account_name": account.name,
        "vendor_name": "Shop",
        "subtotal": amount,
        "tax": nothing,
        "total": amount,
        "prepaid": amount - left if amount.amount >= 0 else nothing,
        "carried_over": nothing,
        "due": left if amount.amount >= 0 else nothing,
    }
    return Invoice.objects.create(number=number, subscription_id=account.pk, **values | fields)


def bought(**fields: Any) -> Account:
    account = acme_at(**fields)
    shop.subscribe(account, {"support": ("team", 5, "12")}, start=date(2023, 7, 1))
    return account


# The documents here stand alone, without lines and numbering.
pytestmark = pytest.mark.breaks_invariants


def test_each_says_what_it_is_for_by_whom_and_whether_it_is_paid(db: None) -> None:
    account = bought()
    invoice(account, "INV-000001", "120.00", caused_by="Bilal Brahimi")
    paid = invoice(account, "INV-000002", "60.00", reason="renewal", period_start=date(2023, 7, 1))
    InvoicePayment.objects.create(invoice=paid, paid_at=datetime(2023, 7, 15, tzinfo=UTC))
    invoice(account, "INV-000003", "10.00", due="0")
    invoice(account, "CN-000001", "-5.00")
    seen = text(open_as("bilal", PAGE))
    assert "INV-000001 14 July 2023 Change by Bilal Brahimi Open $120.00" in seen
    assert "INV-000002 14 July 2023 Renewal Paid $60.00" in seen
    assert "INV-000003 14 July 2023 Change Paid $10.00" in seen
    assert "CN-000001 Credit note 14 July 2023 Change Credited −$5.00" in seen


def test_a_small_amount_says_that_it_was_carried_over(db: None) -> None:
    invoice(
        bought(), "INV-000001", "0.30", due="0", prepaid=Money(0, "USD"), carried_over=Money("0.30", "USD")
    )
    assert "Carried over $0.30" in text(open_as("olivia", PAGE))


def test_the_newest_comes_first_page_by_page(db: None) -> None:
    account = bought()
    for number in range(60):
        invoice(account, f"INV-{number:06}", "1.00", issued_at=JULY_14 + timedelta(days=number))
    olivia = signed_in(people.user("olivia"))
    first = olivia.get(PAGE).context["listed"]
    second = olivia.get(PAGE + first.next).context["listed"]
    numbers = [one.number for one in [*first.rows, *second.rows]]
    assert numbers == [f"INV-{number:06}" for number in reversed(range(60))]


def test_without_any_the_page_says_when_the_first_comes(db: None) -> None:
    acme_at()
    assert "No invoice yet" in text(open_as("olivia", PAGE))


def test_admins_strangers_and_managed_accounts_do_not_get_in(db: None) -> None:
    account = bought()
    invoice(account, "INV-000001", "120.00")
    people.globex()
    refused = open_as("adam", PAGE)
    assert refused.status_code == 403
    assert "Only the account owner and billing admins can see the invoices." in text(refused)
    assert signed_in(people.person("stella@globex.example", "")).get(PAGE).status_code == 404
    olivia = signed_in(people.user("olivia"))
    assert (olivia.head(PAGE).status_code, olivia.post(PAGE).status_code) == (200, 405)
    Account.objects.filter(pk=account.pk).update(type=AccountType.ASSISTED)
    response = olivia.get(PAGE)
    assert response.status_code == 403
    assert "120.00" not in response.content.decode()
