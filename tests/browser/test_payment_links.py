"""Whoever has the link pays: in a real browser, which sends no referrer and names no origin from there."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Letter
from billing import payment_links, quotes
from billing.models import Charge, Invoice
from billing.rules.changes import AddSeats
from tests import acting, people, shop
from tests.console.reading import JULY_14, acme_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def link() -> str:
    """The address of a link to pay Acme's open invoice, which Vera sent."""
    account, olivia, on = acme_at(collection_method="send_invoice"), people.user("olivia"), JULY_14.date()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    with acting.at(JULY_14):
        quote = quotes.draw_up(account, [AddSeats("support", 11)], occasion=acting.occasion(by=olivia, on=on))
        quotes.confirm(quote.pk, occasion=acting.occasion(by=olivia, on=on))
        invoice = Invoice.objects.get()
        payment_links.send(
            invoice.pk, "books@keepers.example", reason="They pay", occasion=acting.occasion(by=people.vera())
        )
    return f"/pay/{Letter.objects.get(kind='invoice_payable').facts['token']}/"


@pytest.mark.parametrize("width", [1280, 390])
def test_a_stranger_pays_with_and_without_their_bank(
    live_server: LiveServer, page: Page, link: str, barriers: Callable[[Page], list[str]],
    complaints: list[str], width: int,
) -> None:  # fmt: skip
    """Seen to fail with the page's own check of forged forms: `Origin: null` was refused."""
    sent: list[dict[str, str]] = []
    page.on("request", lambda request: sent.append(request.all_headers()))
    page.set_viewport_size({"width": width, "height": 844})
    main = page.get_by_role("main")
    page.goto(f"{live_server.url}{link}")
    expect(main).to_contain_text("Pay invoice INV-000001")
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Choose how to pay").click()
    page.get_by_label("Is declined without a reason").click()
    page.get_by_role("button", name="Use this method").click()
    expect(main).to_contain_text("Pay with this?")
    assert barriers(page) == []
    page.get_by_role("button", name="Pay $3.45").click()
    expect(main).to_contain_text("Nothing was charged.")
    assert barriers(page) == []
    page.get_by_role("button", name="Choose how to pay").click()
    page.get_by_label("Asks the customer to confirm").click()
    page.get_by_role("button", name="Use this method").click()
    page.get_by_role("button", name="Pay $3.45").click()
    page.locator("[value=approve]").click()
    expect(main).to_contain_text("Invoice INV-000001 is paid")
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert Charge.objects.filter(state="succeeded").count() == 1
    # The token went into no header of any request, and into no address but its own.
    token = link.split("/")[2]
    assert not any(token in headers.get("referer", "") for headers in sent)
    page.goto(f"{live_server.url}{link}")
    expect(main).to_contain_text("This invoice is paid")
    assert complaints == []
