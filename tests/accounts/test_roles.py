"""Permissions derive from roles: what is stored is f(role) for every member, and for nobody else."""

import pytest
from django.contrib.auth.models import Permission as StoredPermission
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from accounts import roles
from accounts.gate import Gate
from accounts.models import Account, AccountPermission, Membership, User
from accounts.rules.roles import PERMISSIONS, Permission, Role, permissions
from tests import people

# domain.md 3, first table, by hand: what each role holds beside what the role before it holds.
ADMIN = {"view_subscription", "request_change"}
BILLING_ADMIN = ADMIN | {"change_subscription", "decide_requests", "view_invoices"}
OWNER = BILLING_ADMIN | {
    "change_payment",
    "manage_roles",
    "transfer_ownership",
    "cancel_product",
    "cancel_account",
}
BY_HAND = {
    "light_agent": set(),
    "agent": set(),
    "admin": ADMIN,
    "billing_admin": BILLING_ADMIN,
    "owner": OWNER,
    "finance_reader": {"view_invoices"},
}


def stored() -> dict[tuple[int, int], set[str]]:
    """Return what guardian's rows say: (person, account) → codenames."""
    held: dict[tuple[int, int], set[str]] = {}
    rows = AccountPermission.objects.values_list("user_id", "content_object_id", "permission__codename")
    for user, account, codename in rows:
        held.setdefault((user, account), set()).add(codename)
    return held


def derived() -> dict[tuple[int, int], set[str]]:
    """Return what the roles say."""
    says = {
        (member.user_id, member.account_id): {
            permission.value
            for permission in permissions(Role(member.role), changes_payment=member.changes_payment)
        }
        for member in Membership.objects.all()
    }
    return {key: codenames for key, codenames in says.items() if codenames}


def test_roles_hold_what_the_table_says() -> None:
    assert {role.value: {one.value for one in held} for role, held in PERMISSIONS.items()} == BY_HAND


def test_the_delegation_means_something_for_a_billing_admin_only() -> None:
    for role in Role:
        more = permissions(role, changes_payment=True) - permissions(role)
        assert more == ({Permission.CHANGE_PAYMENT} if role is Role.BILLING_ADMIN else frozenset())


def test_every_members_permissions_follow_from_the_role(acme: Account, globex: Account) -> None:
    roles.enrol(globex, [(people.user("adam"), Role.BILLING_ADMIN)], changes_payment=[people.user("adam")])
    assert stored() == derived()
    # Adam is an admin of Acme and a billing admin of Globex: another set on each.
    adam = people.user("adam")
    assert Gate(adam, acme).held == permissions(Role.ADMIN)
    assert Gate(adam, globex).held == permissions(Role.BILLING_ADMIN, changes_payment=True)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_a_changed_role_replaces_all_that_was_held(acme: Account, role: Role) -> None:
    bilal = people.member("bilal", acme)
    bilal.role, bilal.changes_payment = role, False
    bilal.save()
    roles.derive(bilal)
    assert stored() == derived()
    assert Gate(people.user("bilal"), acme).held == permissions(role)


@pytest.mark.breaks_invariants
def test_nobody_holds_a_permission_on_all_accounts(acme: Account) -> None:
    """A global permission would open every account: guardian's lists return all to its holder."""
    assert not User.user_permissions.through.objects.exists()
    adam = people.user("adam")
    adam.user_permissions.set(StoredPermission.objects.filter(content_type__model="account"))
    assert Gate(User.objects.get(pk=adam.pk), acme).held == permissions(Role.ADMIN)
    assert Gate(User.objects.get(pk=adam.pk), people.globex()).held == frozenset()


def test_no_anonymous_person_is_stored(db: None) -> None:
    assert not User.objects.exists()


def test_an_inactive_person_holds_nothing_anywhere(acme: Account) -> None:
    User.objects.filter(email="olivia@acme.example").update(is_active=False)
    assert Gate(people.user("olivia"), acme).held == frozenset()


def test_nobody_is_enrolled_twice(acme: Account) -> None:
    with pytest.raises(IntegrityError):
        roles.enrol(acme, [(people.user("adam"), Role.OWNER)])


def test_enrolling_two_thousand_takes_no_more_statements_than_a_hundred(globex: Account) -> None:
    def statements(count: int, prefix: str) -> int:
        users = User.objects.bulk_create(
            [User(email=f"{prefix}{n}@globex.example", name=f"{prefix} {n}") for n in range(count)]
        )
        with CaptureQueriesContext(connection) as queries:
            roles.enrol(globex, [(user, Role.ADMIN) for user in users])
        return len(queries)

    few = statements(100, "a")
    # Batches of 1,000: two for 2,000 members, four for their 4,000 permissions.
    assert statements(2000, "b") <= few + 4
    assert stored() == derived()
