"""What the database itself refuses, whoever writes: owners, roles, delegation, states, languages."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Account, Membership, User
from accounts.rules.roles import Role
from tests import people

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def refused(constraint: str) -> Any:
    """Return the check that the database names this constraint."""
    return pytest.raises(IntegrityError, match=constraint)


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("first_name", ["adam", "agnes", "leo", "olivia"])
def test_payment_details_are_delegated_to_billing_admins_only(acme: Account, first_name: str) -> None:
    with refused("membership_delegation_to_billing_admin"), transaction.atomic():
        Membership.objects.filter(pk=people.member(first_name, acme).pk).update(changes_payment=True)
    Membership.objects.filter(pk=people.member("bilal", acme).pk).update(changes_payment=True)


@pytest.mark.breaks_invariants
def test_a_billing_admin_who_steps_down_takes_no_delegation_along(acme: Account) -> None:
    bilal = Membership.objects.filter(pk=people.member("bilal", acme).pk)
    bilal.update(changes_payment=True)
    with refused("membership_delegation_to_billing_admin"), transaction.atomic():
        bilal.update(role=Role.ADMIN)


def test_an_owner_is_not_suspended(acme: Account) -> None:
    with refused("membership_owner_not_suspended"), transaction.atomic():
        Membership.objects.filter(role=Role.OWNER).update(suspended_at=THEN)


def test_a_role_is_one_of_the_five(acme: Account) -> None:
    with refused("membership_role_known"), transaction.atomic():
        Membership.objects.filter(role=Role.ADMIN).update(role="superuser")


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"type": "free"}, "account_type_known"),
        ({"state": "frozen"}, "account_state_known"),
        ({"state": "trial", "trial_ends_on": None}, "account_trial_has_an_end"),
        ({"state": "cancelled", "cancelled_at": None}, "account_cancelled_says_when"),
        ({"state": "active", "cancelled_at": THEN}, "account_cancelled_says_when"),
        ({"clock": THEN}, "account_clock_only_in_sandbox"),
    ],
)
def test_an_account_is_in_a_state_that_makes_sense(
    acme: Account, values: dict[str, object], constraint: str
) -> None:
    with refused(constraint), transaction.atomic():
        Account.objects.filter(pk=acme.pk).update(**values)


def test_the_vendors_number_names_one_account(acme: Account, globex: Account) -> None:
    Account.objects.filter(pk=acme.pk).update(external_id="C-1")
    with refused("account_external_id_once"), transaction.atomic():
        Account.objects.filter(pk=globex.pk).update(external_id="C-1")


def test_one_address_is_one_person_however_it_is_written(db: None) -> None:
    User.objects.create_user("Zoe@Acme.Example ", None, name="Zoe")
    assert User.objects.get_by_natural_key(" ZOE@acme.example").name == "Zoe"
    with refused("accounts_user_email"), transaction.atomic():
        User.objects.create_user("zoe@acme.example", None, name="Zoe again")
    with refused("user_email_in_lower_case"), transaction.atomic():
        User.objects.filter(name="Zoe").update(email="Zoe@acme.example")


def test_a_person_with_memberships_is_not_deleted(acme: Account) -> None:
    with connection.cursor() as cursor:
        # A foreign key is checked at commit; this test never comes to one.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute("DELETE FROM accounts_user WHERE email = 'adam@acme.example'")


@pytest.mark.django_db(transaction=True)
class TestExactlyOneOwner:
    """Held when a transaction commits: a transfer may pass through none, and ends with one."""

    @pytest.mark.breaks_invariants
    def test_ownership_moves_from_olivia_to_bilal(self) -> None:
        acme = people.acme()
        with transaction.atomic():
            Membership.objects.filter(account=acme, role=Role.OWNER).update(role=Role.ADMIN)
            Membership.objects.filter(pk=people.member("bilal", acme).pk).update(role=Role.OWNER)
        assert Membership.objects.get(account=acme, role=Role.OWNER).user == people.user("bilal")

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE accounts_membership SET role = 'admin' WHERE role = 'owner'",
            "DELETE FROM accounts_membership WHERE role = 'owner'",
            "UPDATE accounts_membership SET account_id = "
            "(SELECT id FROM accounts_account WHERE slug = 'globex'), role = 'admin' WHERE role = 'owner' "
            "AND account_id = (SELECT id FROM accounts_account WHERE slug = 'acme')",
        ],
    )
    def test_the_last_owner_stays(self, statement: str) -> None:
        people.acme()
        people.globex()
        owner_gone = pytest.raises(IntegrityError, match="without an owner")
        with owner_gone, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert Membership.objects.filter(role=Role.OWNER).count() == 2

    def test_there_is_no_second_owner(self) -> None:
        acme = people.acme()
        with refused("membership_one_owner"), transaction.atomic():
            Membership.objects.filter(pk=people.member("bilal", acme).pk).update(role=Role.OWNER)

    def test_an_account_is_not_made_without_an_owner(self) -> None:
        with pytest.raises(IntegrityError, match="has no owner"):
            people.account("empty", "Empty", [(people.person("a@a.example", "A"), Role.ADMIN)])
        assert not Account.objects.filter(slug="empty").exists()

    def test_an_account_that_is_erased_takes_its_owner_along(self) -> None:
        acme = people.acme()
        with transaction.atomic():
            acme.delete()
        assert not Membership.objects.exists()


def test_a_trial_ends_on_a_day(db: None) -> None:
    assert people.acme(state="trial", trial_ends_on=date(2026, 12, 1)).trial_ends_on == date(2026, 12, 1)
