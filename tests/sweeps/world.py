"""Eighteen accounts, one of each type and standing, full of data, and the fifteen who come to the door.

Every member is in all eighteen with the same role. Globex is another company. Every account has a
subscription, an invoice, a quote, a request and a discount of its own, with amounts nobody could
mistake: see MONEY.
"""

import hashlib
import time
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.test import Client
from djmoney.money import Money

from accounts import clock, roles
from accounts.models import Account, Invitation, Membership, OwnershipOffer, User
from accounts.rules.roles import Role
from billing import kept_quotes, quotes
from billing.models import (
    BillingProfile,
    ChangeRequest,
    Charge,
    DataExport,
    Discount,
    Invoice,
    InvoiceRecipient,
    KeptQuote,
    PaymentLink,
    PaymentMethod,
    PostalAddress,
    Quote,
    ScheduledChange,
    Subscription,
    TemporarySeats,
)
from billing.rules.changes import AddSeats
from tests import acting, databases, people, shop

TYPES = {"S": "self_service", "A": "assisted", "M": "managed"}
STATES = {"T": "trial", "E": "trial", "A": "active", "P": "past_due", "S": "suspended", "C": "cancelled"}
# Unit prices: their digits stand in no date, id or count.
MONEY = {"support": "7391.37", "guide": "8264.51"}
ABSENT = "nowhere"
# Links to pay the invoice of an account, by what has become of each.
LINKS = ("good", "declined", "expired", "revoked")

# The letter of the decision table, or why a person has none.
PERSONS = {
    "anonymous": "",
    "without": "",
    "light_agent": "L",
    "agent": "A",
    "finance_reader": "F",
    "admin": "D",
    "billing_admin": "B",
    "delegated": "P",
    "owner": "O",
    "of_globex": "",
    "ex_member": "",
    "suspended": "",
    "inactive": "",
    "staff": "",
    "superuser": "",
}
# Their session has no person any more.
NOBODY = {"anonymous", "inactive"}


@dataclass
class World:
    """The accounts by type and standing letter, and a browser for each person."""

    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    today: date = date(2000, 1, 1)


# A world with its rows, by its day, and by whether it was made within a test's transaction.
_made: dict[tuple[date, bool], tuple[World, dict[str, bytes]]] = {}


def make() -> World:
    """Return the whole world, with everybody signed in: made once in a run, its rows written again after."""
    today = datetime.now(UTC).date()  # noqa: TID251 - the program's own clock runs too
    if databases.filled():
        return _make(today)
    key = (today, connection.in_atomic_block)
    if key in _made:
        databases.load(_made[key][1])
        return deepcopy(_made[key][0])
    made = _make(today)
    _made[key] = (deepcopy(made), databases.unload())
    return made


def _make(today: date) -> World:
    world = World(today=today)
    for name in PERSONS:
        if name != "anonymous":
            staff = name in ("staff", "superuser")
            world.users[name] = people.person(
                f"{name.replace('_', '-')}@people.example",
                f"Person {name.title()}",
                is_staff=staff,
                is_superuser=name == "superuser",
            )
    for kind in TYPES:
        for standing in STATES:
            world.accounts[kind, standing] = account(world, kind, standing)
    globex = people.account("globex", "Globex", [(world.users["of_globex"], Role.OWNER)])
    fill(globex, world.users["of_globex"], world.today)
    sign_in(world)
    return world


def account(world: World, kind: str, standing: str) -> Account:
    """Make one account with its members and its data, then bring it into its type and standing."""
    slug = f"firm-{kind.lower()}{standing.lower()}"
    users = world.users
    made = people.account(
        slug,
        f"Firm {kind}{standing}",
        [
            (users["light_agent"], Role.LIGHT_AGENT),
            (users["agent"], Role.AGENT),
            (users["finance_reader"], Role.FINANCE_READER),
            (users["admin"], Role.ADMIN),
            (users["billing_admin"], Role.BILLING_ADMIN),
            (users["owner"], Role.OWNER),
            (users["suspended"], Role.ADMIN),
            (users["inactive"], Role.ADMIN),
            (users["ex_member"], Role.ADMIN),
        ],
        timezone="UTC",
    )
    roles.enrol(made, [(users["delegated"], Role.BILLING_ADMIN)], changes_payment=[users["delegated"]])
    if standing not in "TE":
        fill(made, users["owner"], world.today)
        wait_for_answers(made, users)
    into(made, kind, standing, world.today)
    return made


def into(account: Account, kind: str, standing: str, today: date) -> None:
    """Bring an account into a type and a standing, past all verbs."""
    values: dict[str, Any] = {"type": TYPES[kind], "state": STATES[standing]}
    if standing in "TE":
        values["trial_ends_on"] = today + timedelta(days=9 if standing == "T" else -9)
    if standing == "C":
        values["cancelled_at"] = datetime(2026, 10, 1, tzinfo=UTC)
        Quote.objects.filter(subscription_id=account.pk, state="open").update(state="closed")
        ChangeRequest.objects.filter(subscription_id=account.pk).delete()
    Account.objects.filter(pk=account.pk).update(**values)
    account.refresh_from_db()


def fill(account: Account, owner: User, today: date) -> None:
    """Give an account a subscription, an invoice, an open quote, a request, a discount and more."""
    lines = {"support": ("team", 10, MONEY["support"]), "guide": ("team", 12, MONEY["guide"])}
    start = today - timedelta(days=100)
    shop.subscribe(account, lines, start=start)
    for use, last_four in (("default", "4242"), ("spare", "1881")):
        PaymentMethod.objects.create(
            subscription_id=account.pk, use=use, kind="card", brand="Bank", last_four=last_four
        )
    Account.objects.filter(pk=account.pk).update(collection_method="send_invoice")
    give_profile(account)
    at = datetime.combine(today, datetime.min.time(), UTC)
    with acting.at(at, address="203.0.113.7"):
        quote = quotes.draw_up(
            account, [AddSeats("support", 11)], occasion=acting.occasion(by=owner, on=today)
        )
        quotes.confirm(quote.pk, occasion=acting.occasion(by=owner, on=today))
        kept = quotes.draw_up(account, [AddSeats("guide", 13)], occasion=acting.occasion(by=owner, on=today))
        kept_quotes.keep(kept.pk, f"Kept by {account.slug}", occasion=acting.occasion(by=owner, on=today))
    subscription = Subscription.objects.get(pk=account.pk)
    ChangeRequest.objects.create(
        subscription=subscription,
        requester=None,
        requester_name="Person Admin",
        changes=[],
        note=f"Wanted by {account.slug}",
        created_at=at,
        expires_at=at + timedelta(days=30),
    )
    Quote.objects.filter(pk=quote.pk).update(
        request=ChangeRequest.objects.create(
            subscription=subscription,
            requester=None,
            requester_name="Person Admin",
            changes=quote.changes,
            note=f"Approved for {account.slug}",
            state=ChangeRequest.State.APPROVED,
            decided_at=at,
            created_at=at,
            expires_at=at + timedelta(days=30),
        )
    )
    line = shop.line(account, "support")
    ScheduledChange.objects.create(
        subscription=subscription,
        line=line,
        kind="quantity",
        quantity=9,
        takes_effect_on=subscription.paid_until,
        created_by=owner,
    )
    TemporarySeats.objects.create(
        subscription=subscription,
        line=line,
        quantity=3,
        starts_on=today - timedelta(days=5),
        ends_on=today + timedelta(days=25),
        charged=Money("5917.43", account.currency),
        created_by=owner,
    )
    DataExport.objects.create(
        account=account, requested_by=owner, created_at=at, ready_at=at, state="ready", content=b"PK"
    )
    give_links(account, at)
    Discount.objects.create(
        subscription=subscription,
        kind="fixed",
        source="coupon",
        code=f"COUPON-{account.slug.upper()}",
        amount=Money("613.57", account.currency),
    )


def give_profile(account: Account) -> None:
    """Say whom the account's invoices are made out to, and who gets them."""
    sold_to = PostalAddress.objects.create(
        account=account,
        country="US",
        lines=[f"1 {account.slug} Street"],
        city="Austin",
        region="TX",
        postal_code="78701",
    )
    profile = BillingProfile.objects.create(
        account=account,
        legal_name=f"Legal {account.slug}",
        sold_to=sold_to,
        purchase_order=f"PO-{account.slug}",
    )
    InvoiceRecipient.objects.create(
        profile=profile, email=f"books-{account.slug}@keepers.example", language="en"
    )


def token(account: Account, which: str) -> str:
    """Return the token of one of an account's links."""
    return f"{which}-{account.slug}"


def give_links(account: Account, at: datetime) -> None:
    """Give the open invoice of an account links: a good one, and those that pay nothing (any more)."""
    invoice = Invoice.objects.get(subscription_id=account.pk)
    for which in LINKS:
        link = PaymentLink.objects.create(
            invoice=invoice,
            token_hash=hashlib.sha256(token(account, which).encode()).hexdigest(),
            created_at=at,
            expires_at=at if which == "expired" else at + timedelta(days=90),
            revoked_at=at if which == "revoked" else None,
        )
        if which == "declined":
            Charge.objects.bulk_create(
                Charge(
                    subscription_id=account.pk,
                    invoice=invoice,
                    link=link,
                    amount=invoice.due,
                    method="test_declines",
                    state="failed",
                    failure="declined",
                    created_at=clock.now(),
                )
                for _try in range(10)
            )


def wait_for_answers(account: Account, users: dict[str, User]) -> None:
    """Give an account an invitation and an offer of ownership that wait, past all verbs."""
    at = clock.now()
    until = {"created_at": at, "expires_at": at + timedelta(days=7)}
    Invitation.objects.create(
        account=account,
        email=f"invited-{account.slug}@people.example",
        name=f"Invited by {account.slug}",
        role=Role.AGENT,
        token_hash=account.slug,
        invited_by=users["owner"],
        **until,
    )
    OwnershipOffer.objects.create(account=account, offered_by=users["owner"], to=users["without"], **until)


def sign_in(world: World) -> None:
    """Open everybody's session; afterwards one is removed, one suspended, one made inactive."""
    world.clients["anonymous"] = Client(raise_request_exception=False)
    for name, user in world.users.items():
        world.clients[name] = Client(raise_request_exception=False)
        world.clients[name].force_login(user)
        # Seen until the sweep is over: what a request writes is undone, so each would write this anew.
        session, now = world.clients[name].session, int(time.time())
        session["began"], session["seen"] = now, now + 12 * 3600
        session.save()
    Membership.objects.filter(user=world.users["suspended"]).update(
        suspended_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    User.objects.filter(pk=world.users["inactive"].pk).update(is_active=False)
    ex = Membership.objects.filter(user=world.users["ex_member"])
    for member in ex:
        roles.AccountPermission.objects.filter(user=member.user).delete()
    ex.delete()


def own_ids(account: Account) -> dict[str, Any]:
    """Return an id of each kind of child that an account has; an absent one where it has none."""
    by_account = {"subscription_id": account.pk}
    found = {
        "quote": first(Quote.objects.filter(state="open", **by_account), "pk"),
        "receipt": first(Quote.objects.filter(state="confirmed", **by_account), "pk"),
        "request": first(ChangeRequest.objects.filter(state="open", **by_account), "pk"),
        "approved": first(ChangeRequest.objects.filter(state="approved", **by_account), "pk"),
        "invoice": first(Invoice.objects.filter(**by_account), "number"),
        "kept": first(KeptQuote.objects.filter(**by_account), "pk"),
        "link": first(PaymentLink.objects.filter(invoice__subscription_id=account.pk), "pk"),
        "change": first(ScheduledChange.objects.filter(**by_account), "pk"),
        "invitation": first(Invitation.objects.filter(account=account), "pk"),
        "offer": first(OwnershipOffer.objects.filter(account=account), "pk"),
        "export": first(DataExport.objects.filter(account=account), "pk"),
        "member": first(Membership.objects.filter(account=account, role="agent"), "pk"),
        "recipient": first(InvoiceRecipient.objects.filter(profile=account.pk), "pk"),
        "method": first(PaymentMethod.objects.filter(use="spare", **by_account), "pk"),
    }
    return {name: value if value is not None else ABSENT_IDS[name] for name, value in found.items()}


ABSENT_IDS: dict[str, Any] = {
    "quote": "00000000-0000-4000-8000-000000000000",
    "receipt": "00000000-0000-4000-8000-000000000000",
    "request": 999_999_999,
    "approved": 999_999_999,
    "invoice": "INV-999999",
    "kept": "00000000-0000-4000-8000-000000000000",
    "link": 999_999_999,
    "change": 999_999_999,
    "invitation": 999_999_999,
    "offer": 999_999_999,
    "export": 999_999_999,
    "member": 999_999_999,
    "recipient": 999_999_999,
    "method": 999_999_999,
}


def first(rows: Any, column: str) -> Any:
    values: Iterable[Any] = rows.order_by("pk").values_list(column, flat=True)[:1]
    return next(iter(values), None)
