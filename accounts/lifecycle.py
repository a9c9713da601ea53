"""An account as a whole: opened with its people, amended, moved from state to state."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction

from accounts import activity, roles, staff
from accounts.models import Account, Membership, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
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


class Deactivated(Exception):
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


def move(
    account: Account, state: AccountState, *, occasion: Occasion, reason: str = "", invoice: str = ""
) -> None:
    """Put an account into a state; nothing happens where it is in it. Called under the account's lock.

    While the vendor has suspended it (domain.md 5) it moves beneath that, and stays closed.
    """
    if account.state == state:
        return
    if account.suspended_by_vendor_at is not None and AccountState.CANCELLED not in (account.state, state):
        account.state_beneath = state
        account.save(update_fields=["state_beneath"])
        return
    before, account.state = account.state, state
    account.cancelled_at = occasion.at if state is AccountState.CANCELLED else None
    account.save(update_fields=["state", "cancelled_at"])
    activity.record(
        account,
        ActivityVerb.ACCOUNT_STATE_CHANGED,
        occasion,
        subject="account",
        before={"state": str(before)},
        after={"state": state.value},
        reason=reason,
        invoice=invoice,
    )


def fall_past_due(account: Account, *, occasion: Occasion, invoice: str) -> None:
    """Mark an active account whose invoice could not be collected."""
    if account.own_state is AccountState.ACTIVE:
        move(
            account,
            AccountState.PAST_DUE,
            occasion=occasion.by_itself(),
            reason="charge_failed",
            invoice=invoice,
        )


# What the vendor's staff may change by hand; all else has a verb of its own.
FIELDS = (
    "type",
    "collection_method",
    "timezone",
    "language",
    "vendor_contact_name",
    "vendor_contact_email",
    "vendor_contact_phone",
)


@transaction.atomic
def amend(account_id: int, values: Mapping[str, str], *, occasion: Occasion, reason: str) -> bool:
    """Give an account new particulars, and tell whether any differed.

    Recorded with the reason, which the account's owner reads in the trail (security.md,
    "The shape" 9). Raises PermissionDenied for anyone but the vendor's staff, ValueError for a field that is
    not among FIELDS or without a reason, ValidationError for a value that the field refuses.
    """
    staff.demand(occasion.person, reason)
    if not set(values) <= set(FIELDS):
        raise ValueError("name only particulars")
    account = Account.objects.lock(account_id)
    changed = {field: value for field, value in values.items() if getattr(account, field) != value}
    if not changed:
        return False
    before = {field: getattr(account, field) for field in changed}
    for field, value in changed.items():
        setattr(account, field, value)
    account.clean_fields(exclude=[field.name for field in account._meta.fields if field.name not in changed])
    account.save(update_fields=list(changed))
    activity.record(
        account,
        ActivityVerb.ACCOUNT_AMENDED,
        occasion,
        subject="account",
        before=before,
        after=changed,
        reason=reason.strip(),
    )
    return True
