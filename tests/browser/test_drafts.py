"""What was typed is still there after signing in again, Back, and Undo beside it; also without script."""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Draft
from billing.models import Quote, ScheduledChange
from tests import people, shop
from tests.console.changing import MANAGE, pay_by_card
from tests.console.reading import acme_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def url(live_server: LiveServer, transactional_db: None) -> str:
    """Serve the ledger: ten seats at 1.00 a month, 105 of 365 days before the end of their year."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    pay_by_card(account)
    return live_server.url


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A browser's page, once with script and once without."""
    context = browser.new_context(java_script_enabled=request.param, locale="en-GB")
    yield context.new_page()
    context.close()


def sign_in(page: Page, name: str) -> None:
    """Sign in on the page that asks for it."""
    page.fill("input[name=login]", f"{name}@acme.example")
    page.fill("input[name=password]", people.PASSWORD)
    page.click("main button[type=submit]")


def open_manage(url: str, page: Page) -> Locator:
    """Sign in as Olivia, open Manage, and return the field of Support's seats."""
    page.goto(url + MANAGE)
    sign_in(page, "olivia")
    page.wait_for_url(url + MANAGE)
    return page.get_by_label("Seats – Support")


def test_typed_on_manage_while_the_session_ended(url: str, page: Page) -> None:
    seats = open_manage(url, page)
    expect(seats).to_have_value("10")
    # The session ends first: with script the panel asks for its amount at every edit.
    page.context.clear_cookies(name="session")
    seats.fill("31")
    if page.locator("button.without-script").first.is_visible():
        page.get_by_role("button", name="Review").click()
    page.wait_for_url("**/sign-in/login/**")
    sign_in(page, "olivia")
    page.wait_for_url(url + MANAGE)
    expect(seats).to_have_value("31")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Here is what you typed")
    # 21 × 12 × 105/365
    expect(main).to_contain_text("$72.49")
    assert not Quote.objects.exists()
    page.get_by_role("link", name="Start from how it is now").click()
    expect(seats).to_have_value("10")


def test_nobody_else_at_this_browser_sees_it(url: str, page: Page) -> None:
    seats = open_manage(url, page)
    page.context.clear_cookies(name="session")
    seats.fill("31")
    if page.locator("button.without-script").first.is_visible():
        page.get_by_role("button", name="Review").click()
    page.wait_for_url("**/sign-in/login/**")
    sign_in(page, "bilal")
    page.wait_for_url(url + MANAGE)
    expect(seats).to_have_value("10")
    expect(page.get_by_role("main")).not_to_contain_text("Here is what you typed")


def test_back_from_review_shows_the_new_number(url: str, page: Page) -> None:
    seats = open_manage(url, page)
    seats.fill("11")
    page.get_by_role("button", name="Review").click()
    confirm = page.get_by_role("button", name="Confirm and pay $3.45")
    expect(confirm).to_be_visible()
    page.go_back()
    expect(seats).to_have_value("11")
    expect(page.get_by_role("main")).to_contain_text("$3.45")
    page.get_by_role("button", name="Review").click()
    confirm.click()
    expect(page.get_by_role("main")).to_contain_text("$3.45 was paid")
    # Used, it is gone.
    assert not Draft.objects.exists()
    page.goto(url + MANAGE)
    expect(seats).to_have_value("11")
    expect(page.get_by_role("main")).not_to_contain_text("Here is what you typed")


def test_undo_beside_what_was_typed(url: str, page: Page) -> None:
    seats = open_manage(url, page)
    seats.fill("5")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("main")).to_contain_text("The change is scheduled.")
    page.goto(url + MANAGE)
    seats.fill("31")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("main")).to_contain_text("Undone.")
    assert not ScheduledChange.objects.exists()
    expect(seats).to_have_value("31")
    expect(page.get_by_role("main")).to_contain_text("$72.49")


def test_coming_by_undo_with_the_tab_key_undoes_nothing(url: str, page: Page) -> None:
    """Htmx asks the address of the focused button: what is typed just before was posted to Undo by itself."""
    seats = open_manage(url, page)
    seats.fill("5")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("main")).to_contain_text("The change is scheduled.")
    page.goto(url + MANAGE)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if sent.method == "POST" else None)
    seats.fill("31")
    page.get_by_role("button", name="Undo").focus()
    page.wait_for_timeout(1000)
    assert ScheduledChange.objects.exists()
    assert {one.removeprefix(url) for one in asked} <= {f"{MANAGE}preview"}
