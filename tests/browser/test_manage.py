"""Manage, review and confirm in a real browser: live, by keyboard, on a phone, and without any script."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account, User
from billing.models import Invoice, Quote, ScheduledChange
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


def test_olivia_buys_a_seat_and_sees_every_step(
    url: str,
    page: Page,
    be: Callable[[User], None],
    barriers: Callable[[Page], list[str]],
    complaints: list[str],
) -> None:
    be(people.user("olivia"))
    page.goto(url + MANAGE)
    panel = page.locator("#panel-card")
    expect(panel).to_contain_text("No changes yet")
    expect(panel.get_by_text("Line by line")).to_be_hidden()
    page.get_by_role("button", name="One more: Support").click()
    expect(page.get_by_label("Seats – Support")).to_have_value("11")
    expect(panel).to_contain_text("$3.45")
    # The arithmetic folds below the sentence, and stays open while one edits on.
    arithmetic = panel.get_by_text("10 seats × $1.00 × 12 months × 105 of 365 days = $34.52")
    expect(arithmetic).to_be_hidden()
    panel.get_by_text("Line by line").click()
    expect(arithmetic).to_be_visible()
    page.get_by_role("button", name="One more: Support").click()
    expect(panel).to_contain_text("12 seats × $1.00")
    page.get_by_role("button", name="One less: Support").click()
    expect(panel).to_contain_text("11 seats × $1.00")
    expect(arithmetic).to_be_visible()
    expect(page.locator("#said")).to_have_text("Due today $3.45.")
    assert barriers(page) == []
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review and confirm")
    page.get_by_text("2 lines with their arithmetic").click()
    for amount in ("−$34.52", "$37.97", "$3.45"):
        expect(page.get_by_role("table").first).to_contain_text(amount)
    assert barriers(page) == []
    page.get_by_role("button", name="Confirm and pay $3.45").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")
    expect(page.get_by_role("main")).to_contain_text("$3.45 was paid")
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("$3.45 was paid")
    page.go_back()
    expect(page.get_by_role("main")).to_contain_text("$3.45 was paid")
    assert barriers(page) == []
    assert Invoice.objects.count() == 1
    assert complaints == []


def test_the_day_is_tried_and_the_cursor_stays(url: str, page: Page, be: Callable[[User], None]) -> None:
    be(people.user("olivia"))
    page.goto(url + MANAGE)
    page.get_by_label("Seats – Support").fill("11")
    day = page.get_by_label("Day", exact=True)
    day.fill("2023-07-23")
    # 11 × 12 × 96/365 − 10 × 12 × 96/365 = 34.72 − 31.56
    expect(page.locator("#panel")).to_contain_text("$3.16")
    expect(day).to_be_focused()
    page.get_by_role("button", name="Review").click()
    expect(page.locator("#id_on_error")).to_contain_text("go back to today to review it")
    expect(day).to_be_focused()
    page.get_by_role("button", name="Back to today").click()
    expect(page.locator("#panel")).to_contain_text("$3.45")
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_role("button", name="Confirm and pay $3.45")).to_be_visible()


def test_an_error_comes_and_goes_at_its_field(
    url: str, page: Page, be: Callable[[User], None], barriers: Callable[[Page], list[str]]
) -> None:
    be(people.user("olivia"))
    page.goto(url + MANAGE)
    seats = page.get_by_label("Seats – Support")
    seats.fill("0")
    note = page.locator("#id_seats-support_error")
    expect(note).to_contain_text("Choose a number from 1 to 10,000.")
    expect(seats).to_have_attribute("aria-invalid", "true")
    expect(seats).to_have_accessible_description("Choose a number from 1 to 10,000.", timeout=2000)
    assert barriers(page) == []
    # Said once, in its card: the summary only leads there.
    expect(page.locator("#wish").get_by_text("Choose a number from 1 to 10,000.")).to_have_count(1)
    page.get_by_role("button", name="Review").click()
    expect(seats).to_be_focused()
    expect(seats).to_be_in_viewport()
    page.locator("#panel").get_by_role("link", name="Seats of Support").click()
    expect(seats).to_be_focused()
    seats.fill("12")
    expect(note).to_be_empty()
    expect(seats).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator("#panel")).to_contain_text("$6.90")


def test_bilal_answers_in_place_and_may_think_again(
    url: str,
    page: Page,
    be: Callable[[User], None],
    barriers: Callable[[Page], list[str]],
    complaints: list[str],
) -> None:
    be(people.user("bilal"))
    page.goto(url + MANAGE)
    page.get_by_label("Seats – Support").fill("5")
    expect(page.locator("#details")).to_contain_text("on 27 October 2023")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Confirm").click()
    page.goto(url + MANAGE)
    page.get_by_label("Seats – Support").fill("12")
    question = page.get_by_role("group", name="Already scheduled for 27 October 2023")
    question.get_by_label("Keep it: renew with 5 seats").check()
    # 5 × 1.00 × 12
    expect(page.locator("#calculation")).to_contain_text("$60.00")
    question.get_by_label("Raise it by what is bought now: renew with 7 seats").check()
    expect(page.locator("#calculation")).to_contain_text("$84.00")
    expect(question.get_by_label("Raise it by what is bought now")).to_be_checked()
    expect(question.get_by_label("Raise it by what is bought now")).to_be_focused()
    assert barriers(page) == []
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Confirm and pay").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")
    assert ScheduledChange.objects.get().quantity == 7
    page.goto(url + MANAGE)
    # Enter in a field leads to the review, and undoes nothing.
    page.get_by_label("Seats – Support").fill("6")
    page.get_by_label("Seats – Support").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Review and confirm")
    expect(page.get_by_role("main")).to_contain_text("No longer scheduled for the renewal: Support: 7 seats.")
    assert ScheduledChange.objects.get().quantity == 7
    page.goto(url + MANAGE)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("main")).to_contain_text("Undone.")
    assert not ScheduledChange.objects.exists()
    assert [one for one in complaints if "htmx" not in one] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_what_it_comes_to_stays_in_sight(
    url: str,
    page: Page,
    be: Callable[[User], None],
    barriers: Callable[[Page], list[str]],
    theme: str,
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    be(people.user("olivia"))
    page.goto(url + MANAGE)
    page.get_by_label("Seats – Support").fill("11")
    bar = page.locator("#due-bar")
    expect(bar).to_contain_text("$3.45")
    expect(bar).to_be_in_viewport()
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert barriers(page) == []
    page.get_by_role("button", name="Review").click()
    confirm = page.get_by_role("button", name="Confirm and pay $3.45")
    expect(confirm).to_have_count(1)
    expect(confirm).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert barriers(page) == []
    confirm.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")


def test_without_script_the_same_numbers_come_on_the_next_page(
    url: str, browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{url}/sign-in/login/")
    page.fill("input[name=login]", "olivia@acme.example")
    page.fill("input[name=password]", people.PASSWORD)
    page.click("main button[type=submit]")
    page.goto(url + MANAGE)
    page.get_by_label("Seats – Support").fill("11")
    page.get_by_role("button", name="Update summary").click()
    expect(page.locator("#panel-card")).to_contain_text("$3.45")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Confirm and pay $3.45").click()
    expect(page.get_by_role("main")).to_contain_text("$3.45 was paid")
    context.close()


def test_without_script_bilal_is_asked_told_and_may_undo(
    url: str, browser: Browser, live_server: LiveServer
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{url}/sign-in/login/")
    page.fill("input[name=login]", "bilal@acme.example")
    page.fill("input[name=password]", people.PASSWORD)
    page.click("main button[type=submit]")
    main, seats = page.get_by_role("main"), page.get_by_label("Seats – Support")
    page.goto(url + MANAGE)
    seats.fill("0")
    page.get_by_role("button", name="Review").click()
    expect(page.locator("#id_seats-support_error")).to_contain_text("Choose a number from 1 to 10,000.")
    seats.fill("5")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Confirm").click()
    expect(main).to_contain_text("The change is scheduled.")
    # What waits is met by what is bought: the question is asked on the next page.
    page.goto(url + MANAGE)
    seats.fill("12")
    page.get_by_role("button", name="Review").click()
    question = page.get_by_role("group", name="Already scheduled for 27 October 2023")
    question.get_by_label("Keep it: renew with 5 seats").check()
    page.get_by_role("button", name="Review").click()
    # 12 × 1.00 × 12 × 105/365 − 10 × 1.00 × 12 × 105/365 = 41.42 − 34.52
    page.get_by_role("button", name="Confirm and pay $6.90").click()
    expect(main).to_contain_text("$6.90 was paid")
    page.goto(url + MANAGE)
    page.get_by_role("button", name="Undo").first.click()
    expect(main).to_contain_text("Undone.")
    assert not ScheduledChange.objects.exists()
    context.close()


def test_what_was_typed_outlives_a_visit_elsewhere(url: str, page: Page, be: Callable[[User], None]) -> None:
    be(people.user("olivia"))
    page.goto(url + MANAGE)
    page.get_by_label("Seats – Support").fill("14")
    page.get_by_label("Edition – Support").select_option("professional")
    expect(page.locator("#panel")).to_contain_text("$")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("link", name="Back to editing").click()
    expect(page.get_by_label("Seats – Support")).to_have_value("14")
    expect(page.get_by_label("Edition – Support")).to_have_value("professional")
    expect(page.locator("#panel")).to_contain_text("$")
    assert Quote.objects.filter(state="open").count() == 1
    assert Account.objects.get(slug="acme").state == "active"


def test_edits_that_were_not_sent_are_asked_about(url: str, page: Page, be: Callable[[User], None]) -> None:
    be(people.user("olivia"))
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    elsewhere = page.get_by_role("navigation").get_by_role("link", name="Contacts")
    page.goto(url + MANAGE)
    elsewhere.click()
    page.wait_for_url("**/contacts/")
    page.goto(url + MANAGE)
    seats = page.get_by_label("Seats – Support")
    seats.click()
    seats.fill("12")
    elsewhere.click(no_wait_after=True)
    expect(seats).to_have_value("12")
    assert asked == ["beforeunload"]
    # What is sent is not asked about.
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_role("button", name="Confirm and pay $6.90")).to_be_visible()
    assert asked == ["beforeunload"]
