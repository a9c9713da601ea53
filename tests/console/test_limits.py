"""Olivia sets limits; Adam's request is approved by them, or its page says why people decide, and who."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts import mail
from accounts.models import Account, Letter
from billing.models import ApprovalLimits, ChangeRequest, Invoice, PaymentMethod, Product
from tests import people, shop
from tests.console.changing import pay_by_card
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)
LIMITS = "/a/acme/billing/requests/limits/"
MANAGE = "/a/acme/billing/subscription/manage/"


@pytest.fixture
def ledger() -> Account:
    """Ten seats at a grandfathered 1.00 a month: one more costs 3.45 now and 12.00 a year."""
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


def browser(name: str) -> Client:
    return signed_in(people.user(name))


def set_limits(**typed: object) -> Any:
    return browser("olivia").post(LIMITS, typed, follow=True)


def ask(name: str = "adam", seats: int = 11) -> Any:
    wish = {"seats-support": seats, "edition-support": "team", "cycle": "annual", "note": ""}
    return browser(name).post(MANAGE, wish, follow=True)


def test_olivia_sets_limits_and_everybody_reads_them(ledger: Account) -> None:
    seen = text(browser("adam").get(LIMITS))
    assert "Nothing is approved automatically. One person approves, whatever it costs." in seen
    assert "Only the account owner can set the limits for change requests." in seen
    seen = text(set_limits(amount="50.00", seats="5", two_above="1 000"))
    assert "The limits are changed." in seen
    assert "Up to $50.00 a month is approved automatically; $0.00 of it is used this month." in seen
    assert "Up to 5 seats a month are approved automatically; 0 of them are used this month." in seen
    assert "Above $1,000.00 two people approve, neither of them the requester." in seen
    assert "Nothing was changed." in text(set_limits(amount="50.00", seats="5", two_above="1000"))
    activity = text(browser("adam").get("/a/acme/activity/"))
    assert "Limits for change requests changed" in activity
    assert "$50.00" in activity
    set_limits()
    assert ApprovalLimits.objects.get().as_rules().approves is False


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"amount": "-1"}, "0"),
        ({"amount": "NaN"}, ""),
        ({"amount": "1.005"}, "USD has no such small part."),
        ({"amount": "99999999999999"}, ""),
        ({"seats": "1.5"}, ""),
        ({"seats": "five"}, ""),
        ({"two_above": "1e40"}, ""),
        ({"amount": "50", "two_above": "49.99"}, "This must not be below what is approved automatically."),
    ],
)
def test_what_is_no_limit_is_refused_at_its_field(ledger: Account, typed: dict[str, str], says: str) -> None:
    answer = browser("olivia").post(LIMITS, typed)
    assert answer.status_code == 422
    assert says in text(answer)
    assert next(iter(typed.values())) in answer.content.decode()
    assert not ApprovalLimits.objects.exists()


@pytest.mark.parametrize("name", ["bilal", "adam", "agnes"])
def test_nobody_else_sets_them(ledger: Account, name: str) -> None:
    assert browser(name).post(LIMITS, {"amount": "5"}).status_code == 403
    assert not ApprovalLimits.objects.exists()


def test_what_is_within_the_limits_is_done_at_once(ledger: Account) -> None:
    set_limits(amount="50.00")
    page = text(ask())
    assert "Your request is within the limits. It was approved automatically." in page
    assert "approved automatically in the name of Olivia Owens." in page
    assert "See the receipt" in page
    assert "$3.45 of it is used this month" in text(browser("bilal").get(LIMITS))
    letters = {one.kind: one for one in Letter.objects.select_related("account", "user").order_by("pk")}
    for kind, words in (
        ("change_confirmed", "It is within the limits, and was approved automatically."),
        ("request_decided", "Your request is within the limits that Olivia Owens allows"),
    ):
        made = mail.message(letters[kind])
        assert words in " ".join(str(made.body).split())
        assert words in re.sub(r"</?bdi>", "", " ".join(str(made.alternatives[0][0]).split()))
    assert "request_submitted" not in letters


def test_what_is_over_says_why_and_how_many_decide(ledger: Account) -> None:
    assert "One person approves it." in text(ask())
    set_limits(amount="3.00", two_above="100.00")
    page = text(ask())
    assert "because it costs more than was left of the month’s limit." in page
    assert "One person approves it: it costs no more than $100.00, above which two must." in page


def test_two_people_approve_and_the_page_leads_them(ledger: Account) -> None:
    set_limits(two_above="3.00")
    ask()
    one = ChangeRequest.objects.get()
    address = f"/a/acme/billing/requests/{one.pk}/"
    bilal, olivia = browser("bilal"), browser("olivia")
    assert "Who can: Olivia Owens, Bilal Brahimi." in text(bilal.get(address)).replace("\u2068", "").replace(
        "\u2069", ""
    )
    review = bilal.post(f"{address}approve/", follow=True).redirect_chain[-1][0]
    after = bilal.post(review, follow=True)
    assert after.redirect_chain[-1][0] == address
    page = text(after).replace("\u2068", "").replace("\u2069", "")
    assert "You approved it first. It is carried out once a second person approves it." in page
    assert "A second person must approve it too. Who can: Olivia Owens." in page
    (letter,) = Letter.objects.select_related("account", "user").filter(kind="request_approved_first")
    assert mail.message(letter).subject == "The request of Adam Adler for Acme needs a second approval"
    review = olivia.post(f"{address}approve/", follow=True).redirect_chain[-1][0]
    assert "$3.45 was paid" in text(olivia.post(review, follow=True))
    page = text(browser("adam").get(address))
    assert "Bilal Brahimi approved it first" in page
    assert "then Olivia Owens." in page


def test_where_nobody_could_be_the_second_the_page_says_what_to_do(ledger: Account) -> None:
    set_limits(two_above="3.00")
    ask("adam")
    one = ChangeRequest.objects.get()
    ChangeRequest.objects.update(requester=people.user("bilal"))
    address = f"/a/acme/billing/requests/{one.pk}/"
    olivia = browser("olivia")
    review = olivia.post(f"{address}approve/", follow=True).redirect_chain[-1][0]
    page = text(olivia.post(review, follow=True))
    assert "Nobody else can approve it" in page
    assert (
        "The account owner can give somebody billing permission on the People page, or raise the limit."
        in page
    )


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_where_costs_are_hidden_no_amount_is_shown(ledger: Account, kind: str) -> None:
    set_limits(amount="50.00")
    Account.objects.update(type=kind)
    page = browser("olivia").get(LIMITS)
    assert (page.status_code, "$" in text(page), "50" in text(page)) == (200, False, False)
    assert browser("olivia").post(LIMITS, {"amount": "5"}).status_code == 403


def test_resolutions_are_no_seats(db: None) -> None:
    """Three resolutions at 10.00, 105 of 365 days: 3 × 10.00 × 12 × 105/365 = 103.56; no seats."""
    account = acme_at()
    lines = {"support": ("team", 10, "1.00"), "copilot": ("standard", 2, "10.00")}
    shop.subscribe(account, lines, start=date(2022, 10, 27))
    pay_by_card(account)
    Product.objects.filter(key="copilot").update(
        counted_in={"en": ["resolution", "resolutions"], "fr": ["résolution", "résolutions"]}
    )
    wish = {"seats-support": 10, "edition-support": "team", "cycle": "annual", "seats-copilot": 5}
    set_limits(seats="3")
    page = text(browser("adam").post(MANAGE, wish, follow=True))
    assert "One person approves it." in page
    ChangeRequest.objects.all().delete()
    set_limits(amount="400.00", seats="3")
    page = text(browser("adam").post(MANAGE, wish, follow=True))
    assert "It was approved automatically." in page
    assert "0 of them are used this month." in text(browser("bilal").get(LIMITS))
    invoice = text(browser("bilal").get(f"/a/acme/billing/invoices/{Invoice.objects.get().number}/"))
    assert "Resolutions added" in invoice
    assert "Seats added" not in invoice
