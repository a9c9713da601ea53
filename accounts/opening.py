"""Opens an account with all of its people at once: for commands that bring in a whole company."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
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


@transaction.atomic
def open_account(account: Account, members: Sequence[NewMember]) -> list[Membership]:
    """Store a new account with its members and return them, in the same order.

    Who is known by their address joins as they are, everybody else is made: with a verified
    address, because the vendor vouches for it, and without a password, so that they set one by
    resetting it. Called inside an occasion. Raises Deactivated, and IntegrityError where the slug or
    external id is taken or the members are not exactly one owner and nobody twice.
    """
    account.save(force_insert=True)
    people = _people(members)
    return roles.enrol(
        account,
        [(people[member.email], member.role) for member in members],
        changes_payment=[people[member.email] for member in members if member.changes_payment],
        suspended=[people[member.email] for member in members if member.suspended],
    )


def _people(members: Sequence[NewMember]) -> dict[str, User]:
    """Return the person of each address, a thousand in a statement."""
    emails = [member.email for member in members]
    known = {
        user.email: user
        for start in range(0, len(emails), AT_ONCE)
        for user in User.objects.filter(email__in=emails[start : start + AT_ONCE])
    }
    if gone := [email for email, user in known.items() if not user.is_active]:
        raise Deactivated(gone)
    new = User.objects.bulk_create(
        [
            User(
                email=member.email,
                name=member.name,
                language=member.language,
                password=make_password(None),
            )
            for member in members
            if member.email not in known
        ],
        batch_size=AT_ONCE,
    )
    # Only of people made here: to verify an address that somebody else claimed would give them this account.
    EmailAddress.objects.bulk_create(
        [EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in new],
        batch_size=AT_ONCE,
    )
    return known | {user.email: user for user in new}
