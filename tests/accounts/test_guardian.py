"""Whoever asks, the answer is one: the gate, guardian's own readers and the roles agree about everybody."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.models import Permission as StoredPermission
from django.core.management import call_command
from django.db.models import Model
from guardian.shortcuts import get_objects_for_user, get_perms, get_users_with_perms

from accounts import roles, staff
from accounts.gate import Gate
from accounts.models import Account, AccountPermission, Membership, User
from accounts.rules.roles import Permission, Role
from tests import acting, people

NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.fixture
def cast(acme: Account, globex: Account) -> dict[str, User]:
    """Return people of every kind: of each role, of two accounts, and those who hold nothing."""
    vera = people.vera()
    former, shut_out, gone, root = (
        people.person(f"{name}@acme.example", name.title()) for name in ("former", "shut", "gone", "root")
    )
    roles.enrol(acme, [(former, Role.BILLING_ADMIN), (shut_out, Role.BILLING_ADMIN), (gone, Role.ADMIN)])
    roles.enrol(globex, [(people.user("adam"), Role.BILLING_ADMIN)], changes_payment=[people.user("adam")])
    Membership.objects.filter(user=former).delete()
    Membership.objects.filter(user=shut_out).update(suspended_at=NOW)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    User.objects.filter(pk=root.pk).update(is_staff=True, is_superuser=True)
    named = {name: people.user(name) for name in ("olivia", "bilal", "adam", "agnes", "leo")}
    stella = globex.memberships.get(role=Role.OWNER).user
    others = {
        "stella": stella,
        "vera": vera,
        "former": former,
        "suspended": shut_out,
        "inactive": gone,
        "superuser": root,
    }
    return {name: User.objects.get(pk=person.pk) for name, person in (named | others).items()}


def says_guardian(person: User, account: Account) -> set[str]:
    return {one.value for one in Permission if person.has_perm(f"accounts.{one.value}", account)}


def test_gate_guardian_and_roles_agree_about_everybody(
    cast: dict[str, User], acme: Account, globex: Account
) -> None:
    for name, person in cast.items():
        for account in (acme, globex):
            member = Membership.objects.live().filter(user=person, account=account).first()
            by_role = {one.value for one in (roles.held_by(member) if member else ())}
            where = f"{name} at {account.slug}"
            assert {one.value for one in Gate(person, account).held} == by_role, where
            assert says_guardian(person, account) == by_role, where
            assert set(get_perms(person, account)) == by_role, where
            for one in Permission:
                found = get_objects_for_user(person, f"accounts.{one.value}")
                assert (account in found) is (one.value in by_role), (where, one)
    assert set(get_users_with_perms(acme)) == {cast[name] for name in ("olivia", "bilal", "adam")}


def test_the_sweep_is_no_empty_one(cast: dict[str, User], acme: Account, globex: Account) -> None:
    """By hand: what four of them hold, so that agreeing about nothing would be seen."""
    assert says_guardian(cast["olivia"], acme) == {one.value for one in Permission}
    assert says_guardian(cast["adam"], acme) == {"view_subscription", "request_change"}
    assert "change_payment" in says_guardian(cast["adam"], globex)
    for name in ("agnes", "vera", "former", "suspended", "inactive", "superuser"):
        assert says_guardian(cast[name], acme) == set(), name


@pytest.mark.breaks_invariants
def test_what_django_gives_everywhere_opens_no_account(cast: dict[str, User], acme: Account) -> None:
    """Each permission given to Vera without an account, by Django's own means: nothing opens."""
    vera = cast["vera"]
    vera.user_permissions.set(StoredPermission.objects.filter(content_type__model="account"))
    vera = User.objects.get(pk=vera.pk)
    assert not vera.has_perm("accounts.view_subscription")
    assert not vera.has_perm("accounts.view_subscription", acme)
    assert not get_objects_for_user(vera, "accounts.view_subscription").exists()


def test_nobody_is_a_superuser_whatever_is_stored(cast: dict[str, User], acme: Account) -> None:
    root = cast["superuser"]
    root.is_superuser = True
    assert not root.is_superuser
    assert not root.has_perm("accounts.cancel_account", acme)
    made = User.objects.create_superuser("root2@vendor.example", "correct horse battery")
    assert (made.is_staff, made.is_superuser) == (True, False)


def test_who_is_let_in_again_holds_what_the_role_gives(acme: Account) -> None:
    """Bilal is suspended: nothing. Let in again: all that a billing admin holds, once each."""
    olivia, bilal = people.user("olivia"), people.member("bilal", acme)
    with acting.at(NOW):
        roles.suspend(bilal.pk, occasion=acting.occasion(by=olivia, on=NOW.date()))
        assert not AccountPermission.objects.filter(user=bilal.user).exists()
        roles.resume(bilal.pk, occasion=acting.occasion(by=olivia, on=NOW.date()))
    assert says_guardian(people.user("bilal"), acme) == {one.value for one in roles.held_by(bilal)}


def test_who_is_appointed_after_having_been_inactive_holds_their_roles_again(acme: Account) -> None:
    adam = people.user("adam")
    User.objects.filter(pk=adam.pk).update(is_active=False)
    assert not AccountPermission.objects.filter(user=adam).exists()
    staff.appoint(adam.email)
    assert says_guardian(people.user("adam"), acme) == {"view_subscription", "request_change"}


def test_what_is_no_account_and_who_is_nobody(acme: Account) -> None:
    thing: Model = people.user("adam")
    assert not people.user("olivia").has_perm("accounts.view_subscription", thing)
    assert not AnonymousUser().has_perm("accounts.view_subscription", acme)


def test_no_check_is_silenced(settings) -> None:  # type: ignore[no-untyped-def]
    assert settings.SILENCED_SYSTEM_CHECKS == []
    call_command("check", fail_level="WARNING")
