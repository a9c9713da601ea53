"""Invites people into an account by mail, with the role they will have."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import activity, mail, roles
from accounts.email_addresses import validate_address
from accounts.gate import Gate
from accounts.models import Account, Invitation, Membership, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
from accounts.rules.decision import Action
from accounts.rules.letters import LetterKind
from accounts.rules.roles import Role, given_by_owner

VALID_FOR = timedelta(days=14)
# Each sends a letter to whomever the inviter names: so many in a day, and more for a large company.
BUDGET_OF_ALL = 50
MEMBERS_FOR_ONE_MORE = 5
BUDGET_DAY = timedelta(hours=24)


class NotInvited(Exception):
    """The address can't be invited; `reason` is a code.

    `malformed`, `member` (already one), `invited` (already waiting), `role`, `budget`, `duplicate`.
    """

    def __init__(self, reason: str, email: str = "") -> None:
        """Keep the code, and the address that it is about."""
        super().__init__(reason)
        self.reason = reason
        self.email = email


class InvitationOver(Exception):
    """The invitation was used or revoked, or is older than fourteen days."""


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody to be invited; `name` may be empty."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many invitations an account sent in the last 24 hours, of how many it may."""

    sent: int
    allowed: int
    # When the next may be sent; None where it may now.
    next_at: datetime | None


def budget(account: Account, at: datetime) -> Budget:
    """Return an account's budget of invitations; those that were revoked or accepted count too."""
    members = Membership.objects.filter(account=account).count()
    allowed = BUDGET_OF_ALL + members // MEMBERS_FOR_ONE_MORE
    recent = Invitation.objects.filter(account=account, created_at__gt=at - BUDGET_DAY)
    sent = recent.count()
    # The oldest of the last `allowed` makes room when its day is over.
    blocking = recent.order_by("-created_at")[allowed - 1 : allowed].first() if sent >= allowed else None
    return Budget(sent, allowed, blocking.created_at + BUDGET_DAY if blocking else None)


@transaction.atomic
def invite(
    account: Account, email: str, name: str, role: Role, *, occasion: Occasion, seat: str = ""
) -> Invitation:
    """Invite an address; the link goes by mail and nowhere else.

    `seat` is the key of a product whose seat they are promised. Inviting to a role that sees something of
    the account needs the right to give roles. An address of another company's people
    is welcome: a person may belong to several accounts. Raises NotAllowed, NotInvited.
    """
    by = occasion.person
    account = Account.objects.lock(account.pk)
    Gate(by, account, on=occasion.on).demand(
        Action.MANAGE_ROLES if given_by_owner(role) else Action.MANAGE_PEOPLE
    )
    email, at = _clean(email), occasion.at
    _open_to(account, email, role, at)
    if budget(account, at).next_at is not None:
        raise NotInvited("budget", email)
    token = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        account=account,
        email=email,
        name=" ".join(name.split())[:120],
        role=role,
        seat=seat,
        token_hash=_hash(token),
        invited_by=by,
        created_at=at,
        expires_at=at + VALID_FOR,
    )
    activity.record(
        account,
        ActivityVerb.MEMBER_INVITED,
        occasion,
        subject=f"invitation:{made.pk}",
        after={"role": role.value},
    )
    facts = {"by": by.name, "role": role.value, "token": token, "until": made.expires_at.isoformat()}
    mail.post_to_address(
        LetterKind.INVITED, account, email=email, name=made.name, facts=facts, key=str(made.pk)
    )
    return made


def check(account: Account, people: Sequence[Invitee], role: Role, *, at: datetime) -> None:
    """Ask whether all of these could be invited, as `invite` would; sends nothing. Raises NotInvited.

    `duplicate` is another code: an address that is there twice. Called under the account's lock.
    """
    seen: set[str] = set()
    for one in people:
        email = _clean(one.email)
        if email in seen:
            raise NotInvited("duplicate", email)
        seen.add(email)
        _open_to(account, email, role, at)
    found = budget(account, at)
    if found.sent + len(people) > found.allowed:
        raise NotInvited("budget")


def _open_to(account: Account, email: str, role: Role, at: datetime) -> None:
    """Raise NotInvited unless an address may be invited to a role; what has expired stands in no way."""
    if role is Role.OWNER:
        raise NotInvited("role", email)
    if Membership.objects.filter(account=account, user__email=email).exists():
        raise NotInvited("member", email)
    earlier = Invitation.objects.filter(account=account, email=email, accepted_at=None, revoked_at=None)
    earlier.filter(expires_at__lte=at).update(revoked_at=at)
    if earlier.exists():
        raise NotInvited("invited", email)


def inviters(invitation: Invitation) -> list[User]:
    """Return whom to tell of an invitation: who sent it while they manage people, else all who do."""
    contacts = Membership.objects.contacts(invitation.account)
    own = contacts.filter(user=invitation.invited_by_id)
    return [one.user for one in own or contacts]


def account_of(token: str) -> Account:
    """Return the account whose clock and language a link's token goes by; raise InvitationOver for none."""
    return _of_token(token).account


def find(token: str, at: datetime) -> Invitation:
    """Return the open invitation behind a link's token at a moment; raise InvitationOver for any other."""
    found = _of_token(token)
    if found.accepted_at or found.revoked_at:
        raise InvitationOver
    if found.expires_at <= at or found.account.state == AccountState.CANCELLED:
        raise InvitationOver
    return found


def _of_token(token: str) -> Invitation:
    found = Invitation.objects.select_related("account", "invited_by").filter(token_hash=_hash(token)).first()
    if found is None:
        raise InvitationOver
    return found


@transaction.atomic
def accept(
    token: str, *, occasion: Occasion, name: str = "", password: str = ""
) -> tuple[Invitation, Membership]:
    """Join the account; a person who is new gets an account to sign in with, their address verified.

    The link proves the mailbox. `name` and `password` are set only for a person who is new; one who
    exists signs in as ever. Raises InvitationOver, also for who became a member on another way.
    """
    found = find(token, occasion.at)
    account = Account.objects.lock(found.account_id)
    found = find(token, occasion.at)
    person = User.objects.filter(email=found.email).first()
    if person is None:
        called = " ".join(name.split())[:120] or found.name or found.email
        person = User.objects.create_user(found.email, password, name=called, language=account.language)
        EmailAddress.objects.create(user=person, email=found.email, verified=True, primary=True)
    elif Membership.objects.filter(account=account, user=person).exists():
        raise InvitationOver
    roles.enrol(account, [(person, Role(found.role))])
    found.accepted_at, found.accepted_by = occasion.at, person
    found.save(update_fields=["accepted_at", "accepted_by"])
    member = Membership.objects.get(account=account, user=person)
    activity.record(
        account,
        ActivityVerb.MEMBER_JOINED,
        replace(occasion, by=person),
        subject=f"member:{person.pk}",
        after=roles.standing_of(member) | {"name": person.name},
    )
    return found, member


@transaction.atomic
def revoke(invitation_id: int, *, occasion: Occasion) -> None:
    """Take an invitation back. Raises NotAllowed, Invitation.DoesNotExist."""
    account = Account.objects.lock_for(Invitation, invitation_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.MANAGE_PEOPLE)
    open_ones = Invitation.objects.filter(pk=invitation_id, accepted_at=None, revoked_at=None)
    if open_ones.update(revoked_at=occasion.at):
        activity.record(
            account, ActivityVerb.INVITATION_REVOKED, occasion, subject=f"invitation:{invitation_id}"
        )


def _clean(email: str) -> str:
    """Return the address in lower case; raise NotInvited where it is none."""
    email = email.strip().lower()
    try:
        validate_address(email)
    except ValidationError:
        raise NotInvited("malformed", email) from None
    return email


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
