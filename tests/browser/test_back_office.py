"""The back office in a real browser: nothing that the policy refuses, nothing that keeps people out."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account, User
from admin_center.back_office import site
from tests import people, shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def addresses() -> list[str]:
    """Return every list, and the page of the first row of each."""
    found = [reverse("vendor:index"), reverse("vendor:app_list", args=["billing"])]
    for model in site._registry:
        name = f"vendor:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        row = model._default_manager.first()
        if row is not None:
            found.append(reverse(f"{name}_change", args=[row.pk]))
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_keeps_the_policy_and_lets_everybody_in(
    page: Page,
    live_server: LiveServer,
    be: Callable[[User], None],
    complaints: list[str],
    barriers: Callable[[Page], list[str]],
    scheme: str,
) -> None:
    acme = people.acme()
    lines = {"support": ("team", 10, "1.00"), "copilot": ("standard", 10, "10")}
    shop.subscribe(acme, lines, start=date(2022, 10, 27))
    be(people.vera())
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found: dict[str, list[str]] = {}
    for address in addresses():
        page.goto(live_server.url + address)
        assert complaints == [], address
        if stops := barriers(page):
            found[address] = stops
        # axe itself tries to add a style of its own where a stylesheet imports another.
        complaints.clear()
    assert found == {}, sorted({rule for rules in found.values() for rule in rules})


def test_vera_changes_a_contact_at_320_pixels(
    page: Page, live_server: LiveServer, be: Callable[[User], None], complaints: list[str]
) -> None:
    people.acme()
    be(people.vera())
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(live_server.url + reverse("vendor:accounts_account_changelist"))
    page.get_by_role("searchbox").fill("agnes@acme.example")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Acme").click()
    page.get_by_label("Vendor contact:").fill("Nadia Noor")
    page.get_by_label("Reason:").fill("New colleague")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/accounts/account/(\?.*)?$"))
    assert Account.objects.get(slug="acme").vendor_contact_name == "Nadia Noor"
    assert page.evaluate("document.documentElement.scrollWidth <= 320")
    assert complaints == []
