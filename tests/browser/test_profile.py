"""Olivia enters whom invoices are made out to: a country brings its fields, with script and without."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from billing.models import BillingProfile
from tests import people, shop
from tests.browser.visiting import Visit
from tests.console.reading import acme_at
from tests.sweeps.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_country_that_is_chosen_brings_its_fields(
    live_server: LiveServer, page: Page, be: Callable[[User], None], barriers: Callable[[Page], list[str]],
    complaints: list[str],
) -> None:  # fmt: skip
    """By the keyboard alone: the focus stays on the country, what was typed stays, the keyboard saves."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    be(people.user("olivia"))
    page.goto(f"{live_server.url}/a/acme/billing/profile/")
    company = page.get_by_role("group", name="Company’s address")
    company.get_by_label("City").fill("Toulouse")
    expect(company.get_by_label("State")).to_be_visible()
    country = company.get_by_label("Country")
    country.focus()
    page.keyboard.type("France")
    expect(company.get_by_label("Postal code")).to_be_visible()
    expect(country).to_be_focused()
    expect(company.get_by_label("City")).to_have_value("Toulouse")
    expect(company.get_by_label("State")).to_have_count(0)
    assert barriers(page) == []
    # The other address shows only where it differs.
    bill_to = page.get_by_role("group", name="Address for invoices")
    expect(bill_to).to_be_hidden()
    page.get_by_label("Invoices go to the same address").uncheck()
    expect(bill_to).to_be_visible()
    page.get_by_label("Invoices go to the same address").check()
    company.get_by_label("Address").fill("1 rue du Taur")
    company.get_by_label("Postal code").fill("31000")
    page.get_by_label("Tax number", exact=True).fill("FR 34 999 888 779")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("The billing profile is changed.")
    profile = BillingProfile.objects.of(account.pk)
    assert profile is not None
    assert profile.sold_to is not None
    assert (profile.sold_to.country, profile.tax_id_number) == ("FR", "34999888779")
    assert complaints == []


@pytest.mark.breaks_invariants
def test_without_script_a_button_brings_them(place: World, visit: Callable[..., Visit]) -> None:
    browser = visit(place, "owner", script=False)
    account = place.accounts["S", "A"]
    browser.go(f"/a/{account.slug}/billing/profile/")
    page = browser.page
    company = page.get_by_role("group", name="Company’s address")
    company.get_by_label("Country").select_option("JP")
    company.get_by_role("button", name="Show the fields of this country").click()
    expect(company.get_by_label("Prefecture")).to_be_visible()
    expect(page.get_by_label("Legal name")).to_have_value(f"Legal {account.slug}")
    assert browser.complaints == []
