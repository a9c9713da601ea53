"""Opens an account with all of its people at once: for commands that bring in a whole company."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction

from accounts import roles
from accounts.models import Account, Membership, User
from accounts.rules.roles import Role

# A statement holds at most 65,535 parameters.
AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class NewMember:
    """Somebody who is to be a member; the e-mail address is in lower case."""

    email: str
    name: str
    role: Role
    language: str = ""
    changes_payment: bool = False
    suspended: bool = False


class Deactivated(Exception):  # noqa: N818 - it says no, nothing went wrong
    """People who can't be members because they were deactivated."""

    def __init__(self, emails: Iterable[str]) -> None:
        """Keep their addresses."""
        self.emails = tuple(sorted(emails))
        super().__init__(", ".join(self.emails))


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A company with all of its people, not stored yet, and the moment at which it is opened."""

    account: Account
    members: tuple[NewMember, ...]
    at: datetime


@transaction.atomic
def open_accounts(new: Sequence[NewAccount]) -> list[list[Membership]]:
    """Store new accounts with their members and return those, in the same order.

    Who is known by their address joins as they are, everybody else is made: with a verified
    address, because the vendor vouches for it, and without a password, so that they set one by
    resetting it. In as many statements for many accounts as for one. Raises Deactivated, and
    IntegrityError where a slug or external id is taken or the members are not exactly one owner and
    nobody twice.
    """
    Account.objects.bulk_create([one.account for one in new])
    people = _people([member for one in new for member in one.members])
    members = [
        [
            Membership(
                account=one.account,
                user=people[member.email],
                role=member.role,
                changes_payment=member.changes_payment,
                suspended_at=one.at if member.suspended else None,
            )
            for member in one.members
        ]
        for one in new
    ]
    roles.enrol_all([member for own in members for member in own])
    return members


def _people(members: Sequence[NewMember]) -> dict[str, User]:
    """Return the person of each address, in three statements however many they are."""
    wanted = {member.email: member for member in reversed(members)}
    known = {user.email: user for user in User.objects.filter(email__in=list(wanted))}
    if gone := [email for email, user in known.items() if not user.is_active]:
        raise Deactivated(gone)
    new = User.objects.bulk_create(
        [
            User(
                email=member.email,
                name=member.name,
                language=member.language,
                # As Django marks that there is none; the rest tells those of two people apart.
                password=UNUSABLE_PASSWORD_PREFIX + secrets.token_urlsafe(30),
            )
            for member in reversed(wanted.values())
            if member.email not in known
        ],
        batch_size=1000,
    )
    # Only of people made here: to verify an address that somebody else claimed would give them this account.
    EmailAddress.objects.bulk_create(
        [EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in new],
        batch_size=AT_ONCE,
    )
    return known | {user.email: user for user in new}
