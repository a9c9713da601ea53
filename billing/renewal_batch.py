"""Renews subscriptions together: one period of each, in one transaction and a fixed number of statements.

One subscription is a batch of one. What can't be written together (a change that waits for its payment, a
broken fact, an end) is set aside, to be done alone: by the same function.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, assert_never
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import BooleanField, F, Func, Value

from accounts import activity, lifecycle, mail
from accounts.copying import array
from accounts.failpoints import step
from accounts.models import Account
from accounts.occasion import Occasion, OccasionOf
from accounts.rules.activity import ActivityVerb
from accounts.rules.capabilities import AccountState
from accounts.rules.letters import LetterKind
from billing import cancellation, charge_letters, invoicing, payment_letters, payments
from billing.change_request_closing import close_moot
from billing.invoicing import IssuedInvoice, NewInvoice
from billing.models import Invoice, Subscription
from billing.rules import due
from billing.rules.documents import payment_to_plain
from billing.rules.due import BrokenFacts
from billing.rules.ending import LineEnding
from billing.rules.facts import Facts
from billing.rules.quoting import Renewal
from billing.storage import charges, contacts, loading
from billing.storage.contacts import AccountContacts
from billing.storage.loading import LoadedFacts
from billing.storage.saving import SubscriptionMove, persist_all
from billing.subscription_state import state_of

log = structlog.get_logger()

# What may renew: a suspended account does not, and a trial has nothing to renew.
RENEWING = (AccountState.ACTIVE, AccountState.PAST_DUE)


@dataclass(frozen=True, slots=True)
class IntendedCharge:
    """A charge that is to be collected once its transaction is committed."""

    id: UUID
    account_id: int
    occasion: Occasion


@dataclass
class RenewalBatch:
    """What one transaction did: periods, their invoices, charges to collect, accounts set aside."""

    renewed: int = 0
    invoices: list[int] = field(default_factory=list)
    charges: list[IntendedCharge] = field(default_factory=list)
    aside: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DueSubscription:
    """A locked subscription whose day has come, as it was read on the occasion on which that was seen."""

    subscription: Subscription
    reading: LoadedFacts
    contacts: AccountContacts
    before: Facts
    occasion: Occasion

    @property
    def account(self) -> Account:
        """Return the account."""
        return self.subscription.account


@dataclass(frozen=True, slots=True)
class DueRenewal(DueSubscription):
    """One that renews."""

    renewal: Renewal
    # The day that it is for, whenever it is carried out.
    on_its_day: Occasion

    @property
    def is_charged(self) -> bool:
        """Tell whether something is to be collected with a method."""
        return self.renewal.settlement.due > 0 and payments.is_charged(self.account)


@transaction.atomic
def renew(account_ids: Sequence[int], occasion_of: OccasionOf, *, alone: bool = False) -> RenewalBatch:
    """Renew each of at most a thousand accounts that is due, for one period.

    Whoever is locked by somebody else is left to them, and what can't be written together is set aside.
    `alone` waits for the locks, and does everything.
    """
    done = RenewalBatch()
    renewals = []
    for one, happens in _due(_lock(account_ids, wait=alone), occasion_of, done, alone=alone):
        match happens:
            case Renewal(ends=False):
                renewals.append(_renewing(one, happens))
            case _ if not alone:
                done.aside.append(one.account.pk)
            case Renewal():
                _end(one, happens)
            case LineEnding():
                _let_end(one, happens)
            case BrokenFacts():
                _park(one, happens)
            case _:
                assert_never(happens)
    if not alone:
        done.aside += [one.account.pk for one in renewals if not _is_plain(one)]
        renewals = [one for one in renewals if _is_plain(one)]
    step("renewal_decided")
    _write(renewals, done)
    step("renewal_written")
    return done


def _lock(account_ids: Sequence[int], *, wait: bool) -> list[Subscription]:
    """Lock accounts, then their subscriptions, where these may renew."""
    renewable = Subscription.objects.filter(account__state__in=RENEWING, parked_at=None)
    locking = renewable.select_related("account").select_for_update(
        no_key=True, skip_locked=not wait, of=("account", "self")
    )
    return list(locking.filter(_among(account_ids)).order_by("pk"))


def _among(account_ids: Sequence[int]) -> Func:
    """Ask for these accounts by one value, an array, however many they are."""
    ids = Func(Value(array(account_ids)), template="ANY(%(expressions)s::bigint[])")
    return Func(F("pk"), ids, template="%(expressions)s", arg_joiner=" = ", output_field=BooleanField())


def _due(
    locked: Sequence[Subscription], occasion_of: OccasionOf, done: RenewalBatch, *, alone: bool
) -> list[tuple[DueSubscription, LineEnding | BrokenFacts | Renewal]]:
    """Return what is due of locked subscriptions, with what happens; what raises is set aside."""
    occasions = {one.account_id: occasion_of(one.account).by_itself() for one in locked}
    readings = loading.read_all([(one.account, occasions[one.account_id].on) for one in locked], holders=True)
    to_whom = contacts.read_all([one.account for one in locked])
    found = []
    for one in locked:
        pk = one.account_id
        reading, occasion = readings[pk], occasions[pk]
        before = replace(reading.facts, held=False) if reading.facts.held else reading.facts
        try:
            happens = due.happens(before, occasion.on, resumes_on=one.resumes_on)
        except Exception:
            if alone:
                raise
            done.aside.append(pk)
            continue
        if happens is not None and reading.facts.held and not alone:
            done.aside.append(pk)
        elif happens is not None:
            found.append((DueSubscription(one, reading, to_whom[pk], before, occasion), happens))
    return found


def _renewing(one: DueSubscription, renewal: Renewal) -> DueRenewal:
    late = one.occasion.on != renewal.on
    on_its_day = replace(one.occasion, on=renewal.on) if late else one.occasion
    return DueRenewal(
        one.subscription, one.reading, one.contacts, one.before, one.occasion, renewal, on_its_day
    )


def _is_plain(one: DueRenewal) -> bool:
    """Tell whether a renewal has no consequence that is written one by one."""
    return not one.reading.open_requests and not (one.contacts.method is None and one.is_charged)


# --- Renewals -------------------------------------------------------------------------------------


def _write(renewals: Sequence[DueRenewal], done: RenewalBatch) -> None:
    """Write renewals: the subscriptions, then what has the invoice's number in it."""
    for one in renewals:
        one.subscription.resumes_on = None
    persist_all(
        [
            SubscriptionMove(one.subscription, one.before, one.renewal.after, one.on_its_day)
            for one in renewals
        ]
    )
    step("renewal_moved")
    issued = list(zip(renewals, invoicing.issue_all([_invoice(one) for one in renewals]), strict=True))
    activity.record_all([_entry(one, invoice) for one, invoice in issued])
    mail.post_all([letter for one, invoice in issued for letter in _letters(one, invoice)])
    done.renewed += len(renewals)
    done.invoices += [invoice.id for _one, invoice in issued if invoice is not None]
    done.charges += _intend(issued)
    for one, invoice in issued:
        if invoice is not None and one.contacts.method is None and one.is_charged:
            lifecycle.fall_past_due(one.account, occasion=one.on_its_day, invoice=invoice.document.number)
        if one.reading.open_requests:
            close_moot(one.account, one.on_its_day)


def _invoice(one: DueRenewal) -> NewInvoice:
    cause = invoicing.Cause(Invoice.Reason.RENEWAL, period_start=one.renewal.period.start)
    renewal = one.renewal
    return NewInvoice(
        one.account, renewal.lines, renewal.settlement, one.reading, one.contacts, cause, one.on_its_day
    )


def _intend(issued: Sequence[tuple[DueRenewal, IssuedInvoice | None]]) -> list[IntendedCharge]:
    """Intend the collection of invoices, where a method is charged; return the charges."""
    charged = [
        (
            one,
            charges.NewCharge(one.account, one.renewal.settlement.due, method, one.occasion.at, invoice.id),
        )
        for one, invoice in issued
        if invoice is not None and one.is_charged and (method := one.contacts.method) is not None
    ]
    ids = charges.intend_all([charge for _one, charge in charged])
    return [
        IntendedCharge(pk, one.subscription.account_id, one.occasion)
        for pk, (one, _charge) in zip(ids, charged, strict=True)
    ]


def _entry(one: DueRenewal, invoice: IssuedInvoice | None) -> activity.NewEntry:
    return activity.NewEntry(
        one.account,
        ActivityVerb.SUBSCRIPTION_RENEWED,
        one.on_its_day,
        subject="subscription",
        before=state_of(one.before),
        after=state_of(one.renewal.after),
        invoice=invoice.document.number if invoice else "",
    )


def _letters(one: DueRenewal, invoice: IssuedInvoice | None) -> list[mail.NewLetter]:
    renewal, names, document = one.renewal, one.reading.names, invoice.document if invoice else None
    facts = {
        "invoice": document.number if document else "",
        "from": renewal.period.start.isoformat(),
        "until": renewal.period.last_day.isoformat(),
        **(payment_letters.terms(payment_to_plain(document.payment), document.due_on) if document else {}),
        "differences": charge_letters.differences(one.before, renewal.after, names),
        **charge_letters.charged(renewal.lines, renewal.settlement, one.account.currency, names),
    }
    return _to_contacts(LetterKind.SUBSCRIPTION_RENEWED, one, facts, on=renewal.period.start.isoformat())


def _to_contacts(
    kind: LetterKind, one: DueSubscription, facts: dict[str, Any], *, on: str
) -> list[mail.NewLetter]:
    """Return a letter of what happened on a day for each who can act on billing."""
    pk = one.subscription.account_id
    return [
        mail.NewLetter(
            kind, pk, who.person_id, who.email, who.language, facts, f"{kind}:{pk}:{on}:{who.person_id}"
        )
        for who in one.contacts.people
    ]


# --- What is done alone ---------------------------------------------------------------------------


def _end(one: DueSubscription, renewal: Renewal) -> None:
    """Carry out a cancellation that waited for the end of the period."""
    occasion = replace(one.occasion, on=renewal.on)
    cancellation.end_everything(one.account, occasion=occasion, reason="period_ended")
    cancellation.tell_members(one.account, occasion=occasion, key=f"{one.account.pk}:{occasion.at}")


def _let_end(one: DueSubscription, found: LineEnding) -> None:
    """End the lines that an extension was made without: their seats are free, and nothing is charged."""
    account, before, occasion = one.account, one.before, replace(one.occasion, on=found.on)
    persist_all([SubscriptionMove(one.subscription, before, found.after, occasion)])
    activity.record(
        account,
        ActivityVerb.PRODUCT_ENDED,
        occasion,
        subject="subscription",
        before=state_of(before),
        after=state_of(found.after),
    )
    ended = [{"product": one.reading.names[line.product], "used": line.seats_in_use} for line in found.lines]
    until = (before.renews_on - timedelta(days=1)).isoformat()
    on = found.on.isoformat()
    facts = {"ended": ended, "on": on, "until": until}
    mail.post_all(_to_contacts(LetterKind.PRODUCT_ENDED, one, facts, on=on))
    close_moot(account, occasion)


def _park(one: DueSubscription, broken: BrokenFacts) -> None:
    """Charge nothing for an account whose facts break a rule, and say so to the staff."""
    account = one.account
    Subscription.objects.filter(pk=account.pk).update(
        parked_at=one.occasion.at, parked_because=broken.because
    )
    activity.record(
        account,
        ActivityVerb.SUBSCRIPTION_PARKED,
        one.occasion,
        subject="subscription",
        reason=broken.because,
    )
    log.error("subscription_parked", account=account.slug, because=broken.because)
