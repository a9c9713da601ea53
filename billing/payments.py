"""Moves money: asks the provider outside any transaction, and takes in its answer inside one.

created → sending → succeeded | failed | action | processing | unknown → looked up → … (security.md,
"The shape" 5). The charge is committed before it is sent, and its id is the provider's idempotency key:
a crash at any step, a second answer or a second sending leaves one payment.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.db import connection, transaction
from moneyed import Money

from accounts import activity, lifecycle
from accounts.failpoints import step
from accounts.gate import Gate
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState, CollectionMethod
from accounts.rules.decision import Action
from billing import applying, approvals, bank_payments, debts, payment_letters, payment_uses
from billing.models import Charge, Invoice, InvoicePayment, PaymentLink, PaymentMethod, Quote
from billing.provider import provider
from billing.provider.base import (
    Method,
    PaymentOutcome,
    PaymentReference,
    PaymentStatus,
    ProviderUnreachable,
    RefundStatus,
)
from billing.rules.money import to_minor
from billing.rules.refusals import Refusal

log = structlog.get_logger()

# An unknown outcome older than this is given up; a success older than this is refunded (domain.md 5).
LONGEST_WAIT = timedelta(hours=24)


def is_charged(account: Account) -> bool:
    """Tell whether a method is charged for the account's invoices; otherwise they are sent, to be paid."""
    return account.collects is CollectionMethod.CHARGE_AUTOMATICALLY


def intend(
    account: Account,
    amount: Money,
    method: PaymentMethod | Method,
    at: datetime,
    *,
    invoice: Invoice | None = None,
    quote: Quote | None = None,
    return_url: str = "",
    link: PaymentLink | None = None,
    backup_of: Charge | None = None,
) -> Charge:
    """Write down what is to be collected for an invoice or a change that waits, before anything is sent.

    `link` is what began it, `backup_of` the declined charge in whose place it is tried.
    """
    return Charge.objects.create(
        subscription_id=account.pk,
        invoice=invoice,
        quote=quote,
        link=link,
        backup_of=backup_of,
        amount=amount,
        method=method.reference,
        return_url=return_url,
        created_at=at,
    )


class AlreadyPaid(Exception):
    """Nothing is open on the invoice, or a payment of it is already on its way."""


class PaidByInvoice(Exception):
    """The account's invoices are paid by transfer: no method is charged."""


class PaidInPart(Exception):
    """A part of the invoice was paid by transfer: the rest is paid so too."""


class NoPaymentMethod(Exception):
    """Something is due and no payment method that can be charged is on file."""


def pay(
    number: str,
    account: Account,
    *,
    occasion: Occasion,
    return_url: str = "",
    method_id: int | None = None,
) -> Charge:
    """Collect an open invoice with the default, or another method on file; return the charge.

    Who only reads the invoices pays none. Raises NotAllowed, Invoice.DoesNotExist, AlreadyPaid,
    PaidByInvoice, PaidInPart, NoPaymentMethod.
    """
    Gate(occasion.person, account, on=occasion.on).demand(Action.PAY_INVOICE)
    settle_open(Invoice.objects.filter(number=number, subscription_id=account.pk).first(), occasion=occasion)
    with transaction.atomic():
        account = Account.objects.lock(account.pk)
        # Between the door and the lock the account may have been cancelled, or the role taken.
        Gate(occasion.person, account, on=occasion.on).demand(Action.PAY_INVOICE)
        invoice = Invoice.objects.get(number=number, subscription_id=account.pk)
        paid = InvoicePayment.objects.filter(invoice=invoice).exists()
        if paid or invoice.charges.filter(state__in=Charge.OPEN).exists():
            raise AlreadyPaid
        if not is_charged(account):
            raise PaidByInvoice
        if bank_payments.is_partly_paid(invoice):
            # A card is charged all or nothing, and a part of it is there.
            raise PaidInPart
        method = payment_uses.method_of(account, method_id)
        if method is None:
            raise NoPaymentMethod
        charge = intend(account, invoice.due, method, occasion.at, invoice=invoice, return_url=return_url)
        activity.record(account, ActivityVerb.INVOICE_PAYMENT_STARTED, occasion, invoice=invoice.number)
    return collect(charge.pk, occasion=occasion)


def settle_open(invoice: Invoice | None, *, occasion: Occasion) -> None:
    """Ask the provider how the open charge of an invoice stands, if there is one, and take in the answer."""
    if invoice is not None:
        for charge in invoice.charges.filter(state__in=Charge.OPEN):
            reconcile_charge(charge.pk, occasion=occasion)


def collect(charge_id: UUID, *, occasion: Occasion) -> Charge:
    """Send a charge that was created, take in the answer, and return it.

    A charge that somebody else is sending, or that is settled, is returned as it stands.
    """
    outside_a_transaction()
    if Charge.objects.filter(pk=charge_id, state=Charge.State.CREATED).update(state=Charge.State.SENDING):
        step("charge_sending")
        settle(charge_id, _send(Charge.objects.get(pk=charge_id)), occasion=occasion)
    return Charge.objects.get(pk=charge_id)


def _send(charge: Charge) -> PaymentOutcome:
    """Ask the provider; silence and rubbish are an unknown outcome."""
    currency = charge.amount.currency.code
    try:
        outcome = provider().charge(
            key=str(charge.pk),
            amount=to_minor(charge.amount.amount, currency),
            currency=currency,
            method=charge.method,
            return_url=charge.return_url,
        )
    except ProviderUnreachable as silence:
        log.warning("provider_unreachable", charge=str(charge.pk), why=str(silence))
        outcome = PaymentOutcome(PaymentStatus.UNKNOWN)
    step("charge_answered")
    return outcome


def settle(charge_id: UUID, outcome: PaymentOutcome, *, occasion: Occasion) -> None:
    """Take in what the provider says of a charge; the same answer twice changes nothing.

    A success applies the change that waits for it or pays the invoice. One that can no longer be
    used is refunded, also where the charge was given up before. A decline that nobody was there for is
    followed by a charge of the account's backup, where it has one.
    """
    outside_a_transaction()
    backup = None
    with transaction.atomic():
        account = Account.objects.lock_for(Charge, charge_id)
        locked = Charge.objects.select_for_update(no_key=True, of=("self",))
        charge = locked.select_related("quote__person").get(pk=charge_id)
        if charge.state in Charge.OPEN:
            backup = _take_in(account, charge, outcome, occasion)
        elif charge.state == Charge.State.FAILED and outcome.status is PaymentStatus.SUCCEEDED:
            # Money came in for what was given up.
            charge.state, charge.refund_due = Charge.State.SUCCEEDED, True
            charge.save(update_fields=["state", "refund_due"])
        step("settle_written")
    step("settle_committed")
    _refund_if_due(charge, occasion)
    if backup is not None:
        collect(backup.pk, occasion=occasion)


def _take_in(account: Account, charge: Charge, outcome: PaymentOutcome, occasion: Occasion) -> Charge | None:
    """Write an answer to an open charge, and what follows from it; return the one tried in its place."""
    at, backup, read = occasion.at, None, _is_read(charge)
    charge.reference, charge.action_url = outcome.reference or charge.reference, outcome.action_url
    match outcome.status:
        case PaymentStatus.SUCCEEDED:
            charge.state, charge.settled_at = Charge.State.SUCCEEDED, at
            charge.refund_due = not _use(account, charge, occasion)
        case PaymentStatus.FAILED:
            charge.state, charge.settled_at, charge.failure = Charge.State.FAILED, at, outcome.failure
            # An invoice has one open charge: this one is over before another is intended.
            charge.save(update_fields=["state", "settled_at", "failure"])
            # Who is there chooses another method themselves.
            backup = None if read else _intend_backup(account, charge, occasion)
            if backup is None:
                _fail(account, charge, occasion)
        case PaymentStatus.ACTION:
            if charge.state != Charge.State.ACTION:
                payment_letters.needs_confirmation(account, charge)
            charge.state = Charge.State.ACTION
        case PaymentStatus.PROCESSING:
            charge.state = Charge.State.PROCESSING
        case PaymentStatus.UNKNOWN:
            charge.state = Charge.State.UNKNOWN
        case _:
            assert_never(outcome.status)
    told = ["state", "settled_at", "failure", "reference", "action_url", "refund_due", "invoice"]
    charge.save(update_fields=told)
    # Who left a change waiting at their bank is not there any more when it is given up.
    left = charge.quote is not None and at - charge.created_at > LONGEST_WAIT
    if charge.state == Charge.State.FAILED and backup is None and (left or not read):
        payment_letters.failed(account, charge, on=occasion.on)
    return backup


def _is_read(charge: Charge) -> bool:
    """Tell whether somebody reads at once how an open charge ended: who pays on a page, or by a link."""
    going_on = charge.state in (Charge.State.SENDING, Charge.State.ACTION)
    return charge.link_id is not None or (bool(charge.return_url) and going_on)


def _intend_backup(account: Account, declined: Charge, occasion: Occasion) -> Charge | None:
    """Write down that the account's backup is tried in the place of a decline; None where nothing is."""
    method = payment_uses.backup_for(account, declined)
    if method is None:
        return None
    assert declined.invoice is not None  # nothing else has a second try
    activity.record(
        account,
        ActivityVerb.BACKUP_METHOD_TRIED,
        occasion.by_itself(),
        reason=declined.failure,
        invoice=declined.invoice.number,
    )
    return intend(account, declined.amount, method, occasion.at, invoice=declined.invoice, backup_of=declined)


def _use(account: Account, charge: Charge, occasion: Occasion) -> bool:
    """Use money that came in; return whether it could be used."""
    if charge.quote is not None:
        return _apply_held(account, charge, charge.quote, occasion)
    assert charge.invoice is not None
    if InvoicePayment.objects.filter(invoice=charge.invoice).exists():
        return False
    InvoicePayment.objects.create(invoice=charge.invoice, charge=charge, paid_at=occasion.at)
    payment_letters.received(account, charge, at=occasion.at)
    _restore(account, occasion)
    return True


def _restore(account: Account, occasion: Occasion) -> None:
    """Give back what a debt took, once all is paid; days of suspension are not charged."""
    on = occasion.at.astimezone(ZoneInfo(account.timezone)).date()
    if debts.are_settled(account, on):
        debts.reopen(account, occasion=replace(occasion.by_itself(), on=on), reason="paid")


def _apply_held(account: Account, charge: Charge, quote: Quote, occasion: Occasion) -> bool:
    """Apply the change that waited for this payment, exactly as it was shown."""
    too_late = occasion.at - charge.created_at > LONGEST_WAIT or account.state == AccountState.CANCELLED
    if quote.state != Quote.State.HELD or too_late:
        _close_held(quote, Quote.State.FAILED, "too_late", occasion)
        return False
    try:
        with transaction.atomic():
            # Priced for the day on which it was confirmed: that is what was shown and charged.
            shown = replace(occasion, by=quote.person, on=quote.on)
            invoice = applying.apply(account, quote, occasion=shown)
    except (applying.QuoteOutdated, Refusal) as moved:
        log.warning("held_change_no_longer_holds", quote=str(quote.pk), why=str(moved))
        quote.refresh_from_db()
        _close_held(quote, Quote.State.FAILED, "changed_meanwhile", occasion)
        return False
    assert invoice is not None  # something was due
    InvoicePayment.objects.create(invoice=invoice, charge=charge, paid_at=occasion.at)
    charge.invoice = invoice
    return True


def _fail(account: Account, charge: Charge, occasion: Occasion) -> None:
    """Write down a decline: a change is off, an invoice stays open and the account is past due."""
    if charge.quote is not None:
        _close_held(charge.quote, Quote.State.FAILED, charge.failure, occasion)
    elif charge.link_id is None:
        # Somebody else's card, by a link, says nothing of the account.
        lifecycle.fall_past_due(account, occasion=occasion, invoice=str(charge.invoice))


def _close_held(quote: Quote, state: Quote.State, failure: str, occasion: Occasion) -> None:
    """End the waiting of a change that was not carried out; one that is over stays as it is."""
    if quote.state == Quote.State.HELD:
        automatic = approvals.is_automatic(quote)
        quote.state, quote.failure = state, failure
        quote.save(update_fields=["state", "failure"])
        activity.record(
            quote.subscription.account,
            ActivityVerb.CHANGE_NOT_PAID,
            replace(occasion, by=None if automatic else quote.person),
            quote=str(quote.pk),
            reason=failure,
        )
        approvals.fall_back(quote.subscription.account, quote.pk)


def _refund_if_due(charge: Charge, occasion: Occasion) -> None:
    """Give back a success that could not be used. Repeating it does nothing."""
    if not charge.refund_due or charge.refunded_at is not None:
        return
    amount = to_minor(charge.amount.amount, charge.amount.currency.code)
    try:
        outcome = provider().refund(_reference(charge), key=str(charge.pk), amount=amount)
    except ProviderUnreachable:
        return
    step("refund_answered")
    if outcome.status is not RefundStatus.SUCCEEDED:
        # On its way, or refused: asked for again with the same key, and shown to the staff until then.
        log.warning("refund_not_made", charge=str(charge.pk), status=outcome.status, why=outcome.failure)
        return
    with transaction.atomic():
        account = Account.objects.lock_for(Charge, charge.pk)
        at = occasion.at
        if Charge.objects.filter(pk=charge.pk, refunded_at=None).update(refunded_at=at):
            activity.record(
                account,
                ActivityVerb.CHARGE_REFUNDED,
                occasion.by_itself(),
                quote=str(charge.quote_id or ""),
                reason=charge.failure,
            )
            payment_letters.refunded(account, charge)


def reconcile_charge(charge_id: UUID, *, occasion: Occasion) -> Charge:
    """Ask the provider how an open charge stands and take in the answer; return the charge.

    One that the provider has never heard of is sent again with the same key, or given up after 24
    hours and where the account was cancelled meanwhile; what was begun by a link outlives the account.
    Nothing is ever sent again before the provider was asked.
    """
    outside_a_transaction()
    charge = Charge.objects.get(pk=charge_id)
    if charge.state not in Charge.OPEN:
        _refund_if_due(charge, occasion)
        return charge
    old = occasion.at - charge.created_at > LONGEST_WAIT
    Charge.objects.filter(pk=charge_id).update(asked_at=occasion.at)
    try:
        known = provider().look_up(_reference(charge))
        if known is not None and known.status is PaymentStatus.ACTION and old:
            known = provider().abandon(_reference(charge))
    except ProviderUnreachable:
        return charge
    if known is not None:
        settle(charge_id, known, occasion=occasion)
    elif old or (charge.link_id is None and _is_cancelled(charge)):
        settle(charge_id, PaymentOutcome(PaymentStatus.FAILED, failure="not_received"), occasion=occasion)
    else:
        settle(charge_id, _send(charge), occasion=occasion)
    return Charge.objects.get(pk=charge_id)


def _is_cancelled(charge: Charge) -> bool:
    """Tell whether the account of a charge is cancelled: nothing is sent for it any more."""
    return Account.objects.filter(pk=charge.subscription_id, state=AccountState.CANCELLED).exists()


def abandon(charge: Charge, *, occasion: Occasion) -> None:
    """Close the provider's page for a payment that waits for the customer, and take in how it stands."""
    outside_a_transaction()
    try:
        outcome = provider().abandon(_reference(charge))
    except ProviderUnreachable:
        return
    if outcome is not None:
        settle(charge.pk, outcome, occasion=occasion)


def _reference(charge: Charge) -> PaymentReference:
    """Return by what the provider finds a charge again."""
    return PaymentReference(str(charge.pk), charge.reference, charge.method)


def outside_a_transaction() -> None:
    """Refuse to speak to the provider inside a transaction: a rollback would forget what was paid."""
    if connection.in_atomic_block:
        raise RuntimeError("no provider call inside a transaction (security.md, The shape 5)")
