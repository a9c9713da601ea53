"""What Bilal may do ends with the request after it was taken: open pages, quotes and sessions included."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Letter, Membership
from billing.models import ChangeRequest, Invoice, PaymentMethod, SandboxPayment
from tests import people, shop
from tests.console.reading import acme_at, signed_in, text
from tests.sweeps import routes, world

MANAGE = "/a/acme/billing/subscription/manage/"
MORE = {"seats-support": 11, "edition-support": "team", "cycle": "annual"}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def firm() -> Account:
    account = acme_at()
    shop.subscribe(account, {"support": ("team", 10, "1.00")}, start=date(2022, 10, 27))
    PaymentMethod.objects.create(
        subscription_id=account.pk, kind="card", brand="Visa", last_four="4242", reference="test_approves"
    )
    return account


@pytest.fixture
def bilal(firm: Account) -> Client:
    """Bilal's browser, in which everything was opened while he was a billing admin."""
    return signed_in(people.user("bilal"))


def drawn_up(bilal: Client) -> str:
    """Draw up a quote of one more seat, and return the address of its review."""
    return str(bilal.post(MANAGE, MORE)["Location"])


def olivia_does(part: str, **fields: str) -> None:
    member = Membership.objects.get(user=people.user("bilal"), account__slug="acme")
    done = signed_in(people.user("olivia")).post(f"/a/acme/people/{member.pk}/{part}/", fields)
    assert done.status_code == 302


def nothing_was_bought(firm: Account) -> None:
    assert shop.line(firm, "support").quantity == 10
    assert not Invoice.objects.exists()
    assert not SandboxPayment.objects.exists()


def test_a_quote_that_is_open_when_the_role_is_taken_buys_nothing(firm: Account, bilal: Client) -> None:
    review = drawn_up(bilal)
    assert "Confirm and pay $3.45" in text(bilal.get(review))
    olivia_does("role", role="admin")
    refused = bilal.post(review)
    assert refused.status_code == 403
    assert "Only the account owner and billing admins can change the subscription." in text(refused)
    assert "Olivia Owens" in text(refused)
    nothing_was_bought(firm)
    # The page that was open submits a request from now on.
    bilal.post(MANAGE, MORE | {"note": "Then I ask"})
    assert ChangeRequest.objects.get().requester == people.user("bilal")


def test_a_request_is_not_approved_by_who_no_longer_decides(firm: Account, bilal: Client) -> None:
    asked = str(signed_in(people.user("adam")).post(MANAGE, MORE)["Location"])
    review = str(bilal.post(f"{asked}approve/")["Location"])
    olivia_does("role", role="agent")
    for address in (review, f"{asked}approve/", f"{asked}reject/"):
        assert bilal.post(address, {"reason": "x"}).status_code == 403, address
    assert ChangeRequest.objects.get().state == "open"
    nothing_was_bought(firm)


@pytest.mark.parametrize("part", ["remove", "suspend"])
def test_the_session_of_who_was_removed_gets_nothing_anywhere(
    firm: Account, bilal: Client, part: str
) -> None:
    review = drawn_up(bilal)
    olivia_does(part)
    letters = Letter.objects.count()
    ids = world.own_ids(firm)
    addresses = [review]
    for name, route in routes.ACCOUNT.items():
        parts = {"slug": "acme", **dict(route.parts)}
        if route.child:
            parts[route.part or route.child] = ids[route.child]
        addresses.append(reverse(name, kwargs=parts))
    absent = bilal.get("/a/never-existed/").content
    for address in addresses:
        for answer in (bilal.get(address), bilal.post(address, MORE | {"role": "owner"})):
            assert answer.status_code in (404, 405), address
            assert b"Acme" not in answer.content, address
    assert bilal.get("/a/acme/").content == absent
    assert "Acme" not in text(bilal.get("/"))
    nothing_was_bought(firm)
    assert Letter.objects.count() == letters
