"""Fatima, a finance reader: sees invoices, payments and statements, changes nothing, and sees nothing else.

Seen to fail: the gate of `payments.pay` asked for seeing instead of paying; costs shown to subscription
viewers alone; the seat's guard for light agents only; roles given by whoever manages people.
"""

import pytest
from django.test import Client

from accounts import invitations, roles
from accounts.models import Account, Membership, User
from accounts.rules.decision import NotAllowed
from accounts.rules.roles import Role
from billing import payments, seats
from billing.models import Charge, PaymentMethod
from tests import acting, people, shop
from tests.console.paying_by_link import TODAY, charge_automatically
from tests.console.reading import signed_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def fatima(debtor: Account) -> Client:
    """Fatima reads Acme's books: one seat from 14 July to 26 October, 3.45 and 20 % tax: 4.14 are open."""
    person = people.person("fatima@acme.example", "Fatima Faure")
    roles.enrol(debtor, [(person, Role.FINANCE_READER)])
    return signed_in(person)


def her() -> User:
    return User.objects.get(email="fatima@acme.example")


def test_she_reads_invoices_payments_and_statements_with_their_amounts(fatima: Client) -> None:
    home = text(fatima.get("/a/acme/"))
    assert "You are signed in as finance reader of this account." in home
    assert "$4.14" in text(fatima.get("/a/acme/billing/invoices/"))
    invoice = text(fatima.get("/a/acme/billing/invoices/INV-000001/"))
    assert "Support Team × 11" in invoice
    assert "To be paid $4.14" in invoice
    assert "View the change" not in invoice
    assert fatima.get("/a/acme/billing/invoices/INV-000001.pdf").content.startswith(b"%PDF")
    statement = text(fatima.get("/a/acme/billing/statement/?first=2023-07-01&last=2023-07-31"))
    assert "$4.14" in statement
    assert fatima.get("/a/acme/billing/payment/").status_code == 200
    assert fatima.get("/a/acme/billing/profile/").status_code == 200


@pytest.mark.parametrize(
    "page",
    [
        "billing/subscription/",
        "billing/subscription/manage/",
        "billing/subscription/renewal/",
        "billing/subscription/forecast/",
        "billing/contacts/",
        "people/",
        "activity/",
    ],
)
def test_nothing_else_of_the_account_is_hers_and_the_page_says_who_can(fatima: Client, page: str) -> None:
    refused = fatima.get(f"/a/acme/{page}")
    assert refused.status_code == 403
    assert "Olivia Owens" in text(refused)


@pytest.mark.django_db(transaction=True)
def test_she_pays_nothing_by_page_or_verb(debtor: Account, fatima: Client) -> None:
    charge_automatically(debtor, "test_approves")
    page = text(fatima.get("/a/acme/billing/invoices/INV-000001/"))
    assert "Pay $4.14" not in page
    assert "Olivia Owens" in page
    assert fatima.post("/a/acme/billing/invoices/INV-000001/pay/").status_code == 403
    debtor.refresh_from_db()
    with pytest.raises(NotAllowed):
        payments.pay("INV-000001", debtor, occasion=acting.occasion(her(), TODAY))
    assert not Charge.objects.exists()
    assert PaymentMethod.objects.count() == 1


def test_of_a_suspended_account_she_learns_who_pays(debtor: Account, fatima: Client) -> None:
    Account.objects.filter(pk=debtor.pk).update(state="suspended")
    assert "$4.14" in text(fatima.get("/a/acme/billing/invoices/INV-000001/"))
    refused = text(fatima.get("/a/acme/people/"))
    assert "Olivia Owens" in refused
    assert "Bilal Brahimi" in refused


def test_where_no_costs_are_shown_there_is_nothing_to_read(debtor: Account, fatima: Client) -> None:
    Account.objects.filter(pk=debtor.pk).update(type="managed")
    assert fatima.get("/a/acme/billing/invoices/").status_code == 403
    assert "4.14" not in text(fatima.get("/a/acme/"))


def test_the_owner_alone_gives_the_role(debtor: Account) -> None:
    agnes, bilal = people.member("agnes", debtor), people.user("bilal")
    with pytest.raises(NotAllowed):
        roles.give(agnes.pk, Role.FINANCE_READER, occasion=acting.occasion(bilal, TODAY))
    with pytest.raises(NotAllowed):
        invitations.invite(
            debtor, "f@x.example", "F", Role.FINANCE_READER, occasion=acting.occasion(bilal, TODAY)
        )
    roles.give(agnes.pk, Role.FINANCE_READER, occasion=acting.occasion(people.user("olivia"), TODAY))
    with pytest.raises(NotAllowed):
        roles.suspend(agnes.pk, occasion=acting.occasion(bilal, TODAY))
    assert "invoices" in text(signed_in(people.user("agnes")).get("/a/acme/")).lower()


def test_she_holds_no_seat(debtor: Account, fatima: Client) -> None:
    member = Membership.objects.get(user=her())
    with pytest.raises(seats.HoldsNoSeat):
        seats.assign(
            shop.line(debtor, "support").pk,
            member.pk,
            occasion=acting.occasion(people.user("olivia"), TODAY),
        )
    olivia = signed_in(people.user("olivia"))
    page = olivia.get(f"/a/acme/people/{member.pk}/")
    assert "Give a seat" not in text(page)
    assert "Light agents and finance readers hold no seat" in text(page)
