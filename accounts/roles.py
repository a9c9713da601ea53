"""Gives and takes roles. The only writer of memberships' roles and, by its own API, of guardian's rows.

Permissions follow from the role in the same transaction, by one function, so that the two sets
never differ; `manage.py check_invariants` compares them. A suspended member holds none.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.contrib.auth.models import Permission as StoredPermission
from django.db import transaction
from guardian.shortcuts import assign_perm, remove_perm

from accounts import activity, mail, open_invitations
from accounts.gate import Gate
from accounts.models import Account, AccountPermission, Membership, User
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.decision import Action
from accounts.rules.letters import LetterKind
from accounts.rules.roles import Permission, Role, given_by_owner, permissions


def stored_permissions() -> dict[Permission, StoredPermission]:
    """Return the stored permissions on accounts."""
    rows = StoredPermission.objects.filter(
        content_type__app_label="accounts",
        content_type__model="account",
        codename__in=[permission.value for permission in Permission],
    )
    return {Permission(row.codename): row for row in rows}


def enrol(
    account: Account,
    people: Iterable[tuple[User, Role]],
    *,
    changes_payment: Iterable[User] = (),
) -> list[Membership]:
    """Make people members of an account for the first time, in bulk, with the permissions of their roles.

    For commands that bring in a whole account; raises IntegrityError where someone is a member
    already or a second owner is named.
    """
    delegated = {user.pk for user in changes_payment}
    members = [
        Membership(
            account=account,
            user=user,
            role=role,
            changes_payment=user.pk in delegated,
        )
        for user, role in people
    ]
    enrol_all(members)
    return members


@transaction.atomic
def enrol_all(members: Sequence[Membership]) -> None:
    """Store new memberships, of however many accounts, with the permissions of their roles.

    For commands that bring in whole accounts; raises as `enrol`.
    """
    Membership.objects.bulk_create(members, batch_size=1000)
    _grant(members)


def held_by(member: Membership) -> frozenset[Permission]:
    """Return what follows from a membership: what its role gives, and nothing while it is suspended."""
    if member.suspended_at is not None:
        return frozenset()
    return permissions(Role(member.role), changes_payment=member.changes_payment)


def _grant(members: Iterable[Membership]) -> None:
    """Store the permissions of new memberships.

    guardian's bulk forms store one permission at a time, for many people or for many accounts; this is what
    they do, once for all: 20,000 accounts come in by a statement for 1,000 rows (docs/decisions.md).
    """
    stored = stored_permissions()
    AccountPermission.objects.bulk_create(
        [
            AccountPermission(
                user_id=member.user_id,
                permission_id=stored[permission].pk,
                content_object_id=member.account_id,
            )
            for member in members
            for permission in sorted(held_by(member))
        ],
        batch_size=1000,
    )


def derive(member: Membership) -> None:
    """Give a member what follows from the membership, and take what no longer does.

    Called inside the transaction that changed the membership.
    """
    wanted, stored = held_by(member), stored_permissions()
    held = set(
        AccountPermission.objects.filter(
            user_id=member.user_id, content_object_id=member.account_id
        ).values_list("permission_id", flat=True)
    )
    for permission, row in stored.items():
        if permission in wanted and row.pk not in held:
            assign_perm(row, member.user, member.account)
        elif permission not in wanted and row.pk in held:
            remove_perm(row, member.user, member.account)


class OwnRole(Exception):
    """Nobody gives themselves a role."""


class OwnerKeepsRole(Exception):
    """The owner's role is given away by transferring the ownership, and in no other way."""


def standing_of(member: Membership) -> dict[str, object]:
    """Return a member's role as the trail keeps it."""
    return {
        "role": str(member.role),
        "changes_payment": member.changes_payment,
        "suspended": member.suspended_at is not None,
    }


@transaction.atomic
def give(member_id: int, role: Role, *, occasion: Occasion, invitations: str = "") -> Membership:
    """Give a member another role; what it allows works, or stops, from their next request on.

    Where they will no longer manage people, `invitations` says whether those that they sent are kept or
    revoked. Raises NotAllowed, OwnRole, OwnerKeepsRole (also for the role of owner itself),
    InvitationsOpen, Membership.DoesNotExist.
    """
    account = Account.objects.lock_for(Membership, member_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.MANAGE_ROLES)
    member = Membership.objects.select_related("user").get(pk=member_id)
    if member.user_id == occasion.person.pk:
        raise OwnRole
    if Role.OWNER in (role, member.role):
        raise OwnerKeepsRole
    if member.role == Role.BILLING_ADMIN and role is not Role.BILLING_ADMIN:
        open_invitations.answer(account, member.user, invitations, occasion=occasion)
    delegated = member.changes_payment and role is Role.BILLING_ADMIN
    if role != member.role:
        _change(member, role, occasion=occasion, delegated=delegated)
    return member


@transaction.atomic
def delegate(member_id: int, *, changes_payment: bool, occasion: Occasion) -> Membership:
    """Let one billing admin change payment details, or no longer.

    Raises NotAllowed, OwnerKeepsRole where the member is no billing admin, Membership.DoesNotExist.
    """
    account = Account.objects.lock_for(Membership, member_id)
    Gate(occasion.person, account, on=occasion.on).demand(Action.MANAGE_ROLES)
    member = Membership.objects.select_related("user").get(pk=member_id)
    if member.role != Role.BILLING_ADMIN:
        raise OwnerKeepsRole
    if changes_payment != member.changes_payment:
        _change(member, Role.BILLING_ADMIN, occasion=occasion, delegated=changes_payment)
    return member


def _change(member: Membership, role: Role, *, occasion: Occasion, delegated: bool = False) -> None:
    """Write a role with what follows from it: permissions, trail, letter."""
    before, held = standing_of(member), permissions(Role(member.role), changes_payment=member.changes_payment)
    member.role, member.changes_payment = role, delegated
    member.save(update_fields=["role", "changes_payment"])
    derive(member)
    entry = activity.record(
        member.account,
        ActivityVerb.ROLE_CHANGED,
        occasion,
        subject=f"member:{member.user_id}",
        before=before,
        after=standing_of(member),
    )
    more = permissions(role, changes_payment=delegated) > held
    mail.post(
        LetterKind.ROLE_GIVEN if more else LetterKind.ROLE_TAKEN,
        member.account,
        to=[member.user],
        facts={
            "role": role.value,
            "changes_payment": delegated,
            "by": occasion.by.name if occasion.by else "",
        },
        key=str(entry.pk),
    )


@transaction.atomic
def leave(member_id: int, *, occasion: Occasion, invitations: str = "") -> None:
    """Take a member out of the account: nothing of it can be reached from their next request on.

    Who sees or changes something of the account is removed by who gives roles, others by who manages
    people. Called by billing, which frees their seats first. `invitations` says whether the open ones
    that they sent are kept or revoked. Raises NotAllowed, OwnRole, OwnerKeepsRole, InvitationsOpen,
    Membership.DoesNotExist.
    """
    account = Account.objects.lock_for(Membership, member_id)
    member = _manageable(account, member_id, occasion=occasion)
    open_invitations.answer(account, member.user, invitations, occasion=occasion)
    activity.record(
        account,
        ActivityVerb.MEMBER_REMOVED,
        occasion,
        subject=f"member:{member.user_id}",
        before=standing_of(member) | {"name": member.user.name},
        after=None,
    )
    member.delete()


@transaction.atomic
def suspend(member_id: int, *, occasion: Occasion, invitations: str = "") -> Membership:
    """Suspend a member: they keep role and seats, hold no permission and reach nothing. Raises as `leave`."""
    return _set_suspended(
        member_id, occasion.at, ActivityVerb.MEMBER_SUSPENDED, occasion=occasion, invitations=invitations
    )


@transaction.atomic
def resume(member_id: int, *, occasion: Occasion) -> Membership:
    """Let a suspended member in again. Raises as `leave`, no question."""
    return _set_suspended(member_id, None, ActivityVerb.MEMBER_RESUMED, occasion=occasion)


def _set_suspended(
    member_id: int,
    suspended_at: datetime | None,
    verb: ActivityVerb,
    *,
    occasion: Occasion,
    invitations: str = "",
) -> Membership:
    account = Account.objects.lock_for(Membership, member_id)
    member = _manageable(account, member_id, occasion=occasion)
    if (member.suspended_at is None) is (suspended_at is None):
        return member
    if suspended_at is not None:
        open_invitations.answer(account, member.user, invitations, occasion=occasion)
    before = standing_of(member)
    member.suspended_at = suspended_at
    member.save(update_fields=["suspended_at"])
    derive(member)
    subject = f"member:{member.user_id}"
    activity.record(account, verb, occasion, subject=subject, before=before, after=standing_of(member))
    return member


def _manageable(account: Account, member_id: int, *, occasion: Occasion) -> Membership:
    """Return a member of the account that this person may manage, or raise why not."""
    member = Membership.objects.select_related("user", "account").get(pk=member_id, account=account)
    Gate(occasion.person, account, on=occasion.on).demand(
        Action.MANAGE_ROLES if given_by_owner(Role(member.role)) else Action.MANAGE_PEOPLE
    )
    if member.user_id == occasion.person.pk:
        raise OwnRole
    if member.role == Role.OWNER:
        raise OwnerKeepsRole
    return member
