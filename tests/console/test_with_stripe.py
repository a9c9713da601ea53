"""Olivia's way with Stripe as the provider: a method entered on its page, 3-D Secure, a direct debit."""

from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts.models import Account
from billing import renewal
from billing.models import (
    Charge,
    InvoicePayment,
    PaymentMethod,
    PaymentSetup,
    SandboxPayment,
    SandboxSetup,
)
from billing.provider.base import Setup
from tests import acting, people, shop
from tests.billing.provider_benches import StripeBench
from tests.console.reading import JULY_14, acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
INVOICE = "/a/acme/billing/invoices/INV-000001/"


@pytest.fixture
def account(stripe: StripeBench) -> Account:
    """Acme, whose renewal of 120.00 EUR found no method that could be charged."""
    account = acme_at(timezone="UTC", currency="EUR")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 7, 14))
    by = {"kind": "card", "brand": "Visa", "last_four": "0002", "reference": "of_another_provider"}
    PaymentMethod.objects.create(subscription_id=account.pk, **by)
    with acting.at(JULY_14):
        renewal.renew(account.pk, occasion=acting.occasion(on=JULY_14.date(), at=JULY_14))
    return account


def enter(browser: Client, stripe: StripeBench, mode: str) -> Any:
    """Replace the method on Stripe's page; return the page on which that is told."""
    led = browser.post("/a/acme/billing/payment/replace/", {"next": ""})
    address = led.url  # type: ignore[attr-defined]
    page = PaymentSetup.objects.latest("pk").reference
    assert address == f"{stripe.stand_in.base}/page/{page}"
    stripe.enter(Setup(page, address), mode)
    back = urlsplit(stripe.stand_in.pages[page]["success_url"])
    shown = browser.get(f"{back.path}?{back.query}")
    assert shown.status_code == 200
    state = back.query.removeprefix("state=")
    return browser.post(back.path, {"state": state}, follow=True)


def test_another_providers_method_is_a_decline_with_a_way_out(account: Account) -> None:
    page = signed_in(people.user("olivia")).get(INVOICE)
    assert "The payment provider no longer knows this payment method. Enter one again." in text(page)


def test_a_card_is_entered_there_and_confirmed_with_its_bank(account: Account, stripe: StripeBench) -> None:
    olivia = signed_in(people.user("olivia"))
    seen = text(enter(olivia, stripe, "asks, and the bank agrees"))
    assert "From now on Visa 3155 is charged." in seen
    assert "Visa" in seen
    assert "3155" in seen
    led = olivia.post(f"{INVOICE}pay/")
    assert led.url.startswith(f"{stripe.stand_in.base}/bank/pi_")  # type: ignore[attr-defined]
    # Where Stripe leads the customer afterwards.
    [back] = stripe.stand_in.return_urls.values()
    assert urlsplit(back).path == f"{INVOICE}return/"
    stripe.banks_answer(agree=True)
    assert "data-go-on" in olivia.get(f"{INVOICE}return/").content.decode()
    assert "Paid. Thank you." in text(olivia.post(f"{INVOICE}return/", follow=True))
    assert stripe.kept() == 12000
    assert InvoicePayment.objects.get().charge.amount.amount == 120  # type: ignore[union-attr]


def test_a_direct_debit_is_collected_in_days(account: Account, stripe: StripeBench) -> None:
    olivia = signed_in(people.user("olivia"))
    assert "SEPA" in text(enter(olivia, stripe, "debit, later paid"))
    seen = text(olivia.post(f"{INVOICE}pay/", follow=True))
    assert "The direct debit is on its way" in seen
    assert Charge.objects.filter(state=Charge.State.PROCESSING).count() == 1
    # Who presses a button of before is told, and nothing is charged a second time.
    assert "a payment is on its way" in text(olivia.post(f"{INVOICE}pay/", follow=True))
    stripe.banks_answer(agree=True)
    olivia.post(f"{INVOICE}return/")
    assert "Paid" in text(olivia.get(INVOICE))
    assert stripe.kept() == 12000


def test_the_sandboxs_pages_are_nobodys_where_stripe_is_the_provider(account: Account) -> None:
    """Where they were not, any customer paid with a test card."""
    setup = SandboxSetup.objects.create(token="left-over", return_url="/a/acme/")
    payment = SandboxPayment.objects.create(
        key="1", method="test_asks_3ds", amount=1, currency="EUR", status="action", token="left-over"
    )
    olivia = signed_in(people.user("olivia"))
    for address in ("/sandbox-provider/method/left-over/", "/sandbox-provider/pay/left-over/"):
        assert olivia.get(address).status_code == 404
        assert olivia.post(address, {"method": "test_approves", "answer": "approve"}).status_code == 404
    setup.refresh_from_db()
    payment.refresh_from_db()
    assert (setup.method, payment.status) == ("", "action")
