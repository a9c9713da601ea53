"""Adam asks, Bilal edits and approves, Adam reads the answer: in a real browser, each in their own."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from billing.models import ChangeRequest, PaymentMethod
from tests import people, shop
from tests.console.reading import acme_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_adam_asks_bilal_edits_and_approves_adam_reads(
    live_server: LiveServer, page: Page, be: Callable[[User], None], barriers: Callable[[Page], list[str]],
    complaints: list[str],
) -> None:  # fmt: skip
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    main = page.get_by_role("main")
    be(people.user("adam"))
    page.goto(f"{live_server.url}/a/acme/billing/subscription/manage/")
    page.get_by_label("Seats – Support").fill("15")
    page.get_by_label("Note for the decision maker").fill("Five join in July")
    page.get_by_role("button", name="Submit request").click()
    expect(main).to_contain_text("Your request is submitted.")
    assert barriers(page) == []
    asked = page.url

    be(people.user("bilal"))
    page.goto(asked)
    expect(main).to_contain_text("Five join in July")
    page.get_by_role("link", name="Edit and approve").click()
    page.get_by_label("Seats – Support").fill("12")
    page.get_by_role("button", name="Review").click()
    # 12 × 12 × 105/365 − 10 × 12 × 105/365 = 41.42 − 34.52
    page.get_by_role("button", name="Confirm and pay $6.90").click()
    expect(main).to_contain_text("$6.90 was paid")

    be(people.user("adam"))
    page.goto(asked)
    expect(main).to_contain_text("Bilal Brahimi")
    expect(main).to_contain_text("Approved")
    assert ChangeRequest.objects.get().state == "approved"
    assert complaints == []


def test_olivia_sets_a_limit_they_talk_and_bilal_invites_from_a_list(
    live_server: LiveServer, page: Page, be: Callable[[User], None], barriers: Callable[[Page], list[str]],
    complaints: list[str],
) -> None:  # fmt: skip
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 1, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    main, home = page.get_by_role("main"), f"{live_server.url}/a/acme"
    be(people.user("olivia"))
    page.goto(f"{home}/billing/requests/limits/")
    page.get_by_label("Two people approve above (USD)").fill("3.00")
    page.get_by_role("button", name="Save the limits").click()
    expect(main).to_contain_text("Above $3.00 two people approve")
    assert barriers(page) == []

    be(people.user("adam"))
    page.goto(f"{home}/billing/subscription/manage/")
    page.get_by_label("Seats – Support").fill("3")
    page.get_by_role("button", name="Submit request").click()
    expect(main).to_contain_text("Two people must approve it")
    page.get_by_label("Comment").fill("Two join on Monday")
    page.get_by_role("button", name="Add comment").click()
    expect(main).to_contain_text("Your comment is written.")
    assert barriers(page) == []

    be(people.user("bilal"))
    page.goto(f"{home}/people/invite/several/")
    page.get_by_label("Who").fill("Nina <nina@new.example>\nOtto <otto@new.example>")
    page.get_by_label("Seat", exact=True).select_option("support")
    assert barriers(page) == []
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(main).to_contain_text("Invited once it is confirmed")
    assert barriers(page) == []
    # 2 × 12 × 105/365 − 1 × 12 × 105/365 = 6.90 − 3.45
    page.get_by_role("button", name="Confirm and pay $3.45").click()
    expect(main).to_contain_text("The invitation is on its way.")
    assert complaints == []
