"""Gives and takes roles. The only writer of memberships' roles and of guardian's rows.

Permissions follow from the role in the same transaction, by one function, so that the two sets
never differ; `manage.py check_invariants` compares them.
"""

from collections.abc import Iterable

from django.contrib.auth.models import Permission as StoredPermission
from django.db import transaction

from accounts.models import Account, AccountPermission, Membership, User
from accounts.rules.roles import Permission, Role, permissions


def stored_permissions() -> dict[Permission, int]:
    """Return the ids of the stored permissions on accounts."""
    rows = StoredPermission.objects.filter(
        content_type__app_label="accounts",
        content_type__model="account",
        codename__in=[permission.value for permission in Permission],
    ).values_list("codename", "pk")
    return {Permission(codename): pk for codename, pk in rows}


@transaction.atomic
def enrol(
    account: Account, people: Iterable[tuple[User, Role]], *, changes_payment: Iterable[User] = ()
) -> None:
    """Make people members of an account for the first time, in bulk, with the permissions of their roles.

    For commands that bring in a whole account; raises IntegrityError where someone is a member
    already or a second owner is named.
    """
    delegated = {user.pk for user in changes_payment}
    members = [
        Membership(account=account, user=user, role=role, changes_payment=user.pk in delegated)
        for user, role in people
    ]
    Membership.objects.bulk_create(members, batch_size=1000)
    _grant(members)


def _grant(members: Iterable[Membership]) -> None:
    """Store the permissions that follow from these memberships."""
    ids = stored_permissions()
    AccountPermission.objects.bulk_create(
        [
            AccountPermission(
                user_id=member.user_id, permission_id=ids[permission], content_object_id=member.account_id
            )
            for member in members
            for permission in permissions(Role(member.role), changes_payment=member.changes_payment)
        ],
        batch_size=1000,
    )


def derive(member: Membership) -> None:
    """Replace what a member holds by what the role gives; a suspended member keeps the rows, unused.

    Called inside the transaction that changed the membership.
    """
    AccountPermission.objects.filter(user_id=member.user_id, content_object_id=member.account_id).delete()
    _grant([member])
