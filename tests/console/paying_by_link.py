"""An open invoice of Acme, the link that pays it, and what its holder does with it in a browser."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts import mail
from accounts.models import Account, Letter
from billing import cancellation, quotes
from billing.models import (
    Charge,
    Invoice,
    PaymentLink,
    SandboxPayment,
)
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.console.changing import pay_by_card
from tests.console.reading import JULY_14, acme_at, signed_in, text

# The provider is never asked inside a transaction.
paying = pytest.mark.django_db(transaction=True)
TODAY = JULY_14.date()
BACK = "/pay/back/"


@pytest.fixture
def debtor(db: None) -> Account:
    """Acme, which pays by bank transfer: one seat more was bought on 14 July 2023, its invoice is open."""
    account = acme_at(collection_method="send_invoice")
    shop.subscribe(
        account,
        {"support": ("team", 10, "1.00")},
        start=date(2022, 10, 27),
        tax_percent=Decimal(20),
    )
    add_a_seat(account, 11)
    return account


def add_a_seat(account: Account, seats: int) -> Invoice:
    with acting.at(JULY_14):
        owner = account.memberships.get(role="owner").user
        quote = quotes.draw_up(
            account, [AddSeats("support", seats)], occasion=acting.occasion(by=owner, on=TODAY)
        )
        quotes.confirm(quote.pk, occasion=acting.occasion(by=owner, on=TODAY))
    return Invoice.objects.latest("pk")


def cancel(account: Account) -> None:
    """Olivia cancels at once."""
    with acting.at(JULY_14):
        mark = cancellation.consequences(account, TODAY).mark
        by = people.user("olivia")
        cancellation.cancel_now(
            account, mark=mark, reason="other", text="", occasion=acting.occasion(by=by, on=TODAY)
        )
    account.refresh_from_db()


def letter() -> Letter:
    return Letter.objects.get(kind="invoice_payable")


def address(one: Letter | None = None) -> str:
    """Return the address in a letter that waits."""
    found = re.search(r"https?://\S+/pay/\S+", str(mail.message(one or letter()).body))
    assert found
    return urlsplit(found[0]).path


@pytest.fixture
def link(debtor: Account) -> str:
    """The address of the link that Olivia was sent when she cancelled Acme."""
    cancel(debtor)
    return address()


def enter(client: Client, link: str, reference: str = "test_approves") -> str:
    """Choose how to pay, enter a method at the provider, and return the way back."""
    away = client.post(link)
    assert away.status_code == 302, text(away)
    assert away.headers["Location"].startswith("/sandbox-provider/method/")
    back = client.post(away.headers["Location"], {"method": reference}).headers["Location"]
    return back.removeprefix("http://testserver")


def press(client: Client, back: str, act: str = "pay", **options: Any) -> Any:
    """Press a button of the page behind the way back."""
    return client.post(BACK, {"state": back.split("?state=")[1].split("&")[0], "act": act}, **options)


def pay(client: Client, link: str, reference: str = "test_approves") -> str:
    """Pay by the link; return what the page then says."""
    return text(press(client, enter(client, link, reference), follow=True))


def paid() -> int:
    """Return how many payments the provider took and kept, in its own books."""
    return SandboxPayment.objects.filter(status="succeeded", refunded=0).count()


def at(moment: datetime) -> None:
    Account.objects.update(clock=moment)


def charge_automatically(account: Account, reference: str) -> None:
    """Let an account pay by one of the sandbox's test cards."""
    Account.objects.filter(pk=account.pk).update(collection_method="charge_automatically")
    pay_by_card(account, reference)


def sent_by_vera(debtor: Account) -> str:
    """Vera sends a link to Acme's bookkeepers, who have no account; return its address."""
    vera = signed_in(people.vera())
    invoice = Invoice.objects.get(number="INV-000001")
    fields = {"email": "books@keepers.example", "reason": "They pay for Acme"}
    done = vera.post(f"/vendor/billing/invoice/{invoice.pk}/link/", fields, follow=True)
    assert "The link is on its way to books@keepers.example." in text(done)
    return address()


def decline(times: int) -> None:
    """Let so many tries by the only link be declined, past all verbs."""
    found = PaymentLink.objects.select_related("invoice").get()
    Charge.objects.bulk_create(
        Charge(
            subscription_id=found.invoice.subscription_id, invoice=found.invoice, link=found,
            amount=found.invoice.due, method="testdeclines", state="failed", failure="declined",
            created_at=JULY_14, settled_at=JULY_14,
        )
        for _time in range(times)
    )  # fmt: skip
