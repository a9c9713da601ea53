"""The story of three years (tests/stories/test_three_years.py), clicked: Olivia acts, Vera moves the clock.

Every sum is read from a page: what is confirmed from Review, what came with time from the list of invoices.
"""

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import Account
from tests import people
from tests.browser.visiting import Visit
from tests.stories.test_three_years import acme  # noqa: F401 - the fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOME = "/a/acme"
MANAGE = f"{HOME}/billing/subscription/manage/"


class Told:
    """Olivia's and Vera's browsers, each on their side of the same account."""

    def __init__(self, olivia: Visit, vera: Visit, account: Account) -> None:
        """Begin with nothing invoiced."""
        self.olivia, self.vera, self.account = olivia, vera, account
        self.seen = 0

    def until(self, day: str) -> list[str]:
        """Let Vera move the clock to a day; return the totals that Olivia's list of invoices has since."""
        page = self.vera.page
        self.vera.go(f"/vendor/accounts/account/{self.account.pk}/clock/")
        page.get_by_label("to a date").check()
        page.get_by_label("Date", exact=True).fill(day)
        page.get_by_label("Reason").fill("The story goes on.")
        page.get_by_role("button", name="Move the clock").click()
        expect(page.get_by_role("heading", name="What happened on the way")).to_be_visible()
        expect(page.get_by_text("Failed, see the log")).to_have_count(0)
        return self.invoiced()

    def invoiced(self) -> list[str]:
        """Return the totals of the invoices that are new in Olivia's list, the oldest first."""
        self.olivia.go(f"{HOME}/billing/invoices/")
        rows = self.olivia.page.get_by_role("main").locator("tbody tr", has_text="INV-")
        totals = [text.split()[-1] for text in rows.all_inner_texts()]
        new = totals[: len(totals) - self.seen]
        self.seen = len(totals)
        return new[::-1]

    def confirms(self, due: str, **fields: str) -> list[str]:
        """Let Olivia fill Manage, review and confirm what is due as Review says; return what is invoiced."""
        page = self.olivia.page
        self.olivia.go(MANAGE)
        for name, value in fields.items():
            put(page, name.replace("_", "-") if not name.startswith("temporary") else name, value)
        page.get_by_role("button", name="Review").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Review and confirm")
        page.get_by_role("button", name=f"Confirm and pay ${due}" if due else "Confirm").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Receipt")
        return self.invoiced()

    def pays_with(self, reference: str) -> None:
        """Let Olivia enter another card of the sandbox provider, by what it does."""
        page = self.olivia.page
        self.olivia.go(f"{HOME}/billing/payment/")
        page.get_by_role("button", name="Replace").first.click()
        page.locator(f"[value={reference}]").click()
        page.get_by_role("button", name="Use this method").click()
        page.get_by_role("button", name="Use this payment method").click()
        expect(page.get_by_role("main")).to_contain_text("is charged.")


def put(page: Page, name: str, value: str) -> None:
    """Fill one field of Manage by its name, as its kind is filled."""
    field = page.locator(f"#wish [name='{name}'], [form=wish][name='{name}']")
    kind = field.first.evaluate("one => one.type")
    if kind == "radio":
        page.locator(f"[name='{name}'][value='{value}']").check()
    elif kind == "checkbox":
        field.check()
    elif kind == "select-one":
        field.select_option(value)
    else:
        field.fill(value)
        field.blur()


@pytest.fixture
def story(acme: Account, visit: Callable[..., Visit]) -> Told:  # noqa: F811
    olivia, vera = visit(), visit()
    for browser, person in ((olivia, people.user("olivia")), (vera, people.vera())):
        client = Client()
        client.force_login(person)
        key = client.cookies["session"].value
        browser.page.context.add_cookies([{"name": "session", "value": key, "url": browser.origin}])
    return Told(olivia, vera, acme)


def the_first_months(story: Told) -> None:
    """Tell it from the trial to the suspension, and the way out of that."""
    main = story.olivia.page.get_by_role("main")
    assert story.until("2024-01-31") == []
    # 10 × 12.00; (12 − 10) × 12.00 × 19/29; 12 × 12.00 at the renewal
    first = {"cycle": "monthly", "edition_support": "team", "seats_support": "10"}
    assert story.confirms("120.00", **first) == ["$120.00"]
    assert story.until("2024-02-10") == []
    assert story.confirms("15.72", seats_support="12") == ["$15.72"]
    assert story.until("2024-03-10") == ["$144.00"]
    # The upgrade: (30.00 − 12.00) × 12 × 21/31; the way back waits for the renewal, the code too.
    assert story.confirms("146.32", edition_support="professional") == ["$146.32"]
    assert story.until("2024-03-20") == []
    assert story.confirms("", edition_support="team") == []
    assert story.until("2024-03-25") == []
    assert story.confirms("", promo="SPRING") == []
    assert story.until("2024-05-10") == ["$129.60", "$129.60"]
    # Three temporary seats for ten days: 3 × 12.00 × 10/31
    extra = {"temporary_seats": "3", "temporary_first": "2024-05-20", "temporary_last": "2024-05-29"}
    assert story.confirms("11.61", temporary_product="support", **extra) == ["$11.61"]
    assert story.until("2024-07-20") == ["$129.60", "$144.00"]

    # A card without money: tried on +0, +2, +4 and +21, suspended on +22.
    story.pays_with("test_declines_funds")
    assert story.until("2024-08-25") == ["$144.00"]
    story.olivia.go(f"{HOME}/")
    expect(main).to_contain_text("The account is suspended: an invoice is unpaid")
    expect(main).to_contain_text("Still to be paid: $144.00")
    assert story.until("2024-09-10") == []
    story.pays_with("test_approves")
    story.olivia.go(f"{HOME}/billing/invoices/")
    story.olivia.page.get_by_role("main").locator("tbody a").first.click()
    story.olivia.page.get_by_role("button", name="Pay $144.00").first.click()
    expect(main).to_contain_text("Paid")


def test_the_first_months_in_the_browser(story: Told) -> None:
    the_first_months(story)
    # The rest of that month: 144.00 × 20/30.
    assert story.until("2024-09-11") == ["$96.00"]
    assert story.olivia.complaints == story.vera.complaints == []


@pytest.mark.soak
def test_three_years_in_the_browser(story: Told) -> None:
    the_first_months(story)
    main = story.olivia.page.get_by_role("main")
    # The rest of that month, 144.00 × 20/30, and the next.
    assert story.until("2024-10-15") == ["$96.00", "$144.00"]

    # Annual from the renewal on: 12 × 12.00 × 12; the year after it early; one seat more in both.
    assert story.confirms("", cycle="annual") == []
    assert story.until("2025-06-15") == ["$1,728.00"]
    assert story.confirms("1,728.00", extend="on") == ["$1,728.00"]
    assert story.until("2025-07-01") == []
    assert story.confirms("192.13", seats_support="13") == ["$192.13"]

    # It ends with its period.
    assert story.until("2026-06-30") == []
    assert story.until("2026-08-01") == []
    page = story.olivia.page
    story.olivia.go(f"{HOME}/billing/subscription/cancel/")
    page.get_by_role("link", name="End it with the period").click()
    page.get_by_label("Why do you cancel?").select_option("We no longer need it")
    page.get_by_role("button", name="End it with the period").click()
    expect(main).to_contain_text("The account ends on 31 October 2026")
    story.vera.go(f"/vendor/accounts/account/{story.account.pk}/clock/")
    vera = story.vera.page
    vera.get_by_label("to a date").check()
    vera.get_by_label("Date", exact=True).fill("2026-11-01")
    vera.get_by_label("Reason").fill("Its last day.")
    vera.get_by_role("button", name="Move the clock").click()
    expect(vera.get_by_role("heading", name="What happened on the way")).to_be_visible()
    assert story.olivia.go(f"{HOME}/") == 410
    assert story.olivia.complaints == story.vera.complaints == []
