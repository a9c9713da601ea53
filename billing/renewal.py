"""Renews subscriptions that are due, with the function behind the summary."""

from collections.abc import Iterator
from datetime import date

from django.db import transaction
from django.db.models import F, Q

from accounts import activity, staff
from accounts.failpoints import step
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from billing import approvals, payments, renewal_batch
from billing.models import Charge, Invoice, Quote, ScheduledChange, Subscription
from billing.renewal_batch import RENEWING
from billing.rules import due as due_rules
from billing.rules.due import BrokenFacts
from billing.rules.invariants import InvariantFault
from billing.storage import loading

_RENEWABLE = Subscription.objects.filter(account__state__in=RENEWING, lines__ended_on=None, parked_at=None)


class StillBroken(Exception):
    """A parked subscription whose facts still break a rule: mend them first."""

    def __init__(self, faults: tuple[InvariantFault, ...]) -> None:
        """Keep what is broken."""
        super().__init__(BrokenFacts(faults).because)
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
    issued, occasion = list[int](), occasion.by_itself()
    while is_due(account_id, occasion.on):
        _settle_held(account_id, occasion)
        batch = renewal_batch.renew([account_id], lambda _account: occasion, alone=True)
        step("renewal_committed")
        issued += batch.invoices
        for charge in batch.charges:
            payments.collect(charge.id, occasion=occasion)
    return list(Invoice.objects.filter(pk__in=issued).order_by("pk")) if issued else []


def due(on: date) -> Iterator[int]:
    """Yield the accounts whose paid period is over on a day, or that of a line; the longest overdue first."""
    # Asked apart: each has its own index.
    yield from _ids(Q(paid_until__lte=on))
    yield from due_to_end(on)


def due_to_end(on: date) -> Iterator[int]:
    """Yield the accounts with a line that an extension was made without, whose day has come."""
    return _ids(_ends_by(on))


def _ids(due: Q) -> Iterator[int]:
    found = _RENEWABLE.filter(due).order_by("paid_until", "pk").values_list("pk", flat=True)
    return found.distinct().iterator(chunk_size=1000)


def is_due(account_id: int, on: date) -> bool:
    """Tell whether a renewal of an account, or the end of a line before it, is due on a day."""
    return _RENEWABLE.filter(Q(paid_until__lte=on) | _ends_by(on), pk=account_id).exists()


def _ends_by(on: date) -> Q:
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
                approvals.fall_back(account, quote.pk)


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
        found = due_rules.priced(reading.facts, resumes_on=subscription.resumes_on)
        if isinstance(found, BrokenFacts):
            raise StillBroken(found.faults)
    Subscription.objects.filter(pk=account_id).update(parked_at=None, parked_because="")
    activity.record(
        account, ActivityVerb.SUBSCRIPTION_UNPARKED, occasion, subject="subscription", reason=reason.strip()
    )
