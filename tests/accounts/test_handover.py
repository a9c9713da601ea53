"""Roles given and taken, ownership handed over, people invited: never two owners, never none."""

from datetime import UTC, date, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress

from accounts import invitations, ownership, roles
from accounts.gate import Gate
from accounts.models import Account, Activity, Letter, Membership, OwnershipOffer
from accounts.rules.decision import Action, NotAllowed
from accounts.rules.roles import Role
from tests import acting, people

TODAY, NOON = date(2026, 11, 23), datetime(2026, 11, 23, 12, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("acting")


@pytest.fixture(name="acting")
def acts_at_noon() -> object:
    with acting.at(NOON):
        yield


def role_of(name: str, account: Account) -> str:
    return people.member(name, account).role


def test_olivia_makes_adam_a_billing_admin_and_he_may_buy_from_the_next_request_on(acme: Account) -> None:
    olivia, adam = people.user("olivia"), people.user("adam")
    assert not Gate(adam, acme).may(Action.CHANGE_SUBSCRIPTION)
    roles.give(
        people.member("adam", acme).pk, Role.BILLING_ADMIN, occasion=acting.occasion(by=olivia, on=TODAY)
    )
    assert Gate(adam, acme).may(Action.CHANGE_SUBSCRIPTION)
    roles.delegate(
        people.member("adam", acme).pk, changes_payment=True, occasion=acting.occasion(by=olivia, on=TODAY)
    )
    assert Gate(adam, acme).may(Action.CHANGE_PAYMENT)
    roles.give(people.member("adam", acme).pk, Role.AGENT, occasion=acting.occasion(by=olivia, on=TODAY))
    assert Gate(adam, acme).held == frozenset()
    assert list(Letter.objects.order_by("pk").values_list("kind", flat=True)) == [
        "role_given", "role_given", "role_taken",
    ]  # fmt: skip
    last = Activity.objects.latest("pk")
    assert (last.before["role"], last.after["role"]) == ("billing_admin", "agent")


@pytest.mark.parametrize("name", ["bilal", "adam", "agnes"])
def test_only_the_owner_gives_roles(acme: Account, name: str) -> None:
    with pytest.raises(NotAllowed):
        roles.give(
            people.member("leo", acme).pk,
            Role.ADMIN,
            occasion=acting.occasion(by=people.user(name), on=TODAY),
        )
    assert role_of("leo", acme) == "light_agent"


def test_nobody_gives_themselves_a_role_and_the_owners_is_not_given(acme: Account) -> None:
    olivia = people.user("olivia")
    with pytest.raises(roles.OwnRole):
        roles.give(
            people.member("olivia", acme).pk, Role.ADMIN, occasion=acting.occasion(by=olivia, on=TODAY)
        )
    with pytest.raises(roles.OwnerKeepsRole):
        roles.give(people.member("bilal", acme).pk, Role.OWNER, occasion=acting.occasion(by=olivia, on=TODAY))
    with pytest.raises(roles.OwnerKeepsRole):
        roles.delegate(
            people.member("adam", acme).pk,
            changes_payment=True,
            occasion=acting.occasion(by=olivia, on=TODAY),
        )


def test_the_ownership_goes_to_bilal_when_he_accepts(acme: Account) -> None:
    made = ownership.offer(
        people.member("bilal", acme).pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    assert role_of("olivia", acme) == "owner"
    ownership.accept(made.pk, occasion=acting.occasion(by=people.user("bilal")))
    assert (role_of("olivia", acme), role_of("bilal", acme)) == ("admin", "owner")
    assert Gate(people.user("bilal"), acme).may(Action.CANCEL_ACCOUNT)
    assert not Gate(people.user("olivia"), acme).may(Action.CHANGE_SUBSCRIPTION)
    with pytest.raises(ownership.OfferOver):
        ownership.accept(made.pk, occasion=acting.occasion(by=people.user("bilal")))
    told = Letter.objects.filter(kind="ownership_accepted").values_list("to", flat=True)
    assert set(told) == {"olivia@acme.example", "bilal@acme.example"}


def test_only_a_billing_admin_with_a_verified_address_may_be_offered_it(acme: Account) -> None:
    olivia = people.user("olivia")
    for name, reason in [("adam", "not_billing_admin"), ("bilal", "address_not_verified")]:
        EmailAddress.objects.filter(user=people.user("bilal")).update(verified=False)
        with pytest.raises(ownership.NotEligible) as refusal:
            ownership.offer(people.member(name, acme).pk, occasion=acting.occasion(by=olivia, on=TODAY))
        assert refusal.value.reason == reason


def test_an_offer_ends_after_seven_days_or_when_withdrawn_or_declined(acme: Account) -> None:
    olivia, bilal = people.user("olivia"), people.user("bilal")
    made = ownership.offer(people.member("bilal", acme).pk, occasion=acting.occasion(by=olivia, on=TODAY))
    with pytest.raises(ownership.NotEligible):
        ownership.offer(people.member("bilal", acme).pk, occasion=acting.occasion(by=olivia, on=TODAY))
    with acting.at(NOON + timedelta(days=7)), pytest.raises(ownership.OfferOver):
        ownership.accept(made.pk, occasion=acting.occasion(by=bilal))
    ownership.withdraw(made.pk, occasion=acting.occasion(by=olivia, on=TODAY))
    with pytest.raises(ownership.OfferOver):
        ownership.accept(made.pk, occasion=acting.occasion(by=bilal))
    again = ownership.offer(people.member("bilal", acme).pk, occasion=acting.occasion(by=olivia, on=TODAY))
    ownership.withdraw(again.pk, occasion=acting.occasion(by=bilal, on=TODAY))
    assert OwnershipOffer.objects.get(pk=again.pk).state == "declined"
    with pytest.raises(OwnershipOffer.DoesNotExist):
        ownership.accept(again.pk + 999, occasion=acting.occasion(by=bilal))


def test_a_stranger_cannot_accept_an_offer(acme: Account, globex: Account) -> None:
    made = ownership.offer(
        people.member("bilal", acme).pk, occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    with pytest.raises(OwnershipOffer.DoesNotExist):
        ownership.accept(made.pk, occasion=acting.occasion(by=globex.memberships.get().user))


def test_nina_joins_by_the_link_in_her_mail(acme: Account) -> None:
    invitations.invite(
        acme,
        " Nina@New.example ",
        "Nina\nNew",
        Role.AGENT,
        occasion=acting.occasion(by=people.user("bilal"), on=TODAY),
    )
    letter = Letter.objects.get(kind="invited")
    assert letter.to == "nina@new.example"
    found, member = invitations.accept(
        letter.facts["token"], password="a long enough password", occasion=acting.occasion()
    )
    assert (found.name, member.user.name, member.role) == ("Nina New", "Nina New", "agent")
    assert member.user.check_password("a long enough password")
    with pytest.raises(invitations.InvitationOver):
        invitations.accept(letter.facts["token"], occasion=acting.occasion())


def test_stella_of_another_company_joins_with_her_own_password(acme: Account, globex: Account) -> None:
    stella = globex.memberships.get().user
    invitations.invite(
        acme, stella.email, "X", Role.ADMIN, occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
    )
    token = Letter.objects.get(kind="invited").facts["token"]
    invitations.accept(token, password="not hers to change", occasion=acting.occasion())
    stella.refresh_from_db()
    assert stella.check_password(people.PASSWORD)
    assert Membership.objects.filter(user=stella).count() == 2


@pytest.mark.parametrize(
    ("email", "reason"),
    [("adam@acme.example", "member"), ("nobody", "malformed"), ("a@b\nBcc: c@d.example", "malformed")],
)
def test_who_cannot_be_invited(acme: Account, email: str, reason: str) -> None:
    with pytest.raises(invitations.NotInvited) as refusal:
        invitations.invite(
            acme, email, "X", Role.AGENT, occasion=acting.occasion(by=people.user("olivia"), on=TODAY)
        )
    assert refusal.value.reason == reason


def test_bilal_invites_agents_and_not_administrators(acme: Account) -> None:
    with pytest.raises(NotAllowed):
        invitations.invite(
            acme, "x@y.example", "X", Role.ADMIN, occasion=acting.occasion(by=people.user("bilal"), on=TODAY)
        )
    with pytest.raises(NotAllowed):
        invitations.invite(
            acme, "x@y.example", "X", Role.AGENT, occasion=acting.occasion(by=people.user("adam"), on=TODAY)
        )


def test_an_old_invitation_no_longer_works_and_a_new_one_may_be_sent(acme: Account) -> None:
    olivia = people.user("olivia")
    invitations.invite(acme, "x@y.example", "X", Role.AGENT, occasion=acting.occasion(by=olivia, on=TODAY))
    with pytest.raises(invitations.NotInvited):
        invitations.invite(
            acme, "x@y.example", "X", Role.AGENT, occasion=acting.occasion(by=olivia, on=TODAY)
        )
    token = Letter.objects.get().facts["token"]
    with acting.at(NOON + timedelta(days=14)):
        with pytest.raises(invitations.InvitationOver):
            invitations.accept(token, occasion=acting.occasion())
        invitations.invite(
            acme, "x@y.example", "X", Role.AGENT, occasion=acting.occasion(by=olivia, on=TODAY)
        )


def test_a_suspended_or_removed_member_holds_nothing(acme: Account) -> None:
    olivia = people.user("olivia")
    roles.suspend(people.member("bilal", acme).pk, occasion=acting.occasion(by=olivia, on=TODAY))
    assert Gate(people.user("bilal"), acme).held == frozenset()
    roles.resume(people.member("bilal", acme).pk, occasion=acting.occasion(by=olivia, on=TODAY))
    assert Gate(people.user("bilal"), acme).may(Action.ADD_SEATS)
    roles.leave(people.member("bilal", acme).pk, occasion=acting.occasion(by=olivia, on=TODAY))
    assert Gate(people.user("bilal"), acme).held == frozenset()
    with pytest.raises(roles.OwnRole):
        roles.leave(people.member("olivia", acme).pk, occasion=acting.occasion(by=olivia, on=TODAY))
