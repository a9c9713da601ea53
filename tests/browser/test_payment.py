"""Olivia enters a card on the provider's page, and comes back from her bank without a button more."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from billing import quotes
from billing.models import PaymentMethod
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.console.reading import JULY_14, acme_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_olivia_enters_a_card_and_confirms_with_her_bank(
    live_server: LiveServer, page: Page, be: Callable[[User], None], barriers: Callable[[Page], list[str]],
    complaints: list[str],
) -> None:  # fmt: skip
    """Seen to fail without static/js/go-on.js: she stayed on the page that asks to see how it went."""
    account, olivia = acme_at(), people.user("olivia")
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    be(olivia)
    main = page.get_by_role("main")
    page.goto(f"{live_server.url}/a/acme/billing/payment/")
    page.get_by_role("button", name="Enter a payment method").click()
    page.get_by_label("Asks the customer to confirm").click()
    page.get_by_role("button", name="Use this method").click()
    expect(main).to_contain_text("Pay for Acme with this from now on?")
    assert barriers(page) == []
    assert not PaymentMethod.objects.exists()
    page.get_by_role("button", name="Use this payment method").click()
    expect(main).to_contain_text("From now on Visa 3155 is charged.")

    with acting.at(JULY_14):
        quote = quotes.draw_up(
            account, [AddSeats("support", 11)], occasion=acting.occasion(by=olivia, on=JULY_14.date())
        )
    page.goto(f"{live_server.url}/a/acme/billing/quotes/{quote.pk}/")
    page.get_by_role("button", name="Confirm and pay $3.45").click()
    page.get_by_role("link", name="Confirm the payment").click()
    page.locator("[value=approve]").click()
    expect(main).to_contain_text("Receipt")
    assert complaints == []
