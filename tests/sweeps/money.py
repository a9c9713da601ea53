"""A charge that was paid and a refund that waits, past all verbs: what the staff act on."""

from uuid import uuid4

from accounts import clock
from accounts.models import Account, Membership
from accounts.rules.roles import Role
from billing.models import Charge, Quote, Refund, SandboxPayment
from billing.rules.money import to_money


def paid_charge(account: Account) -> Charge:
    """Return a charge of 500 minor units that was paid a moment ago, as the sandbox knows it."""
    at, owner = clock.now(), Membership.objects.get(account=account, role=Role.OWNER).user
    quote = Quote.objects.create(
        subscription_id=account.pk,
        person=owner,
        changes=[],
        document={},
        version=1,
        on=at.date(),
        created_at=at,
        expires_at=at,
        state=Quote.State.CLOSED,
    )
    key = uuid4()
    SandboxPayment.objects.create(
        key=key, method="test_approves", amount=500, currency=account.currency, status="succeeded", token=key
    )
    return Charge.objects.create(
        pk=key,
        subscription_id=account.pk,
        quote=quote,
        amount=to_money(500, account.currency),
        method="test_approves",
        state=Charge.State.SUCCEEDED,
        created_at=at,
    )


def requested_refund(account: Account) -> Refund:
    """Return a refund of one minor unit that somebody of the staff who is gone asked for."""
    charge = paid_charge(account)
    return Refund.objects.create(
        subscription_id=account.pk,
        charge=charge,
        amount=to_money(1, account.currency),
        left_then=charge.amount,
        owed_again=to_money(0, account.currency),
        may_be_owed=True,
        reason="Our fault.",
        state=Refund.State.REQUESTED,
        requested_by_name="Victor Vale",
        created_at=clock.now(),
    )
