"""The frame in a real browser: by keyboard, without script, on a phone, light and dark."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests import people

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REFUSED = "/a/acme/billing/invoices/"
SIZES = {"desk": (1280, 900), "phone": (390, 844), "smallest": (320, 640)}


@pytest.fixture
def url(live_server: LiveServer, transactional_db: None) -> str:
    """Serve Acme, and return where."""
    people.acme()
    return live_server.url


@pytest.mark.parametrize(
    ("size", "theme"), [("desk", "light"), ("desk", "dark"), ("phone", "dark"), ("smallest", "light")]
)
def test_pages_without_a_barrier_or_a_complaint(
    url: str,
    page: Page,
    context: BrowserContext,
    be: Callable[[User], None],
    barriers: Callable[[Page], list[str]],
    complaints: list[str],
    size: str,
    theme: str,
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    context.add_cookies([{"name": "theme", "value": theme, "url": url}])
    found = {}
    for address in ["/sign-in/login/", "/sign-in/password/reset/", "/nowhere"]:
        page.goto(url + address)
        found[address] = barriers(page)
    be(people.user("agnes"))
    for address in [REFUSED, "/sign-in/2fa/", "/sign-in/sessions/", "/sign-in/password/change/"]:
        page.goto(url + address)
        found[address] = barriers(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{address} scrolls sideways"
    assert {address: what for address, what in found.items() if what} == {}
    assert complaints == []


def test_agnes_reads_why_and_whom_to_ask(url: str, page: Page, be: Callable[[User], None]) -> None:
    be(people.user("agnes"))
    page.goto(url + REFUSED)
    main = page.get_by_role("main")
    expect(main).to_contain_text("Only the account owner and billing admins can see the invoices.")
    expect(main.get_by_role("link", name="Write to Olivia")).to_have_attribute(
        "href", "mailto:olivia%40acme.example?subject=Acme%3A%20please%20see%20the%20invoices"
    )
    expect(main).to_contain_text("bilal@acme.example")
    entry = page.get_by_role("navigation", name="Admin Center").get_by_role("link", name="Invoices")
    expect(entry).to_contain_text("For the owner and billing admins")


def test_the_first_tab_leads_past_the_frame(url: str, page: Page, be: Callable[[User], None]) -> None:
    be(people.user("agnes"))
    page.goto(url + REFUSED)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_menus_open_and_close_by_keyboard_and_without_script(url: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(url + "/sign-in/login/")
    page.get_by_label("Email").fill("agnes@acme.example")
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(url + REFUSED)
    menu, people_entry = page.get_by_role("button", name="Menu", exact=True), page.get_by_text("People")
    expect(people_entry).not_to_be_visible()
    menu.press("Enter")
    expect(people_entry).to_be_visible()
    page.keyboard.press("Escape")
    expect(people_entry).not_to_be_visible()
    page.get_by_role("button", name="Language and theme").press("Enter")
    page.get_by_role("button", name="Dark").press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Language and theme").click()
    page.get_by_role("button", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert page.url == url + REFUSED
    page.locator("[popovertarget=menu-person]").press("Enter")
    page.locator("button[form=sign-out]").press("Enter")
    page.wait_for_url("**/sign-in/login/")
    context.close()


def test_filters_are_behind_one_button_on_a_phone(url: str, page: Page, be: Callable[[User], None]) -> None:
    be(people.user("olivia"))
    page.goto(f"{url}/a/acme/activity/")
    apply = page.get_by_role("button", name="Filter", exact=True)
    expect(apply).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(apply).to_be_hidden()
    page.locator("summary", has_text="Filters").click()
    expect(apply).to_be_visible()
    apply.click()
    expect(page.locator("summary", has_text="Filters")).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 844})
    expect(apply).to_be_visible()
