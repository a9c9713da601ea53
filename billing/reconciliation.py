"""Asks the provider how payments stand: what is open, what it says unasked, and for who has just come back.

What a provider sends us is a hint and changes nothing by itself: the payment it names is asked for.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from time import monotonic, sleep
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from accounts import queues
from accounts.models import Account
from accounts.occasion import Occasion
from billing import payments
from billing.models import Charge, ProviderMessage, ReconciliationPoint
from billing.provider import provider
from billing.provider.base import (
    MessageRefused,
    MessagingProvider,
    PaymentOutcome,
    PaymentStatus,
    ProviderUnreachable,
)

__all__ = ["MessageRefused", "NoSuchProvider", "ask_on_return", "process_waiting", "receive", "reconcile"]

log = structlog.get_logger()

# Younger charges may still be on their way in the process that sends them.
IN_FLIGHT = timedelta(seconds=30)
# What is open is asked for again after a tenth of the time that it has been so, and at least so often.
ASKED_WITHIN = timedelta(hours=1)
# The provider's list is read from before the last time on: its clock is not ours.
OVERLAP = timedelta(minutes=10)
# Who comes back from their bank waits so many seconds for an answer, with such pauses between questions.
PATIENCE, PAUSE = 3.0, 1.0


class NoSuchProvider(Exception):
    """Messages of this provider are not expected here."""


def ask_on_return(charge_id: UUID, *, occasion: Occasion) -> Charge:
    """Ask how a charge stands of which the customer has just come back from their bank; return it.

    The bank may be a moment slower than its customer: what was confirmed is asked for again for a few
    seconds. What still waits for the customer is asked for once more: they may have come back without.
    """
    last = monotonic() + PATIENCE
    began = Charge.objects.get(pk=charge_id).state
    charge = payments.reconcile_charge(charge_id, occasion=occasion)
    if began != Charge.State.ACTION:
        return charge
    if charge.state == Charge.State.ACTION:
        sleep(PAUSE)
        charge = payments.reconcile_charge(charge_id, occasion=occasion)
    while charge.state in (Charge.State.UNKNOWN, Charge.State.PROCESSING) and monotonic() < last:
        sleep(PAUSE)
        charge = payments.reconcile_charge(charge_id, occasion=occasion)
    return charge


def reconcile(at: datetime) -> int:
    """Settle every charge that is open and not just being sent, and every refund that is due.

    First takes in what the provider says by itself. Returns how many charges were looked at. What has
    been open for long, as a direct debit is for days, is asked for more seldom. Those of accounts with a
    clock of their own are `own_clocks`'.
    """
    payments.outside_a_transaction()
    queues.each("said_by_provider", [("list", None)], lambda _list: _process_list(at), at=at)
    waiting = Charge.objects.filter(
        Q(state__in=Charge.OPEN, created_at__lt=at - IN_FLIGHT) | Q(refund_due=True, refunded_at=None)
    ).filter(subscription__account__clock=None)
    found = waiting.order_by("created_at", "pk").values_list(
        "pk", "subscription_id", "created_at", "asked_at"
    )
    rows = [(key, account) for key, account, created, asked in found if is_due(created, asked, at)]
    queues.each("charges", rows, partial(_ask, at=at), at=at)
    return len(rows)


def _ask(charge_id: UUID, *, at: datetime) -> Charge:
    return payments.reconcile_charge(charge_id, occasion=_by_itself(charge_id, at))


def _settle(charge_id: UUID, *, outcome: PaymentOutcome, at: datetime) -> None:
    payments.settle(charge_id, outcome, occasion=_by_itself(charge_id, at))


def _by_itself(charge_id: UUID, at: datetime) -> Occasion:
    """Return the occasion on which what the provider says of a charge is taken in, on its account's clock."""
    account = Account.objects.get(subscription__charges=charge_id)
    return Occasion.of(account, account.moment(at))


def is_due(created_at: datetime, asked_at: datetime | None, at: datetime) -> bool:
    """Tell whether an open charge, or a refund that is under way, is asked for again.

    What was asked in the future was so by a clock that had jumped ahead.
    """
    return asked_at is None or asked_at > at or at - asked_at >= min((at - created_at) / 10, ASKED_WITHIN)


# --- What the provider says by itself -----------------------------------------------------------------


def _process_list(at: datetime) -> None:
    """Take in what the provider lists since the last time."""
    point, _made = ReconciliationPoint.objects.get_or_create(
        provider=settings.PAYMENT_PROVIDER, defaults={"listed_until": at - payments.LONGEST_WAIT}
    )
    try:
        said = list(provider().unasked(min(point.listed_until, at) - OVERLAP))
    except ProviderUnreachable:
        return
    _take_in(said, at)
    ReconciliationPoint.objects.filter(pk=point.pk).update(listed_until=at)


def _take_in(said: Iterable[tuple[str, PaymentOutcome]], at: datetime) -> None:
    """Take in what was said of charges; of those that are not ours it says nothing to us."""
    outcomes = [(_id(key), key, outcome) for key, outcome in said]
    ours = Charge.objects.filter(pk__in={id for id, _key, _outcome in outcomes if id})
    known = {
        pk: (state, account) for pk, state, account in ours.values_list("pk", "state", "subscription_id")
    }
    for id, key, outcome in outcomes:
        if id is None or id not in known:
            log.warning("unknown_charge", key=key[:40])
            continue
        state, account = known[id]
        if state in Charge.OPEN or (
            state == Charge.State.FAILED and outcome.status is PaymentStatus.SUCCEEDED
        ):
            queues.each("said_by_provider", [(id, account)], partial(_settle, outcome=outcome, at=at), at=at)


def _id(key: str) -> UUID | None:
    try:
        return UUID(key)
    except ValueError:
        return None


# --- Signed messages ----------------------------------------------------------------------------------


def receive(name: str, body: bytes, headers: Mapping[str, str], *, at: datetime) -> bool:
    """Keep a message of the provider, to be processed soon; return whether it is new.

    Asks nobody, and changes nothing of any account. Raises NoSuchProvider, MessageRefused.
    """
    sender = provider()
    if not isinstance(sender, MessagingProvider) or sender.webhook_name != name:
        raise NoSuchProvider
    message = sender.read_message(body, headers, at=at)
    if message is None:
        return False
    _row, made = ProviderMessage.objects.get_or_create(
        id=message.id, defaults={"reference": message.reference, "received_at": at}
    )
    if made:
        transaction.on_commit(_wake_worker, robust=True)
    return made


def _wake_worker() -> None:
    """Wake a worker; where that is lost, the next sweep processes what waits."""
    with suppress(AlreadyEnqueued):
        app.configure_task("billing.process_messages", queueing_lock="messages").defer()


def process_waiting(at: datetime) -> int:
    """Ask the provider about each payment that its messages named; return how many were processed.

    Where it does not answer the message waits, for a day: by then the list has told.
    """
    payments.outside_a_transaction()
    rows = ProviderMessage.objects.filter(processed_at=None, received_at__gt=at - payments.LONGEST_WAIT)
    waiting = rows.order_by("received_at", "id").values_list("id", flat=True)
    return queues.each("messages", [(row, None) for row in waiting], partial(_process, at=at), at=at)[0]


def _process(message_id: str, *, at: datetime) -> bool:
    """Ask about one payment, unless its success is known; return whether the provider answered."""
    message = ProviderMessage.objects.get(pk=message_id)
    sender = provider()
    known = Charge.objects.filter(reference=message.reference, state=Charge.State.SUCCEEDED)
    if isinstance(sender, MessagingProvider) and not known.exists():
        try:
            told = sender.tell(message.reference)
        except ProviderUnreachable:
            return False
        if told is None:
            log.info("message_of_nothing_of_ours", message=message_id)
        _take_in([told] if told else [], at)
    ProviderMessage.objects.filter(pk=message_id, processed_at=None).update(processed_at=at)
    return True
