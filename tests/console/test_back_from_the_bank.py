"""Who comes back from their bank sees at once how it went: a change, an invoice, a payment by link.

The sandbox's bank asks for a confirmation (3-D Secure); before, an invoice said so up to 90 seconds later.
"""

from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts.models import Account
from billing import quotes, renewal
from billing.models import Charge, Invoice, InvoicePayment, PaymentMethod, SandboxPayment
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.console.reading import JULY_14, acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
INVOICE = "/a/acme/billing/invoices/INV-000001/"


def by(account: Account, reference: str, kind: str = "card") -> None:
    kept = {"kind": kind, "brand": "Visa", "last_four": "3155", "reference": reference}
    PaymentMethod.objects.update_or_create(subscription_id=account.pk, defaults=kept)


@pytest.fixture
def owing() -> Account:
    """Acme, whose renewal of 120.00 was declined; its card now asks for a confirmation."""
    account = acme_at(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 7, 14))
    by(account, "test_declines")
    with acting.at(JULY_14):
        renewal.renew(account.pk, occasion=acting.occasion(on=JULY_14.date(), at=JULY_14))
    by(account, "test_asks_3ds")
    return account


def at_the_bank(browser: Client, answer: str) -> str:
    """Answer the bank; return where it leads back to."""
    token = SandboxPayment.objects.get(status="action").token
    back = browser.post(f"/sandbox-provider/pay/{token}/", {"answer": answer})
    parts = urlsplit(back.url)  # type: ignore[attr-defined]
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def come_back(browser: Client, where: str) -> Any:
    """Follow the way back, and the form on it that sends itself."""
    page = browser.get(where)
    assert "data-go-on" in page.content.decode()
    return browser.post(where, follow=True)


@pytest.mark.parametrize(("answer", "said"), [("approve", "Paid. Thank you."), ("refuse", "was declined")])
def test_the_page_of_an_invoice_knows_at_once(owing: Account, answer: str, said: str) -> None:
    olivia = signed_in(people.user("olivia"))
    led = olivia.post(f"{INVOICE}pay/")
    assert "/sandbox-provider/pay/" in led.url  # type: ignore[attr-defined]
    where = at_the_bank(olivia, answer)
    assert where == f"{INVOICE}return/"
    page = come_back(olivia, where)
    assert page.redirect_chain == [(INVOICE, 302)]
    assert said in text(page)
    assert InvoicePayment.objects.exists() is (answer == "approve")
    # A second time, or where the worker was faster: the same page, nothing to send.
    again = olivia.get(where, follow=True)
    assert again.redirect_chain == [(INVOICE, 302)]
    assert said in text(again)


def test_who_comes_back_without_an_answer_is_told(owing: Account) -> None:
    olivia = signed_in(people.user("olivia"))
    olivia.post(f"{INVOICE}pay/")
    page = come_back(olivia, f"{INVOICE}return/")
    assert "The payment is not confirmed with the bank yet." in text(page)
    assert "Confirm the payment" in text(page)
    assert Charge.objects.filter(state="action").count() == 1


def test_a_change_knows_at_once(db: None) -> None:
    account = acme_at(timezone="UTC")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    by(account, "test_asks_3ds")
    olivia = signed_in(people.user("olivia"))
    with acting.at(JULY_14):
        quote = quotes.draw_up(
            account,
            [AddSeats("support", 11)],
            occasion=acting.occasion(by=people.user("olivia"), on=JULY_14.date()),
        )
    olivia.post(f"/a/acme/billing/quotes/{quote.pk}/")
    page = come_back(olivia, at_the_bank(olivia, "approve"))
    assert "Receipt" in text(page)
    assert Invoice.objects.get().payment


def test_a_direct_debit_that_is_on_its_way_is_said_to_be(owing: Account) -> None:
    """It is neither paid nor to be paid: nobody is asked to pay it twice."""
    by(owing, "test_debit_later", "direct_debit")
    olivia = signed_in(people.user("olivia"))
    page = olivia.post(f"{INVOICE}pay/", follow=True)
    seen = text(page)
    assert "The direct debit is on its way: the bank collects it within some days." in seen
    assert "Being collected" in seen
    assert "invoice_pay" not in page.content.decode()
    assert f'action="{INVOICE}pay/"' not in page.content.decode()
    assert "Being collected" in text(olivia.get("/a/acme/billing/invoices/"))
    olivia.post(f"{INVOICE}return/")
    assert "Paid" in text(olivia.get(INVOICE))
    assert InvoicePayment.objects.exists()
