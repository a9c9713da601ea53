"""The owner ends it all through the pages; everybody else reads why they can't (domain.md 8)."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from billing.models import Cancellation, Quote, ScheduledChange
from tests import people, shop
from tests.console.changing import pay_by_card
from tests.console.reading import acme_at, open_as, signed_in, text
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db

CANCEL = "/a/acme/billing/subscription/cancel/"
AT_ONCE = f"{CANCEL}at-once/"
AT_END = f"{CANCEL}period-end/"
PRODUCT = f"{CANCEL}product/"


@pytest.fixture
def two(db: None) -> Account:
    """Ten seats of Support at 1.00 and two of Guide at 6.00 a month, annual; 105 days are left."""
    account = acme_at()
    lines = {"support": ("team", 10, "1.00"), "guide": ("team", 2, "6.00")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    pay_by_card(account)
    return account


@pytest.fixture
def olivia(two: Account) -> Client:
    """Olivia's browser: she owns Acme, and has just typed her password again."""
    client = signed_in(people.user("olivia"))
    again(client)
    return client


def again(client: Client) -> None:
    """Show the password once more."""
    answer = client.post(f"/sign-in/reauthenticate/?next={AT_ONCE}", {"password": PASSWORD})
    assert answer.headers["Location"] == AT_ONCE


def hidden(page: Any) -> dict[str, str]:
    """Return what goes back with the form of a sheet, unseen."""
    found = re.findall(r'type="hidden" name="(mark|seen)" value="([^"]*)"', page.content.decode())
    return dict(found)


def filled(client: Client, path: str = AT_ONCE, **other: str) -> dict[str, str]:
    """Return a sheet's form as it is filled in by who means it."""
    typed = {"reason": "not_needed", "text": "Bye", "name": "Acme"}
    return hidden(client.get(path)) | typed | other


# --- Who may, and what the others read -----------------------------------------------------------


@pytest.mark.parametrize("name", ["bilal", "adam"])
def test_colleagues_read_who_can(two: Account, name: str) -> None:
    answer = open_as(name, CANCEL)
    assert answer.status_code == 200
    assert "Only the account owner can cancel the account." in text(answer)
    assert "mailto:olivia%40acme.example" in answer.content.decode()
    assert AT_ONCE not in answer.content.decode()
    for path in (AT_ONCE, AT_END, PRODUCT):
        assert signed_in(people.user(name)).post(path).status_code == 403


def test_an_agent_is_told_that_only_the_owner_can(two: Account) -> None:
    answer = open_as("agnes", CANCEL)
    assert answer.status_code == 403
    assert "Only the account owner can cancel the account." in text(answer)


def test_the_owner_of_a_managed_account_is_led_to_the_vendor(two: Account) -> None:
    Account.objects.update(type="managed", vendor_contact_phone="+1 555 0100")
    answer = open_as("olivia", CANCEL)
    assert "On managed accounts, only" in text(answer)
    assert "Sales of Acme +1 555 0100" in text(answer)
    assert "$" not in text(answer)
    for path in (AT_ONCE, AT_END):
        assert open_as("olivia", path).status_code == 403


# --- A product -----------------------------------------------------------------------------------


def test_olivia_cancels_a_product_through_a_quote(olivia: Client) -> None:
    # Today 10 × 12 + 2 × 72 = 264; without Guide 120.
    assert "The renewal costs $120.00 instead of $264.00." in text(olivia.get(CANCEL))
    answer = olivia.post(PRODUCT, {"product": "guide"})
    quote = Quote.objects.get()
    assert answer.headers["Location"] == f"/a/acme/billing/quotes/{quote.pk}/"
    olivia.post(answer.headers["Location"])
    assert ScheduledChange.objects.get().kind == "removal"
    assert "Its end is scheduled already" in text(olivia.get(CANCEL))


def test_the_closed_page_signs_agnes_out_and_never_leads_back_to_itself(olivia: Client, two: Account) -> None:
    olivia.post(AT_ONCE, filled(olivia))
    agnes = signed_in(people.user("agnes"))
    page = agnes.get("/", follow=True)
    assert page.status_code == 410
    assert "olivia@acme.example" in text(page)
    assert "Your other accounts" not in text(page)
    assert 'action="/sign-in/logout/"' in page.content.decode()
    agnes.post("/sign-in/logout/")
    assert agnes.get("/a/acme/").status_code == 302


# --- At once -------------------------------------------------------------------------------------


def test_olivia_cancels_at_once(olivia: Client, two: Account) -> None:
    page = olivia.get(AT_ONCE)
    # 10 × 1.00 × 12 × 105/365 = 34.52; 2 × 6.00 × 12 × 105/365 = 41.42
    for words in ("$34.52", "$41.42", "Paid and forfeited before tax $75.94", "olivia@acme.example"):
        assert words in text(page), words
    done = olivia.post(AT_ONCE, filled(olivia))
    assert done.headers["Location"] == "/closed/"
    two.refresh_from_db()
    assert two.state == "cancelled"
    farewell = olivia.get("/closed/")
    assert farewell.status_code == 200
    assert "sales-acme@vendor.example" in farewell.content.decode()
    made = Cancellation.objects.get()
    assert (made.reason, made.text, made.sheet["forfeited"]) == ("not_needed", "Bye", 7594)
