"""The gate: a role gives permissions, a type and a state open capabilities, and both are needed."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from accounts.gate import Gate
from accounts.models import Account, Membership
from accounts.rules.decision import Action, Contact, DenialReason, NextStep, NotAllowed
from tests import people


def test_bilal_may_change_the_subscription_and_adam_may_ask(acme: Account) -> None:
    assert Gate(people.user("bilal"), acme).may(Action.CHANGE_SUBSCRIPTION)
    refused = Gate(people.user("adam"), acme).may(Action.CHANGE_SUBSCRIPTION)
    assert (refused.allowed, refused.reason) == (False, DenialReason.ROLE)
    assert refused.who_can == (Contact.OWNER, Contact.BILLING_ADMIN)
    assert refused.next_step is NextStep.REQUEST_CHANGE


def test_a_stranger_a_superuser_and_a_suspended_member_hold_nothing(acme: Account, globex: Account) -> None:
    stella = globex.memberships.get().user
    stella.is_superuser = True
    stella.save()
    assert Gate(stella, acme).held == frozenset()
    Membership.objects.filter(user=people.user("bilal")).update(suspended_at="2026-01-01T00:00Z")
    assert Gate(people.user("bilal"), acme).held == frozenset()


def test_demand_raises_the_whole_decision(acme: Account) -> None:
    with pytest.raises(NotAllowed) as refusal:
        Gate(people.user("bilal"), acme).demand(Action.CANCEL_ACCOUNT)
    assert refusal.value.decision.who_can == (Contact.OWNER,)


def test_a_trial_that_is_over_leaves_buying_open(db: None) -> None:
    trial = people.acme(state="trial", trial_ends_on=date(2026, 11, 1))
    olivia = people.user("olivia")
    assert Gate(olivia, trial, on=date(2026, 10, 31)).may(Action.VIEW_SUBSCRIPTION)
    over = Gate(olivia, trial, on=date(2026, 11, 1))
    assert over.may(Action.VIEW_SUBSCRIPTION).next_step is NextStep.BUY
    assert over.may(Action.BUY_PRODUCTS)


@pytest.mark.django_db(transaction=True)
def test_an_account_without_an_owner_cannot_be_committed() -> None:
    acme = people.acme()
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(account=acme, role="owner").update(role="admin")
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(account=acme, role="admin").update(role="owner")
    assert Membership.objects.filter(account=acme, role="owner").count() == 1
