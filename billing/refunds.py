"""Gives money back that was charged: the vendor's staff ask for it, above a limit a second of them approves.

As with charges: what is to be given back is committed before it is sent, its id is the provider's key, and
nothing is sent again before the provider was asked for it. What is given back leaves the credit balance at
once, so that no invoice uses it meanwhile.
"""

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import assert_never
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from accounts import activity, queues, staff
from accounts.failpoints import step
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from billing import payment_letters, payments, reconciliation
from billing.models import BalanceEntry, Charge, Invoice, Refund
from billing.provider import provider
from billing.provider.base import PaymentReference, ProviderUnreachable, RefundOutcome, RefundStatus
from billing.rules.money import to_minor, to_money
from billing.rules.refunds import RefundableCharge, RefundRefusal, needs_second, refusal

log = structlog.get_logger()


class NotRefunded(Exception):
    """A refund can't be asked for, or not be decided so; `why` says the reason."""

    def __init__(self, why: RefundRefusal) -> None:
        """Keep the reason."""
        super().__init__(why)
        self.why = why


def refundable(charge: Charge) -> RefundableCharge:
    """Return what may be given back of a charge, beside the account's credit balance. Reads only."""
    currency = charge.amount.currency.code
    if charge.state != Charge.State.SUCCEEDED or charge.refund_due:
        return RefundableCharge(0, 0, 0)
    counted = charge.refunds.filter(state__in=Refund.COUNTED)
    moved = BalanceEntry.objects.filter(subscription_id=charge.subscription_id)
    return RefundableCharge(
        to_minor(charge.amount.amount, currency),
        to_minor(Decimal(counted.aggregate(sum=Sum("amount"))["sum"] or 0), currency),
        to_minor(Decimal(moved.aggregate(sum=Sum("amount"))["sum"] or 0), currency),
    )


def request(
    charge_id: UUID, amount: int, *, reason: str, occasion: Occasion, may_be_owed: bool = False
) -> Refund:
    """Give a part of a charge back, or all of it, in minor units; above the limit let a second person decide.

    It is taken from the credit balance; what that doesn't hold is owed again, where `may_be_owed`. Raises
    PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotRefunded,
    Charge.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    with transaction.atomic():
        account = Account.objects.lock_for(Charge, charge_id)
        refund = intend(account, charge_id, amount, reason=reason, occasion=occasion, may_be_owed=may_be_owed)
    return send(refund.pk, occasion=occasion)


def is_decided_by_two(charge: Charge, amount: int) -> bool:
    """Tell whether giving back so much of a charge, in minor units, needs a second person."""
    return needs_second(refundable(charge), amount, settings.REFUND_LIMITS, charge.amount.currency.code)


def intend(
    account: Account,
    charge_id: UUID,
    amount: int,
    *,
    reason: str,
    occasion: Occasion,
    may_be_owed: bool,
    credit_note: Invoice | None = None,
) -> Refund:
    """Write a refund down before anything is sent, under the account's lock, for staff who were asked.

    Raises NotRefunded.
    """
    charge = Charge.objects.select_for_update(no_key=True, of=("self",)).get(pk=charge_id)
    of, currency = refundable(charge), charge.amount.currency.code
    if why := _refusal(charge, of, amount, may_be_owed=may_be_owed):
        raise NotRefunded(why)
    two = is_decided_by_two(charge, amount)
    if two and charge.refunds.filter(state=Refund.State.REQUESTED).exists():
        raise NotRefunded(RefundRefusal.REQUESTED)
    refund = Refund.objects.create(
        subscription_id=account.pk,
        charge=charge,
        credit_note=credit_note,
        amount=to_money(amount, currency),
        left_then=to_money(of.left, currency),
        owed_again=to_money(0, currency),
        may_be_owed=may_be_owed,
        reason=reason.strip(),
        state=Refund.State.REQUESTED if two else Refund.State.CREATED,
        requested_by=occasion.person,
        requested_by_name=occasion.person.name,
        created_at=occasion.at,
    )
    verb = ActivityVerb.REFUND_REQUESTED if two else ActivityVerb.REFUND_ORDERED
    _record(account, refund, verb, occasion, reason=reason.strip())
    if not two:
        _take_from_balance(refund, of, occasion)
    return refund


def _refusal(charge: Charge, of: RefundableCharge, amount: int, *, may_be_owed: bool) -> RefundRefusal | None:
    """Return what speaks against giving an amount of a charge back."""
    if charge.state != Charge.State.SUCCEEDED or charge.refund_due:
        return RefundRefusal.NOT_PAID
    if charge.refunds.filter(state__in=Refund.OPEN).exists():
        return RefundRefusal.UNDER_WAY
    return refusal(of, amount, may_be_owed=may_be_owed)


def _take_from_balance(refund: Refund, of: RefundableCharge, occasion: Occasion) -> None:
    """Let a refund be sent: from now on its amount is no longer the balance's."""
    currency = refund.amount.currency.code
    amount = to_minor(refund.amount.amount, currency)
    refund.owed_again = to_money(of.owed_again(amount), currency)
    refund.state, refund.sent_at = Refund.State.CREATED, occasion.at
    refund.save(update_fields=["owed_again", "owed_again_currency", "state", "sent_at"])
    _move_balance(refund, BalanceEntry.Reason.REFUNDED, -amount, occasion.at)


def _move_balance(refund: Refund, why: BalanceEntry.Reason, amount: int, at: datetime) -> None:
    BalanceEntry.objects.create(
        subscription_id=refund.subscription_id,
        amount=to_money(amount, refund.amount.currency.code),
        reason=why,
        refund=refund,
        created_at=at,
    )


# --- Decided by a second person --------------------------------------------------------------------


def approve(refund_id: UUID, *, reason: str, occasion: Occasion) -> Refund:
    """Let a refund that waits for a second person be made, where nothing changed since it was asked for.

    Otherwise it lapses, and NotRefunded says so. Raises PermissionDenied for anyone but the vendor's staff,
    ValueError without a reason, NotRefunded, Refund.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    with transaction.atomic():
        account, refund = _locked(refund_id, occasion)
        amount, currency = _minor(refund), refund.amount.currency.code
        of = refundable(refund.charge)
        changed = of.left != to_minor(refund.left_then.amount, currency)
        why = RefundRefusal.CHANGED if changed else None
        why = why or _refusal(refund.charge, of, amount, may_be_owed=refund.may_be_owed)
        if why is None:
            _decide(account, refund, ActivityVerb.REFUND_APPROVED, reason, occasion)
            _take_from_balance(refund, of, occasion)
        else:
            refund.state = Refund.State.LAPSED
            _decide(account, refund, ActivityVerb.REFUND_LAPSED, reason, occasion)
    if why is not None:
        raise NotRefunded(why)
    return send(refund_id, occasion=occasion)


@transaction.atomic
def reject(refund_id: UUID, *, reason: str, occasion: Occasion) -> Refund:
    """Reject a refund that waits for a second person: nothing is given back.

    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotRefunded,
    Refund.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    account, refund = _locked(refund_id, occasion)
    refund.state = Refund.State.REJECTED
    _decide(account, refund, ActivityVerb.REFUND_REJECTED, reason, occasion)
    return refund


def _locked(refund_id: UUID, occasion: Occasion) -> tuple[Account, Refund]:
    """Return a refund that this person may decide, under its account's lock."""
    account = Account.objects.lock_for(Refund, refund_id)
    locked = Refund.objects.select_for_update(no_key=True, of=("self",)).select_related("charge__invoice")
    refund = locked.get(pk=refund_id)
    if refund.state != Refund.State.REQUESTED:
        raise NotRefunded(RefundRefusal.OVER)
    if refund.requested_by_id == occasion.person.pk:
        raise NotRefunded(RefundRefusal.OWN)
    return account, refund


def _decide(account: Account, refund: Refund, verb: ActivityVerb, reason: str, occasion: Occasion) -> None:
    by = occasion.person
    refund.decided_by, refund.decided_by_name = by, by.name
    refund.decided_at, refund.decision = occasion.at, reason.strip()
    refund.save(update_fields=["state", "decided_by", "decided_by_name", "decided_at", "decision"])
    _record(account, refund, verb, occasion, reason=reason.strip())


# --- Sent, and looked up ---------------------------------------------------------------------------


def send(refund_id: UUID, *, occasion: Occasion) -> Refund:
    """Send a refund that was created, take in the answer, and return it; any other as it stands."""
    payments.outside_a_transaction()
    if Refund.objects.filter(pk=refund_id, state=Refund.State.CREATED).update(state=Refund.State.SENDING):
        step("refund_sending")
        _settle(refund_id, _ask_for(_find(refund_id)), occasion)
    return _find(refund_id)


def reconcile(at: datetime) -> int:
    """Ask how every refund stands that is under way and not just being sent; return how many.

    Those of accounts with a clock of their own are `own_clocks`'.
    """
    payments.outside_a_transaction()
    waiting = Refund.objects.filter(state__in=Refund.OPEN, sent_at__lt=at - reconciliation.IN_FLIGHT)
    waiting = waiting.filter(subscription__account__clock=None)
    found = waiting.order_by("sent_at", "pk").values_list("pk", "subscription_id", "sent_at", "asked_at")
    rows = [
        (key, account)
        for key, account, sent, asked in found
        if sent and reconciliation.is_due(sent, asked, at)
    ]
    queues.each("refunds", rows, partial(_look_up_at, at=at), at=at)
    return len(rows)


def _look_up_at(refund_id: UUID, *, at: datetime) -> Refund:
    account = Account.objects.get(subscription__refunds=refund_id)
    return look_up(refund_id, occasion=Occasion.of(account, at))


def look_up(refund_id: UUID, *, occasion: Occasion) -> Refund:
    """Ask the provider how a refund stands that is under way, and take in the answer; return it.

    One that the provider has never heard of is sent again with the same key, or given up after 24 hours.
    """
    payments.outside_a_transaction()
    refund = _find(refund_id)
    if refund.state not in Refund.OPEN or refund.sent_at is None:
        return refund
    Refund.objects.filter(pk=refund_id).update(asked_at=occasion.at)
    try:
        known = provider().look_up_refund(_payment(refund), key=str(refund_id))
    except ProviderUnreachable:
        return refund
    if known is None and occasion.at - refund.sent_at > payments.LONGEST_WAIT:
        known = RefundOutcome(RefundStatus.FAILED, failure="not_received")
    _settle(refund_id, known or _ask_for(refund), occasion)
    return _find(refund_id)


def _ask_for(refund: Refund) -> RefundOutcome:
    """Ask the provider for a refund; silence is an unknown outcome."""
    try:
        outcome = provider().refund(_payment(refund), key=str(refund.pk), amount=_minor(refund))
    except ProviderUnreachable as silence:
        log.warning("provider_unreachable", refund=str(refund.pk), why=str(silence))
        outcome = RefundOutcome(RefundStatus.UNKNOWN)
    step("refund_answered")
    return outcome


def _settle(refund_id: UUID, outcome: RefundOutcome, occasion: Occasion) -> None:
    """Take in what the provider says of a refund; the same answer twice changes nothing."""
    with transaction.atomic():
        account = Account.objects.lock_for(Refund, refund_id)
        refund = (
            Refund.objects.select_for_update(no_key=True, of=("self",))
            .select_related("charge__invoice")
            .get(pk=refund_id)
        )
        if refund.state in Refund.OPEN:
            _take_in(account, refund, outcome, occasion)
        step("refund_written")
    step("refund_committed")


def _take_in(account: Account, refund: Refund, outcome: RefundOutcome, occasion: Occasion) -> None:
    """Write an answer to a refund that is under way, and what follows from it."""
    refund.reference = outcome.reference or refund.reference
    match outcome.status:
        case RefundStatus.SUCCEEDED:
            refund.state, refund.settled_at = Refund.State.SUCCEEDED, occasion.at
            _record(account, refund, ActivityVerb.CHARGE_REFUNDED, occasion.by_itself(), reason=refund.reason)
            payment_letters.given_back(account, refund)
        case RefundStatus.FAILED:
            refund.state, refund.settled_at = Refund.State.FAILED, occasion.at
            refund.failure = outcome.failure
            _move_balance(refund, BalanceEntry.Reason.REFUND_FAILED, _minor(refund), occasion.at)
            verb = ActivityVerb.REFUND_FAILED
            _record(account, refund, verb, occasion.by_itself(), reason=outcome.failure)
        case RefundStatus.PROCESSING:
            refund.state = Refund.State.PROCESSING
        case RefundStatus.UNKNOWN:
            refund.state = Refund.State.UNKNOWN
        case _:
            assert_never(outcome.status)
    refund.save(update_fields=["state", "settled_at", "failure", "reference"])


def _record(account: Account, refund: Refund, verb: ActivityVerb, occasion: Occasion, *, reason: str) -> None:
    activity.record(
        account,
        verb,
        occasion,
        subject=f"refund:{refund.pk}",
        after={"amount": {"minor": _minor(refund), "currency": refund.amount.currency.code}},
        reason=reason,
        invoice=str(refund.charge.invoice or ""),
    )


def _find(refund_id: UUID) -> Refund:
    return Refund.objects.select_related("charge__invoice").get(pk=refund_id)


def _payment(refund: Refund) -> PaymentReference:
    """Return by what the provider finds the payment of a refund."""
    charge = refund.charge
    return PaymentReference(str(charge.pk), charge.reference, charge.method)


def _minor(refund: Refund) -> int:
    return to_minor(refund.amount.amount, refund.amount.currency.code)
