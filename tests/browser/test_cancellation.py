"""Ending an account in a real browser: its owner can; everybody else reads why not and whom to ask."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account, User
from billing import data_export
from billing.models import Cancellation, ScheduledChange
from tests import people, shop
from tests.browser.test_handover import proven
from tests.console.changing import pay_by_card
from tests.console.reading import JULY_14, acme_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def here(live_server: LiveServer, transactional_db: None) -> str:
    """Serve Acme: ten seats of Support and two of Guide, 105 days before the end of their year."""
    account = acme_at()
    lines = {"support": ("team", 10, "1.00"), "guide": ("team", 2, "6.00")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    pay_by_card(account)
    return f"{live_server.url}/a/acme"


def test_olivia_ends_the_account(
    here: str, page: Page, be: Callable[[User], None], barriers: Callable[[Page], list[str]],
    complaints: list[str],
) -> None:  # fmt: skip
    main = page.get_by_role("main")
    be(people.user("olivia"))
    page.goto(f"{here}/billing/subscription/")
    page.get_by_role("link", name="Go to cancellations").click()
    assert barriers(page) == []

    # First she takes the data along.
    page.get_by_role("link", name="Export the data").click()
    page.get_by_role("button", name="Prepare the export").click()
    expect(main).to_contain_text("Being prepared")
    assert barriers(page) == []
    data_export.prepare_waiting(JULY_14)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the ZIP").click()
    assert download.value.suggested_filename == "acme-2023-07-14.zip"

    # To the end of the period, and back.
    page.goto(f"{here}/billing/subscription/cancel/")
    page.get_by_role("link", name="End it with the period").click()
    assert barriers(page) == []
    page.get_by_label("Why do you cancel?").select_option("Too expensive")
    page.get_by_role("button", name="End it with the period").click()
    expect(main).to_contain_text("The account ends on 27 October 2023")
    assert ScheduledChange.objects.count() == 1
    page.get_by_role("button", name="Undo").first.click()
    expect(main).to_contain_text("Undone.")
    assert not ScheduledChange.objects.exists()

    # At once: the password again, the reason, the name as it is.
    page.goto(f"{here}/billing/subscription/cancel/")
    page.get_by_role("link", name="Cancel it at once").click()
    proven(page)
    # 10 × 1.00 × 12 × 105/365 = 34.52; 2 × 6.00 × 12 × 105/365 = 41.42
    for words in ("$34.52", "$41.42", "$75.94"):
        expect(main).to_contain_text(words)
    assert barriers(page) == []
    page.get_by_label("Why do you cancel?").select_option("We no longer need it")
    page.get_by_label("What would have kept you?").fill("Nothing, thank you")
    page.get_by_label("Type the account’s name to confirm: Acme").fill("acme")
    page.get_by_role("button", name="Cancel the account now").click()
    expect(main).to_contain_text("This is not the account’s name.")
    expect(page.get_by_label("What would have kept you?")).to_have_value("Nothing, thank you")
    assert barriers(page) == []
    page.get_by_label("Type the account’s name to confirm: Acme").fill("Acme")
    page.get_by_role("button", name="Cancel the account now").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme is cancelled")
    expect(page.get_by_role("link", name="sales-acme@vendor.example")).to_be_visible()
    assert barriers(page) == []
    assert Account.objects.get(slug="acme").state == "cancelled"
    assert Cancellation.objects.filter(undone_at=None).count() == 1

    # The back button leads nowhere any more.
    answer = page.goto(f"{here}/billing/subscription/")
    assert answer is not None
    assert answer.status == 410
    assert complaints == []


def test_nobody_else_ends_it_and_everybody_reads_why(
    here: str, page: Page, be: Callable[[User], None], barriers: Callable[[Page], list[str]]
) -> None:
    main = page.get_by_role("main")
    for name in ("bilal", "adam"):
        be(people.user(name))
        for where in ("", "cancel/"):
            page.goto(f"{here}/billing/subscription/{where}")
            expect(main).to_contain_text("Only the account owner can cancel the account.")
        owner = page.get_by_role("link", name="Olivia Owens").first
        expect(owner).to_have_attribute("href", re.compile("^mailto:olivia%40acme.example"))
        expect(page.get_by_role("link", name="Cancel it at once")).to_have_count(0)
        assert barriers(page) == []
    Account.objects.update(type="managed", vendor_contact_phone="+1 555 0100")
    be(people.user("olivia"))
    page.goto(f"{here}/billing/subscription/cancel/")
    expect(main).to_contain_text("On managed accounts, only")
    expect(page.get_by_role("link", name="Sales of Acme").first).to_have_attribute(
        "href", re.compile("^mailto:sales-acme%40vendor.example")
    )
    expect(main).to_contain_text("+1 555 0100")
    expect(main).not_to_contain_text("$")
    assert barriers(page) == []
