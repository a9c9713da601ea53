"""The back office in a real browser: nothing that the policy refuses, nothing that keeps people out."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account, Letter, User
from admin_center.back_office import site
from billing import change_requests, promo_codes
from billing.models import ChangeRequest, Charge, Refund, Subscription
from billing.rules.changes import AddProduct
from tests import acting, people, shop
from tests.sweeps import money

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def addresses() -> list[str]:
    """Return every list, and the page of the first row of each."""
    found = [reverse("vendor:index"), reverse("vendor:app_list", args=["billing"])]
    found += [reverse("vendor:billing_promocode_add"), f"{reverse('vendor:search')}?q=acme"]
    found += [f"{reverse('vendor:billing_promocode_try')}?code=AUTUMN&account=acme"]
    found += [
        reverse("vendor:billing_subscription_unpark", args=[one.pk]) for one in Subscription.objects.all()
    ]
    found += [
        reverse("vendor:billing_subscription_own_rate", args=[one.pk])
        for one in Subscription.objects.exclude(tax_percent=None)
    ]
    owing = Account.objects.filter(state="suspended")
    found += [reverse("vendor:accounts_account_settle", args=[one.pk]) for one in owing]
    found += [
        reverse("vendor:accounts_account_clock", args=[one.pk])
        for one in Account.objects.filter(is_sandbox=True)
    ]
    found += [
        reverse("vendor:accounts_account_end", args=[one.pk])
        for one in Account.objects.filter(type__in=["assisted", "managed"])
    ]
    found += [
        reverse("vendor:billing_changerequest_decide", args=[one.pk]) for one in ChangeRequest.objects.all()
    ]
    found += [
        reverse(f"vendor:billing_charge_{act}", args=[one.pk])
        for one in Charge.objects.all()[:1]
        for act in ("ask", "refund")
    ]
    found += [reverse("vendor:billing_refund_decide", args=[one.pk]) for one in Refund.objects.all()]
    found += [reverse("vendor:accounts_letter_again")]
    for model in site._registry:
        name = f"vendor:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        row = model._default_manager.first()
        if row is not None:
            found.append(reverse(f"{name}_change", args=[row.pk]))
    return found


def with_something_of_everything(acme: Account) -> None:
    """Give Acme a parked subscription, a request, letters given up, and its price list a promo code."""
    lines = {"support": ("team", 10, "1.00"), "copilot": ("standard", 10, "10")}
    subscription = shop.subscribe(acme, lines, start=date(2026, 1, 1))
    adam = people.user("adam")
    with acting.at(AT):
        change_requests.submit(
            acme,
            [AddProduct("guide", "team", 3)],
            note="For May",
            occasion=acting.occasion(by=adam, on=AT.date()),
        )
        terms = promo_codes.Terms("AUTUMN", Decimal(10))
        promo_codes.create(
            subscription.catalogue, terms, occasion=acting.occasion(by=people.vera()), reason="Campaign"
        )
    Subscription.objects.update(parked_at=AT, parked_because="gap support")
    for kind in ("request_expired", "invited"):
        Letter.objects.create(
            account=acme, kind=kind, to="x@acme.example", key=kind, language="en", failed_at=AT
        )
    money.requested_refund(acme)
    people.globex(state="suspended")


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("part", range(2))
def test_every_page_keeps_the_policy_and_lets_everybody_in(
    page: Page,
    live_server: LiveServer,
    be: Callable[[User], None],
    complaints: list[str],
    barriers: Callable[[Page], list[str]],
    part: int,
) -> None:
    with_something_of_everything(people.acme(type="managed"))
    be(people.vera())
    found: dict[str, list[str]] = {}
    for address in addresses()[part::2]:
        page.goto(live_server.url + address)
        assert complaints == [], address
        page.emulate_media(color_scheme="light")
        stops = barriers(page)
        page.emulate_media(color_scheme="dark")
        if stops := stops + barriers(page):
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
    page.get_by_label("Search this list").fill("agnes@acme.example")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Acme").click()
    page.get_by_label("Vendor contact", exact=True).fill("Nadia Noor")
    page.get_by_label("Reason", exact=True).fill("New colleague")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/accounts/account/(\?.*)?$"))
    assert Account.objects.get(slug="acme").vendor_contact_name == "Nadia Noor"
    assert page.evaluate("document.documentElement.scrollWidth <= 320")
    assert complaints == []
