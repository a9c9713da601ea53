"""Each act of people, roles, ownership and requests tells whom it concerns, once, in their language."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core import mail as outbox
from django.db import transaction

from accounts import invitations, mail, ownership, roles
from accounts.models import Account, Letter, User
from accounts.rules.roles import Role
from billing import change_requests, quotes, seats
from billing.models import ChangeRequest
from billing.rules.changes import AddSeats, Change, ReduceSeats
from tests import acting, people, shop
from tests.billing.confirming import NOON, TODAY

pytestmark = pytest.mark.usefixtures("acting")
Act = Callable[[Account], object]
BOTH = ["bilal", "olivia"]


# No note and no name starts a header of its own.
FORGED = "\r\nBcc: all@world.example"
MORE = AddSeats("support", 3)


def ask(acme: Account, change: Change = MORE) -> ChangeRequest:
    return change_requests.submit(
        acme, [change], note=f"Please{FORGED}", occasion=acting.occasion(by=people.user("adam"), on=TODAY)
    )


def approve(acme: Account) -> None:
    # Nothing is due for fewer seats at the renewal: no provider is asked.
    quote = change_requests.draw_up(
        ask(acme, ReduceSeats("support", 1)).pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    quotes.confirm(quote.pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY))


def expire(acme: Account) -> None:
    ask(acme)
    with acting.at(NOON + timedelta(days=30)):
        assert change_requests.expire(acting.now()) == 1
        assert change_requests.expire(acting.now()) == 0


def reject(acme: Account) -> None:
    change_requests.reject(
        ask(acme).pk, reason=f"Not now{FORGED}", occasion=acting.occasion(by=people.user("bilal"), on=TODAY)
    )


def withdraw(acme: Account) -> None:
    change_requests.withdraw(ask(acme).pk, occasion=acting.occasion(by=people.user("adam"), on=TODAY))


def role(name: str, given: Role) -> Act:
    return lambda acme: roles.give(
        people.member(name, acme).pk, given, occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )


def delegate(acme: Account) -> None:
    for allowed in (True, True, False, False):
        roles.delegate(
            people.member("bilal", acme).pk,
            changes_payment=allowed,
            occasion=acting.occasion(by=people.user("olivia"), on=TODAY),
        )


def offer(acme: Account) -> ownership.OwnershipOffer:
    return ownership.offer(
        people.member("bilal", acme).pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )


def accept(acme: Account) -> None:
    ownership.accept(offer(acme).pk, occasion=acting.occasion(by=people.user("bilal")))


def invite(acme: Account) -> None:
    invitations.invite(
        acme,
        "nina@new.example",
        "Nina",
        Role.AGENT,
        occasion=acting.occasion(by=people.user("bilal"), on=TODAY),
    )


def last_seats(acme: Account) -> None:
    for name in ("adam", "agnes"):
        seats.assign(
            shop.line(acme, "support").pk,
            people.member(name, acme).pk,
            occasion=acting.occasion(by=people.user("bilal"), on=TODAY),
        )


# What each act sends beside the letters of the acts before it: the kind, and to whom.
SENDS: list[tuple[Act, dict[str, list[str]]]] = [
    (ask, {"request_submitted": BOTH}),
    (approve, {"request_submitted": BOTH, "request_decided": ["adam"], "change_confirmed": BOTH}),
    (reject, {"request_submitted": BOTH, "request_decided": ["adam"]}),
    (withdraw, {"request_submitted": BOTH}),
    (expire, {"request_submitted": BOTH, "request_expired": ["adam"]}),
    (role("agnes", Role.ADMIN), {"role_given": ["agnes"]}),
    (role("adam", Role.AGENT), {"role_taken": ["adam"]}),
    (role("agnes", Role.AGENT), {}),
    (delegate, {"role_given": ["bilal"], "role_taken": ["bilal"]}),
    (offer, {"ownership_offered": BOTH}),
    (accept, {"ownership_offered": BOTH, "ownership_accepted": BOTH}),
    (invite, {"invited": ["nina"]}),
    (last_seats, {"last_seat_used": BOTH}),
]  # fmt: skip


@pytest.fixture
def firm(acme: Account) -> Account:
    """Two seats; Bilal reads French."""
    shop.subscribe(acme, {"support": ("team", 2, "1.00")}, start=date(2022, 10, 27))
    User.objects.filter(email="bilal@acme.example").update(language="fr")
    for person in User.objects.all():
        User.objects.filter(pk=person.pk).update(name=person.name + FORGED)
    return acme


def waiting() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, to in Letter.objects.order_by("to").values_list("kind", "to"):
        found.setdefault(kind, []).append(to.split("@")[0])
    return found


@pytest.mark.parametrize(("act", "sends"), SENDS)
def test_each_act_tells_whom_it_concerns_once(firm: Account, act: Act, sends: dict[str, list[str]]) -> None:
    act(firm)
    assert waiting() == sends
    mail.send_waiting(acting.now())
    mail.send_waiting(acting.now())
    assert len(outbox.outbox) == sum(len(to) for to in sends.values())
    for one in outbox.outbox:
        assert ("Bonjour" in one.body) is (one.to == ["bilal@acme.example"]), one.subject
        assert "Bcc" not in one.message()
        html = str(one.alternatives[0][0])
        assert "<html" in html
        assert "Acme" in one.body


def test_the_vendors_contact_is_led_to_the_queue_and_the_others_to_the_request(firm: Account) -> None:
    Account.objects.update(type="managed", vendor_contact_email="marcus@vendor.example")
    number = ask(firm).pk
    mail.send_waiting(acting.now())
    leads = {one.to[0]: str(one.body) for one in outbox.outbox}
    assert f"/vendor/billing/changerequest/{number}/decide/" in leads.pop("marcus@vendor.example")
    assert sorted(leads) == ["bilal@acme.example", "olivia@acme.example"]
    assert all(f"/a/acme/billing/requests/{number}/" in body for body in leads.values())


@pytest.mark.parametrize(("act", "sends"), SENDS)
def test_what_is_rolled_back_tells_nobody(firm: Account, act: Act, sends: dict[str, list[str]]) -> None:
    with transaction.atomic():
        act(firm)
        transaction.set_rollback(True)
    mail.send_waiting(acting.now())
    assert (waiting(), outbox.outbox) == ({}, [])
