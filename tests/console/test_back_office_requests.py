"""The queue of requests that the vendor's staff decide: what both sides read of it, and bad input."""

import re
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Activity, Letter
from billing.models import ChangeRequest, Invoice
from tests import people, shop
from tests.console.changing import MANAGE, wish
from tests.console.reading import acme_at, signed_in, text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vera() -> Client:
    return signed_in(people.vera())


def served(kind: str) -> Account:
    """Return Acme, which the vendor's staff serve: ten seats at 1.00; today is 14 July 2023."""
    account = acme_at(type=kind)
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    return account


def ask(name: str, **fields: object) -> str:
    """Ask for three seats of Guide or what is named, and return the request's address."""
    answer = signed_in(people.user(name)).post(MANAGE, wish(**(fields or {"seats_guide": 3})))
    assert answer.status_code == 302, text(answer)
    return str(answer["Location"])


def decide() -> str:
    return reverse("vendor:billing_changerequest_decide", args=[ChangeRequest.objects.get().pk])


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_adam_asks_vera_accepts_and_the_customer_sees_it_without_costs(kind: str, vera: Client) -> None:
    account = served(kind)
    address = ask("adam")
    seen = vera.get(decide())
    assert "Adam Adler" in text(seen)
    assert "Add Guide" in text(seen) or "Guide" in text(seen)
    done = vera.post(
        decide(), {"act": "accept", "price-guide": "5", "reason": "As in the contract"}, follow=True
    )
    assert "The request is carried out. The invoice is open under the contract." in text(done)
    # 3 × 5.00 × 12 × 105/365 = 51.78; no method is charged.
    invoice = Invoice.objects.get()
    assert (str(invoice.total), invoice.charges.count()) == ("$51.78", 0)
    told = Letter.objects.get(kind="request_decided")
    assert (told.to, told.facts["decision"]) == ("adam@acme.example", "approved")
    for name in ("adam", "olivia"):
        customer = signed_in(people.user(name))
        after = text(customer.get(address))
        assert "Approved" in after
        assert "Vera Vance" in after
        summary = text(customer.get(f"/a/{account.slug}/billing/subscription/"))
        assert "Guide" in summary
        assert not re.search(r"[$€]|51[.,]78", after + summary)
    trail = text(signed_in(people.user("olivia")).get(f"/a/{account.slug}/activity/"))
    assert "As in the contract" in trail


def test_accepting_twice_carries_out_once(vera: Client) -> None:
    served("managed")
    ask("adam")
    sent = {"act": "accept", "price-guide": "5", "reason": "As in the contract"}
    address = decide()
    vera.post(address, sent)
    again = vera.post(address, sent, follow=True)
    assert "not for our staff to decide, or no longer open" in text(again)
    assert Invoice.objects.count() == 1


def test_vera_rejects_and_who_asked_is_told_why(vera: Client) -> None:
    served("managed")
    address = ask("adam")
    vera.post(decide(), {"act": "reject", "reason": "Guide ends this year"})
    letter = Letter.objects.get(kind="request_decided")
    assert (letter.to, letter.facts["reason"]) == ("adam@acme.example", "Guide ends this year")
    assert "Guide ends this year" in text(signed_in(people.user("adam")).get(address))
    assert Activity.objects.get(verb="request_rejected").by_staff
    assert not Invoice.objects.exists()


def test_added_seats_keep_the_price_of_their_line(vera: Client) -> None:
    """Eleven instead of ten at 1.00: 37.97 − 34.52 = 3.45; there is no price to type."""
    served("managed")
    ask("adam", seats_support=11)
    page = vera.get(decide())
    assert "$3.45" in text(page)
    assert 'name="price-' not in page.content.decode()


@pytest.mark.parametrize(
    "price",
    ["-1", "1.005", "NaN", "Infinity", "1e30", "99999999999", "٥ or so", "5,00", "<b>", "0x10", "1" * 400],
)
def test_a_price_that_is_none_is_refused_at_its_field(vera: Client, price: str) -> None:
    served("managed")
    ask("adam")
    answer = vera.post(decide(), {"act": "accept", "price-guide": price, "reason": "Contract"})
    assert answer.status_code == 422
    assert "errorlist" in answer.content.decode()
    assert ChangeRequest.objects.get().state == "open"
    assert not Invoice.objects.exists()


def test_the_highest_price_that_can_be_typed(vera: Client) -> None:
    """3 × 9,999,999,999.99 × 12 × 105/365 = 103,561,643,835.51, kept to the cent."""
    served("managed")
    ask("adam")
    vera.post(decide(), {"act": "accept", "price-guide": "9999999999.99", "reason": "Contract"})
    assert str(Invoice.objects.get().total) == "$103,561,643,835.51"


def test_a_request_that_cannot_be_made_says_why_and_can_be_rejected(vera: Client) -> None:
    """Acme is suspended after Adam asked."""
    served("managed")
    ask("adam")
    Account.objects.update(state="suspended")
    page = vera.get(decide())
    assert "errornote" in page.content.decode()
    refused = vera.post(decide(), {"act": "accept", "reason": "Contract"})
    assert refused.status_code == 422
    vera.post(decide(), {"act": "reject", "reason": "Pay first, please"})
    assert ChangeRequest.objects.get().state == "rejected"


def test_a_request_that_is_not_there(vera: Client) -> None:
    for number in (0, 4711, 2**70):
        assert vera.get(f"/vendor/billing/changerequest/{number}/decide/").status_code == 404


@pytest.mark.parametrize("kind", ["assisted", "managed"])
def test_an_edition_sold_by_talking_is_asked_for_and_priced_by_vera(kind: str, vera: Client) -> None:
    """Ten seats at 5.00 in the place of 1.00 for 105 of 365 days.

    10 × 5.00 × 12 × 105/365 − 10 × 1.00 × 12 × 105/365 = 172.60 − 34.52 = 138.08
    """
    account = served(kind)
    typed = wish(edition_support="enterprise") | {"as": "request", "note": "For the new site"}
    olivia = signed_in(people.user("olivia"))
    form = olivia.get(f"{MANAGE}?as=request").content.decode()
    assert 'value="enterprise"' in form
    answer = olivia.post(MANAGE, typed)
    assert answer.status_code == 302, text(answer)
    page = text(olivia.get(answer["Location"]))
    assert "Support: Team → Enterprise" in page
    assert "can’t be made" not in page
    one = ChangeRequest.objects.get()
    assert one.document is None
    seen = vera.get(decide())
    assert "Support has no list price in this edition: give one." in text(seen)
    assert not re.search(r'value="accept"[^>]*disabled', seen.content.decode())
    refused = vera.post(decide(), {"act": "accept", "reason": "Contract"})
    assert refused.status_code == 422
    assert ChangeRequest.objects.get().state == "open"
    vera.post(decide(), {"act": "accept", "price-support": "5", "reason": "Contract"})
    assert str(Invoice.objects.get().total) == "$138.08"
    assert shop.line(account, "support").edition.key == "enterprise"
    assert ChangeRequest.objects.get().state == "approved"


def test_a_request_for_an_edition_sold_by_talking_outlives_other_changes(vera: Client) -> None:
    served("assisted")
    ask("adam", edition_support="enterprise")
    olivia = signed_in(people.user("olivia"))
    olivia.post(olivia.post(MANAGE, wish(seats_support=11))["Location"])
    assert Invoice.objects.exists()
    assert ChangeRequest.objects.get().state == "open"
