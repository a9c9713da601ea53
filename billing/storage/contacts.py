"""Reads whom documents are made out to, who is written to, and what is charged: of many accounts at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.copying import array
from accounts.models import Account
from billing.rules.parties import Buyer, buyer_from_plain
from billing.storage.sql import CONTACTS


@dataclass(frozen=True, slots=True)
class BillingContact:
    """A person who can act on billing; or, without an id, a recipient of invoices who needs no login."""

    email: str
    language: str
    name: str
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class ChargedMethod:
    """The payment method that is charged, with the provider's name for it."""

    kind: str
    brand: str
    last_four: str
    reference: str


@dataclass(frozen=True, slots=True)
class AccountContacts:
    """Whom an account's documents are made out to and sent to, and how they are paid.

    `people` are the owner, then the billing admins; a language is the account's where they chose none.
    """

    buyer: Buyer
    purchase_order: str
    people: tuple[BillingContact, ...]
    recipients: tuple[BillingContact, ...]
    method: ChargedMethod | None


def read_all(accounts: Sequence[Account]) -> dict[int, AccountContacts]:
    """Return the contacts of accounts by the accounts' ids, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(CONTACTS, [array(account.id for account in accounts)])
        stored = dict(cursor.fetchall())
    return {account.id: _contacts(account, stored[account.id]) for account in accounts}


def _contacts(account: Account, stored: Mapping[str, Any]) -> AccountContacts:
    people = tuple(
        BillingContact(one["email"], one["language"] or account.language, one["name"], one["id"])
        for one in stored["people"]
    )
    recipients = tuple(
        BillingContact(one["email"], one["language"], one["name"]) for one in stored["recipients"]
    )
    # Who gets a document: the first who was entered, or the owner.
    email = stored["first_recipient"] or (people[0].email if people else "")
    buyer = buyer_from_plain(
        {**stored["buyer"], "name": stored["buyer"]["name"] or account.name, "email": email}
    )
    assert buyer is not None  # it has a name
    method = stored["method"]
    return AccountContacts(
        buyer=buyer,
        purchase_order=stored["purchase_order"],
        people=people,
        recipients=recipients,
        method=ChargedMethod(**method) if method else None,
    )
