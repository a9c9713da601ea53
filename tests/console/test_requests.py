"""Adam asks, Bilal or Olivia decides on their pages; the vendor's staff decide in the back office."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Activity
from billing.models import ChangeRequest, Invoice, PaymentMethod
from tests import people, shop
from tests.console.reading import JULY_14, acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
MANAGE = "/a/acme/billing/subscription/manage/"
TAB = "/a/acme/billing/subscription/?tab=requests"
WISH = {"seats-support": 11, "edition-support": "team", "cycle": "annual", "note": "For July"}


@pytest.fixture
def ledger() -> Account:
    """Ten seats at a grandfathered 1.00 a month, annual; today is 14 July 2023."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


def browser(name: str) -> Client:
    return signed_in(people.user(name))


def ask(name: str = "adam", **fields: object) -> str:
    """Submit a request and return its address."""
    answer = browser(name).post(
        MANAGE, WISH | {key.replace("_", "-"): value for key, value in fields.items()}
    )
    assert answer.status_code == 302, text(answer)
    return str(answer["Location"])


def test_adam_asks_bilal_approves_and_adam_reads_the_answer(ledger: Account) -> None:
    address = ask()
    adam, bilal = browser("adam"), browser("bilal")
    seen = text(adam.get(address))
    assert "Someone else decides it; you will be notified by e-mail." in seen
    # 11 × 12 × 105/365 − 10 × 12 × 105/365 = 37.97 − 34.52
    assert "$3.45" in seen
    review = bilal.post(f"{address}approve/", follow=True)
    receipt = bilal.post(review.redirect_chain[-1][0], follow=True)
    assert "$3.45 was paid" in text(receipt)
    assert "Approved" in text(adam.get(address))
    assert "Bilal Brahimi" in text(adam.get(address))


def test_the_tab_tells_what_a_request_costs_today_and_on_the_day_it_was_made(ledger: Account) -> None:
    ask()
    Account.objects.update(clock=JULY_14 + timedelta(days=1))
    # 11 × 12 × 104/365 − 10 × 12 × 104/365 = 37.61 − 34.19
    assert "$3.42 $3.45 on the day it was asked" in text(browser("bilal").get(TAB))
    address = ask(seats_support=8, edition_support="team")
    # 8 seats come at the renewal, at 1.00 × 12: 96.00 in the place of 120.00.
    page = text(browser("bilal").get(address))
    assert "Support: 10 → 8 seats (−2) on 27 October 2023" in page
    assert "Renewal on 27 October 2023 $96.00" in page


def test_what_was_decided_last_is_listed_and_a_request_that_came_true_says_so(ledger: Account) -> None:
    first, second = ask(), ask(note="Once more")
    browser("olivia").post(f"{first}reject/", {"reason": "Not now"})
    bilal = browser("bilal")
    bilal.post(bilal.post(MANAGE, WISH)["Location"])
    assert "It was closed automatically: what it asks for is already in place." in text(
        browser("adam").get(second)
    )
    listed = text(browser("adam").get(TAB))
    assert "No request waits for a decision" in listed
    assert (
        "Recently decided Closed Support: 10 → 11 seats (+1) Adam Adler Rejected Support: 10 → 11 seats (+1)"
        in listed
    )


def test_bilal_edits_and_approves(ledger: Account) -> None:
    address = ask(seats_support=15)
    number = ChangeRequest.objects.get().pk
    bilal = browser("bilal")
    assert 'value="15"' in bilal.get(f"{MANAGE}?request={number}").content.decode()
    review = bilal.post(MANAGE, WISH | {"seats-support": 12, "request": number}, follow=True)
    bilal.post(review.redirect_chain[-1][0])
    assert shop.line(ledger, "support").quantity == 12
    assert "Approved" in text(browser("adam").get(address))


def test_olivia_rejects_with_a_reason_and_nobody_decides_their_own(ledger: Account) -> None:
    address = ask()
    olivia = browser("olivia")
    for reason in ("", "   ", "x" * 10_000):
        refused = olivia.post(f"{address}reject/", {"reason": reason})
        assert (refused.status_code, "1 to 2,000 characters" in text(refused)) == (422, True)
    assert browser("adam").post(f"{address}approve/").status_code == 403
    olivia.post(f"{address}reject/", {"reason": "Not\r\nBcc: x@y.example <b>now</b>"})
    seen = browser("adam").get(address)
    assert "Not Bcc: x@y.example <b>now</b>" in text(seen).replace("&lt;", "<")
    assert ChangeRequest.objects.get().state == "rejected"


def test_approving_what_was_just_withdrawn(ledger: Account) -> None:
    address = ask()
    bilal, adam = browser("bilal"), browser("adam")
    assert bilal.post(f"{address}withdraw/").status_code == 403
    assert "The request is withdrawn." in text(adam.post(f"{address}withdraw/", follow=True))
    over = bilal.post(f"{address}approve/", follow=True)
    assert "It was decided, withdrawn or closed meanwhile." in text(over)
    assert not Invoice.objects.exists()


def test_a_note_of_ten_thousand_characters_is_refused(ledger: Account) -> None:
    assert browser("adam").post(MANAGE, WISH | {"note": "x" * 10_000}).status_code == 422
    assert not ChangeRequest.objects.exists()


def test_an_account_whose_type_changed_is_decided_by_staff(ledger: Account) -> None:
    address = ask()
    Account.objects.update(type="managed")
    assert browser("bilal").post(f"{address}approve/").status_code == 403
    seen = text(browser("bilal").get(address))
    assert "$" not in seen


# --- The back office's queue ---------------------------------------------------------------------


@pytest.fixture
def vera() -> Client:
    return signed_in(people.vera())


def queue(address: str = "") -> str:
    return reverse("vendor:billing_changerequest_changelist") + address


def decide() -> str:
    return reverse("vendor:billing_changerequest_decide", args=[ChangeRequest.objects.get().pk])


def test_vera_prices_a_managed_accounts_request_and_accepts_it(ledger: Account, vera: Client) -> None:
    Account.objects.update(type="managed")
    ask("olivia", seats_support=10, seats_guide=3)
    assert "Olivia Owens" in text(vera.get(queue("?waits_for=staff")))
    assert "Olivia Owens" not in text(vera.get(queue("?waits_for=customer")))
    # 3 × 6.00 × 12 × 105/365 = 62.14 at the list price; at 5.00 it is 51.78
    assert "62.14" in text(vera.get(decide()))
    assert "51.78" in text(vera.post(decide(), {"act": "preview", "price-guide": "5.00"}))
    assert not Invoice.objects.exists()
    vera.post(decide(), {"act": "accept", "price-guide": "5.00", "reason": "As in the contract"})
    assert str(Invoice.objects.get().total) == "$51.78"
    assert str(shop.line(ledger, "guide").unit_price) == "$5.00"
    entry = Activity.objects.get(verb="request_priced_by_staff")
    assert (entry.actor_name, entry.by_staff, entry.reason) == ("Vera Vance", True, "As in the contract")
    assert ChangeRequest.objects.get().state == "approved"


@pytest.mark.parametrize(
    "wrong",
    [
        {"act": "accept"},
        {"act": "accept", "reason": " "},
        {"act": "reject", "reason": "x" * 10_000},
        {"act": "accept", "reason": "x", "price-guide": "-1"},
        {"act": "accept", "reason": "x", "price-guide": "1.005"},
        {"act": "accept", "reason": "x", "price-guide": "NaN"},
    ],
)
def test_without_a_reason_or_with_a_wrong_price_nothing_happens(
    ledger: Account, vera: Client, wrong: dict[str, str]
) -> None:
    Account.objects.update(type="managed")
    ask("olivia", seats_support=10, seats_guide=3)
    assert vera.post(decide(), wrong).status_code == 422
    assert ChangeRequest.objects.get().state == "open"


def test_vera_rejects_with_a_reason_and_olivia_reads_it(ledger: Account, vera: Client) -> None:
    Account.objects.update(type="managed")
    address = ask("olivia", seats_support=10, seats_guide=3)
    vera.post(decide(), {"act": "reject", "reason": "Guide ends this year"})
    assert "Guide ends this year" in text(browser("olivia").get(address))
    assert vera.get(decide()).status_code == 302


def test_what_the_customer_decides_is_not_for_staff(ledger: Account, vera: Client) -> None:
    ask()
    assert vera.post(decide(), {"act": "accept", "reason": "x"}).status_code == 302
    assert ChangeRequest.objects.get().state == "open"
    assert browser("olivia").get(decide()).status_code == 404
