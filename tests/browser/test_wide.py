"""One product among 500, found by searching and bought: live and by keyboard, and without any script."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from billing.models import Line
from tests import people, shop, wide
from tests.console.changing import MANAGE, pay_by_card
from tests.console.reading import acme_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def url(live_server: LiveServer, transactional_db: None) -> str:
    """Serve Acme with ten seats of one product of 500, 105 of 365 days before the end of their year."""
    account = acme_at()
    wide.catalogue(500)
    shop.subscribe(account, {"p0": ("basic", 10, "10.00")}, start=date(2022, 10, 27), slug="wide")
    pay_by_card(account)
    return live_server.url


def test_olivia_finds_a_product_among_500_and_buys_it(
    url: str,
    page: Page,
    be: Callable[[User], None],
    barriers: Callable[[Page], list[str]],
    complaints: list[str],
) -> None:
    be(people.user("olivia"))
    page.goto(url + MANAGE)
    found = page.locator("#products").get_by_role("group").filter(has=page.get_by_role("heading"))
    expect(found).to_have_count(0)
    page.get_by_label("Seats – Product 000").fill("11")
    search = page.get_by_label("Search products")
    search.press_sequentially("321 product")
    expect(found).to_have_count(1)
    expect(page.locator("#said")).to_contain_text("Products 1 to 1 of 1.")
    # Typing goes on, and what was typed elsewhere stays.
    expect(search).to_be_focused()
    expect(page.get_by_label("Seats – Product 000")).to_have_value("11")
    page.get_by_label("Seats – Product 321").fill("3")
    # 11 × 120 × 105/365 − 10 × 120 × 105/365 = 379.73 − 345.21, and 3 × 120 × 105/365 = 103.56
    expect(page.locator("#panel")).to_contain_text("$138.08")
    assert barriers(page) == []
    # Chosen, it stays while another is looked for: 040 to 440, 400 to 409, and itself.
    search.fill("product 40")
    expect(found).to_have_count(16)
    expect(page.get_by_label("Seats – Product 321")).to_have_value("3")
    # Enter in a field leads to the review, and opens no section.
    page.get_by_label("Seats – Product 321").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review and confirm")
    page.get_by_role("button", name="Confirm and pay $138.08").click()
    expect(page.get_by_role("main")).to_contain_text("$138.08 was paid")
    bought = Line.objects.filter(ended_on=None).values_list("product__key", "quantity")
    assert set(bought) == {("p0", 11), ("p321", 3)}
    # An amount that was asked for while the products changed finds fewer places for its notes: htmx says so.
    assert [one for one in complaints if "oobErrorNoTarget" not in one] == []


def test_without_script_the_search_answers_with_the_next_page(
    url: str, browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(url + MANAGE)
    page.fill("input[name=login]", "olivia@acme.example")
    page.fill("input[name=password]", people.PASSWORD)
    page.click("main button[type=submit]")
    page.get_by_label("Seats – Product 000").fill("11")
    page.get_by_label("Search products").fill("product 321")
    # Enter does what the button does.
    page.get_by_label("Search products").press("Enter")
    expect(page.get_by_role("main")).to_contain_text("Products 1 to 1 of 1.")
    expect(page.get_by_label("Seats – Product 000")).to_have_value("11")
    page.get_by_label("Seats – Product 321").fill("3")
    page.get_by_label("Search products").fill("nothing is called so")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_label("Seats – Product 321")).to_have_value("3")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Confirm and pay $138.08").click()
    expect(page.get_by_role("main")).to_contain_text("$138.08 was paid")
    context.close()
