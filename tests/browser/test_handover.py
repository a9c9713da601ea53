"""Olivia hands Acme over to Bilal, and he buys the seat that is missing: each in their own browser."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import roles
from accounts.models import User
from accounts.rules.roles import Role
from billing.models import AgentSeat, PaymentMethod
from tests import acting, people, shop
from tests.console.reading import JULY_14, acme_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def proven(page: Page) -> None:
    """Type the password again, where the page asks for it."""
    expect(page).to_have_title("Confirm that it is you · Northwind Desk")
    page.get_by_label("Password").fill(people.PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def test_olivia_hands_over_to_bilal(
    live_server: LiveServer, page: Page, be: Callable[[User], None], barriers: Callable[[Page], list[str]],
    complaints: list[str],
) -> None:  # fmt: skip
    account = acme_at()
    main, here = page.get_by_role("main"), f"{live_server.url}/a/acme"
    be(people.user("olivia"))
    page.goto(f"{here}/billing/contacts/")
    page.get_by_role("link", name="Hand the ownership over").click()
    page.get_by_role("link", name="Offer the ownership Bilal Brahimi").click()
    proven(page)
    expect(main).to_contain_text("You become an administrator")
    assert barriers(page) == []
    page.get_by_role("button", name="Offer the ownership").click()
    expect(main).to_contain_text("has seven days to accept")

    be(people.user("bilal"))
    page.goto(f"{here}/people/ownership/")
    expect(main).to_contain_text("Olivia Owens offers the ownership to Bilal Brahimi.")
    assert barriers(page) == []
    page.get_by_role("link", name="Accept").click()
    proven(page)
    page.get_by_role("button", name="Become the owner").click()
    expect(main).to_contain_text("You are the owner of Acme now.")
    now = dict(account.memberships.values_list("user__name", "role"))
    assert (now["Bilal Brahimi"], now["Olivia Owens"]) == ("owner", "admin")

    # What Olivia could do as the owner is no longer hers.
    be(people.user("olivia"))
    page.goto(f"{here}/people/")
    page.get_by_role("link", name="Bilal Brahimi", exact=True).click()
    expect(main).to_contain_text("Account owner")
    expect(page.get_by_role("button", name="Give this role")).to_have_count(0)
    assert complaints == []


def test_bilal_gives_the_last_seat_and_buys_one_more_on_the_way(
    live_server: LiveServer, page: Page, be: Callable[[User], None], barriers: Callable[[Page], list[str]],
    complaints: list[str],
) -> None:  # fmt: skip
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    annas = [people.person(f"a{number}@acme.example", f"Anna {number}") for number in range(9)]
    with acting.at(JULY_14):
        members = roles.enrol(account, [(anna, Role.AGENT) for anna in annas])
    line = shop.line(account, "support")
    for member in members:
        AgentSeat.objects.create(subscription_id=account.pk, line=line, membership=member)
    main = page.get_by_role("main")
    be(people.user("bilal"))
    page.goto(f"{live_server.url}/a/acme/people/")
    expect(main).to_contain_text("One seat is left.")
    assert barriers(page) == []
    page.get_by_role("link", name="Agnes Albert", exact=True).click()
    page.get_by_role("button", name="Give a seat Support").click()
    expect(main).to_contain_text("Agnes Albert holds a seat of Support.")
    page.goto(f"{live_server.url}/a/acme/people/")
    expect(main).to_contain_text("Every seat is held.")
    page.get_by_role("link", name="Buy one more: see what it costs first").click()
    expect(page.get_by_label("Seats – Support")).to_have_value("11")
    page.get_by_role("button", name="Review").click()
    # (11 − 10) × 12 × 105/365
    page.get_by_role("button", name="Confirm and pay $3.45").click()
    page.get_by_role("link", name="Give out seats").click()
    expect(main).to_contain_text("10 of 11 seats used")
    assert barriers(page) == []
    assert complaints == []
