"""What a page keeps from coming up, the verb behind it refuses by itself."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import PermissionDenied

from accounts import email_changes, invitations, lifecycle, ownership, roles
from accounts.models import Account, EmailChange, Invitation, Letter, Membership, User
from accounts.occasion import Occasion
from accounts.rules.roles import PERMISSIONS, Permission, Role
from tests import acting, people

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
ON = date(2026, 11, 2)
NEW = "olivia.owens@acme.example"


def by(person: User) -> Occasion:
    return acting.occasion(by=person, on=ON, at=AT)


def disabled(name: str) -> User:
    """Disable one of the cast, as the vendor does with a sign-in; return them."""
    person = people.user(name)
    User.objects.filter(pk=person.pk).update(is_active=False)
    return person


def token(kind: str) -> str:
    return str(Letter.objects.filter(kind=kind).latest("pk").facts["token"])


def test_who_was_disabled_meanwhile_asks_for_no_address(acme: Account) -> None:
    with pytest.raises(PermissionDenied):
        email_changes.ask(NEW, occasion=by(disabled("olivia")))
    assert not EmailChange.objects.exists()


def test_a_link_of_an_address_that_changed_meanwhile_is_over(acme: Account) -> None:
    olivia = people.user("olivia")
    email_changes.ask(NEW, occasion=by(olivia))
    old = token("email_change_old")
    email_changes.find(old, AT)
    User.objects.filter(pk=olivia.pk).update(email="elsewhere@acme.example")
    with pytest.raises(email_changes.ChangeOver):
        email_changes.find(old, AT)


@pytest.mark.parametrize("why", ["approved already", "changed meanwhile"])
def test_a_correction_is_approved_once_and_of_the_address_it_was_proposed_for(
    acme: Account, why: str
) -> None:
    olivia, victor = people.user("olivia"), people.person("victor@vendor.example", "Victor", is_staff=True)
    made = email_changes.propose(olivia.pk, NEW, reason="A letter was mistyped.", occasion=by(people.vera()))
    if why == "approved already":
        email_changes.approve(made.pk, occasion=by(victor))
    else:
        User.objects.filter(pk=olivia.pk).update(email="elsewhere@acme.example")
    with pytest.raises(email_changes.ChangeOver):
        email_changes.approve(made.pk, occasion=by(victor))


def test_a_correction_that_is_over_is_neither_approved_nor_rejected(acme: Account) -> None:
    olivia, victor = people.user("olivia"), people.person("victor@vendor.example", "Victor", is_staff=True)
    made = email_changes.propose(olivia.pk, NEW, reason="A letter was mistyped.", occasion=by(people.vera()))
    email_changes.reject(made.pk, occasion=by(victor))
    for verb in (email_changes.approve, email_changes.reject):
        with pytest.raises(email_changes.ChangeOver):
            verb(made.pk, occasion=by(victor))


@pytest.mark.parametrize("address", ["nonsense", "o@א1.example", ""])
def test_an_address_that_no_letter_reaches_is_refused_by_the_verbs(acme: Account, address: str) -> None:
    olivia, vera = people.user("olivia"), people.vera()
    with pytest.raises(email_changes.NotChangeable, match="malformed"):
        email_changes.ask(address, occasion=by(olivia))
    with pytest.raises(email_changes.NotChangeable, match="malformed"):
        email_changes.propose(olivia.pk, address, reason="Mistyped.", occasion=by(vera))
    with pytest.raises(invitations.NotInvited, match="malformed"):
        invitations.invite(acme, address, "Nina", Role.AGENT, occasion=by(olivia))
    assert not EmailChange.objects.exists()
    assert not Invitation.objects.exists()


def test_staff_amend_particulars_and_nothing_else(acme: Account) -> None:
    with pytest.raises(ValueError, match="particulars"):
        lifecycle.amend(
            acme.pk,
            {"language": "fr", "state": "cancelled"},
            occasion=by(people.vera()),
            reason="They asked.",
        )
    acme.refresh_from_db()
    assert (acme.language, acme.state) == ("en", "active")


def test_what_happens_by_itself_is_done_by_nobody(acme: Account) -> None:
    with pytest.raises(LookupError, match="by itself"):
        invitations.invite(acme, NEW, "Nina", Role.AGENT, occasion=by(people.user("olivia")).by_itself())


def test_nobody_is_invited_as_owner(acme: Account) -> None:
    with pytest.raises(invitations.NotInvited):
        invitations.invite(acme, "nina@acme.example", "Nina", Role.OWNER, occasion=by(people.user("olivia")))
    assert not Invitation.objects.exists()


def test_who_joined_on_another_way_meanwhile_does_not_join_twice(acme: Account) -> None:
    invitations.invite(acme, "nina@acme.example", "Nina", Role.AGENT, occasion=by(people.user("olivia")))
    sent = token("invited")
    nina = people.person("nina@acme.example", "Nina")
    roles.enrol(acme, [(nina, Role.LIGHT_AGENT)])
    with pytest.raises(invitations.InvitationOver):
        invitations.accept(sent, occasion=by(nina))
    assert Membership.objects.get(account=acme, user=nina).role == Role.LIGHT_AGENT


@pytest.mark.parametrize("way", ["suspended", "disabled"])
def test_an_account_is_handed_only_to_who_can_sign_in(acme: Account, way: str) -> None:
    bilal = people.member("bilal", acme)
    if way == "suspended":
        Membership.objects.filter(pk=bilal.pk).update(suspended_at=AT)
        roles.derive(people.member("bilal", acme))
    else:
        disabled("bilal")
    with pytest.raises(ownership.NotEligible, match="suspended"):
        ownership.offer(bilal.pk, occasion=by(people.user("olivia")))


def test_nobody_is_given_the_role_of_owner(acme: Account) -> None:
    with pytest.raises(roles.OwnerKeepsRole):
        roles.give(people.member("bilal", acme).pk, Role.OWNER, occasion=by(people.user("olivia")))


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("verb", ["give", "suspend", "leave"])
def test_the_owner_would_stay_if_others_gave_roles_one_day(
    acme: Account, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setitem(
        PERMISSIONS, Role.BILLING_ADMIN, PERMISSIONS[Role.BILLING_ADMIN] | {Permission.MANAGE_ROLES}
    )
    roles.derive(people.member("bilal", acme))
    parts = (Role.ADMIN,) if verb == "give" else ()
    with pytest.raises(roles.OwnerKeepsRole):
        getattr(roles, verb)(people.member("olivia", acme).pk, *parts, occasion=by(people.user("bilal")))
