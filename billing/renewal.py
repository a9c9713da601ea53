"""Renews subscriptions that are due, with the function behind the summary."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q

from accounts import activity, lifecycle, mail, staff
from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
from accounts.rules.letters import LetterKind
from billing import cancellation, charge_letters, invoicing, payment_letters, payments
from billing.change_request_closing import close_moot
from billing.models import Charge, Invoice, PaymentMethod, Quote, ScheduledChange, Subscription
from billing.rules import invariants, quoting
from billing.rules.ending import LineEnding, ending
from billing.rules.facts import Facts
from billing.rules.invariants import InvariantFault
from billing.rules.refusals import NoPriceInCycle
from billing.storage import loading
from billing.storage.saving import persist
from billing.subscription_state import state_of

log = structlog.get_logger()

# What may renew: a suspended account does not, and a trial has nothing to renew.
RENEWING = (AccountState.ACTIVE, AccountState.PAST_DUE)
_RENEWABLE = Subscription.objects.filter(account__state__in=RENEWING, lines__ended_on=None, parked_at=None)


class StillBroken(Exception):
    """A parked subscription whose facts still break a rule: mend them first."""

    def __init__(self, faults: tuple[InvariantFault, ...]) -> None:
        """Keep what is broken."""
        super().__init__(_because(faults))
        self.faults = faults


class NotParked(Exception):
    """The subscription is not parked, or no longer."""


def renew(account_id: int, *, occasion: Occasion) -> list[Invoice]:
    """Renew one subscription for every period that is due on a day of the account; return the invoices.

    A line that an extension was made without ends first, on its own day, without an invoice.
    Nothing is done twice: a period has one renewal, whoever asks and however often. After an outage
    the periods follow one another, each with its own invoice. A change that waits for its payment is
    settled first, and withdrawn where that is not possible.
    """
    issued, occasion = [], occasion.by_itself()
    while _is_due(account_id, occasion.on):
        _settle_held(account_id, occasion)
        with transaction.atomic():
            invoice, charge_id = _renew_once(account_id, occasion)
        if invoice is not None:
            issued.append(invoice)
        if charge_id is not None:
            payments.collect(charge_id, occasion=occasion)
    return issued


def due(on: date) -> Iterator[int]:
    """Yield the accounts whose paid period is over on a day, or that of a line; the longest overdue first."""
    # Asked apart: each has its own index.
    for due in (Q(paid_until__lte=on), _ends_by(on)):
        found = _RENEWABLE.filter(due).order_by("paid_until", "pk")
        yield from found.values_list("pk", flat=True).distinct().iterator(chunk_size=1000)


def _is_due(account_id: int, on: date) -> bool:
    return _RENEWABLE.filter(Q(paid_until__lte=on) | _ends_by(on), pk=account_id).exists()


def _ends_by(on: date) -> Q:
    """Ask for lines that an extension was made without, whose day has come."""
    return Q(
        scheduled__kind=ScheduledChange.Kind.REMOVAL,
        scheduled__takes_effect_on__lte=on,
        scheduled__takes_effect_on__lt=F("paid_until"),
    )


def _settle_held(account_id: int, occasion: Occasion) -> None:
    """Bring a change that waits for its payment to an end before the renewal moves the ground."""
    for quote in Quote.objects.filter(subscription_id=account_id, state=Quote.State.HELD):
        charge = payments.reconcile_charge(quote.charge.pk, occasion=occasion)
        if charge.state == Charge.State.ACTION:
            payments.abandon(charge, occasion=occasion)
        with transaction.atomic():
            account = Account.objects.lock(account_id)
            if Quote.objects.filter(pk=quote.pk, state=Quote.State.HELD).update(
                state=Quote.State.WITHDRAWN, failure="renewed_meanwhile"
            ):
                activity.record(
                    account,
                    ActivityVerb.CHANGE_WITHDRAWN,
                    occasion,
                    quote=str(quote.pk),
                    reason="renewed_meanwhile",
                )


def _renew_once(account_id: int, occasion: Occasion) -> tuple[Invoice | None, UUID | None]:
    """Renew for one period under the lock; return the invoice and the charge to collect."""
    account = Account.objects.lock(account_id)
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=account_id)
    reading = loading.read(account, occasion.on, holders=True)
    if reading is None or account.state not in RENEWING or not reading.facts.lines:
        return None, None
    before = replace(reading.facts, held=False)
    if before.due_on > occasion.on:
        return None, None
    if found := ending(before):
        return _let_end(account, subscription, before, found, names=reading.names, occasion=occasion)
    renewal, broken = _priced(before, subscription.resumes_on)
    if renewal is None or broken:
        return _park(account, broken, occasion)
    occasion = replace(occasion, on=renewal.on)
    if renewal.ends:
        _end(account, occasion)
        return None, None
    persist(subscription, before, renewal.after, occasion=occasion)
    Subscription.objects.filter(pk=account_id).update(resumes_on=None)
    cause = invoicing.Cause(Invoice.Reason.RENEWAL, period_start=renewal.period.start)
    invoice = invoicing.issue(
        account, renewal.lines, renewal.settlement, reading=reading, cause=cause, occasion=occasion
    )
    _record(account, before, renewal, invoice, reading.names, occasion)
    close_moot(account, occasion)
    return invoice, _charge(account, invoice, occasion) if invoice else None


def _let_end(
    account: Account,
    subscription: Subscription,
    before: Facts,
    found: LineEnding,
    *,
    names: charge_letters.Names,
    occasion: Occasion,
) -> tuple[None, None]:
    """End the lines that an extension was made without: their seats are free, and nothing is charged."""
    if broken := invariants.faults(before):
        return _park(account, broken, occasion)
    occasion = replace(occasion, on=found.on)
    persist(subscription, before, found.after, occasion=occasion)
    activity.record(
        account,
        ActivityVerb.PRODUCT_ENDED,
        occasion,
        subject="subscription",
        before=state_of(before),
        after=state_of(found.after),
    )
    ended = [{"product": names[line.product], "used": line.seats_in_use} for line in found.lines]
    mail.post(
        LetterKind.PRODUCT_ENDED,
        account,
        to=[member.user for member in Membership.objects.contacts(account)],
        facts={
            "ended": ended,
            "on": found.on.isoformat(),
            "until": (before.renews_on - timedelta(days=1)).isoformat(),
        },
        key=f"{account.pk}:{found.on}",
    )
    close_moot(account, occasion)
    return None, None


@transaction.atomic
def unpark(account_id: int, *, reason: str, occasion: Occasion) -> None:
    """Let a parked subscription renew again, once nothing is broken on a day of the account.

    Nothing is charged here: the next tick renews what is due. Recorded with the reason, which the
    account's owner reads. Raises PermissionDenied for anyone but the vendor's staff, ValueError
    without a reason, NotParked, and StillBroken.
    """
    staff.demand(occasion.person, reason)
    account = Account.objects.lock(account_id)
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=account_id)
    if subscription.parked_at is None:
        raise NotParked
    reading = loading.read(account, occasion.on, holders=True)
    if reading is not None and reading.facts.has_bought:
        _renewal_then, broken = _priced(reading.facts, subscription.resumes_on)
        if broken:
            raise StillBroken(broken)
    Subscription.objects.filter(pk=account_id).update(parked_at=None, parked_because="")
    activity.record(
        account, ActivityVerb.SUBSCRIPTION_UNPARKED, occasion, subject="subscription", reason=reason.strip()
    )


def _park(account: Account, faults: tuple[InvariantFault, ...], occasion: Occasion) -> tuple[None, None]:
    """Charge nothing for an account whose facts break a rule, and say so to the staff."""
    because = _because(faults)
    Subscription.objects.filter(pk=account.pk).update(parked_at=occasion.at, parked_because=because)
    activity.record(
        account,
        ActivityVerb.SUBSCRIPTION_PARKED,
        occasion,
        subject="subscription",
        reason=because,
    )
    log.error("subscription_parked", account=account.slug, because=because)
    return None, None


def _because(faults: tuple[InvariantFault, ...]) -> str:
    return ", ".join(f"{fault.code} {fault.product or ''}".strip() for fault in faults)[:200]


def _priced(
    held: Facts, resumes_on: date | None
) -> tuple[quoting.Renewal | None, tuple[InvariantFault, ...]]:
    """Return the coming renewal and what stands against it: in the facts, and in what it would charge."""
    try:
        renewal = _renewal(held, resumes_on)
    except NoPriceInCycle as refusal:
        return None, (InvariantFault(refusal.code, str(refusal.data["product"])),)
    return renewal, (*invariants.faults(held), *invariants.line_faults(renewal.lines))


def _renewal(before: Facts, resumes_on: date | None) -> quoting.Renewal:
    """Return what is charged: the next period, or what is left of it on the day it resumes."""
    if resumes_on is not None and resumes_on > before.renews_on:
        return quoting.resumption(before, resumes_on)
    found = quoting.renewal(before, before.renews_on)
    assert found is not None  # there are lines
    return found


def _charge(account: Account, invoice: Invoice, occasion: Occasion) -> UUID | None:
    """Intend the collection of an invoice, where a method is charged at all; return the charge's id.

    Where one should be charged and there is none, the account falls past due.
    """
    if invoice.due.amount == 0 or not payments.is_charged(account):
        return None
    method = PaymentMethod.objects.default_of(account.pk)
    if method is None:
        lifecycle.fall_past_due(account, occasion=occasion, invoice=invoice.number)
        return None
    return payments.intend(account, invoice.due, method, occasion.at, invoice=invoice).pk


def _end(account: Account, occasion: Occasion) -> None:
    """Carry out a cancellation that waited for the end of the period."""
    cancellation.end_everything(account, occasion=occasion, reason="period_ended")
    cancellation.tell_members(account, occasion=occasion, key=f"{account.pk}:{occasion.at}")


def _record(
    account: Account,
    before: Facts,
    renewal: quoting.Renewal,
    invoice: Invoice | None,
    names: charge_letters.Names,
    occasion: Occasion,
) -> None:
    number = invoice.number if invoice else ""
    activity.record(
        account,
        ActivityVerb.SUBSCRIPTION_RENEWED,
        occasion,
        subject="subscription",
        before=state_of(before),
        after=state_of(renewal.after),
        invoice=number,
    )
    mail.post(
        LetterKind.SUBSCRIPTION_RENEWED,
        account,
        to=[member.user for member in Membership.objects.contacts(account)],
        facts={
            "invoice": number,
            "from": renewal.period.start.isoformat(),
            "until": renewal.period.last_day.isoformat(),
            **payment_letters.terms(invoice),
            "differences": charge_letters.differences(before, renewal.after, names),
            **charge_letters.charged(renewal.lines, renewal.settlement, account.currency, names),
        },
        key=f"{account.pk}:{renewal.period.start}",
    )
