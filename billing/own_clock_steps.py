"""All that is due of one account at a moment of its own clock, step by step, as background work does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from django.db.models import Q

from accounts import ownership, queues, trials
from accounts.models import Account, Invitation, OwnershipOffer
from accounts.occasion import Occasion
from billing import (
    change_request_talk,
    change_requests,
    dunning,
    erasure,
    method_expiries,
    payments,
    price_endings,
    promised_seats,
    reconciliation,
    refunds,
    reminders,
    renewal,
    temporary_seats,
)
from billing.models import ChangeRequest, Charge, PaymentMethod, Refund, TemporarySeats
from billing.rules import card_expiry
from billing.rules.dunning import due_step
from billing.storage.dunning import of_account

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Taken:
    """How the steps went: whether any had something to do, and which did not go through."""

    tried: bool
    failed: tuple[str, ...]


def take(account_id: int, occasion: Occasion) -> Taken:
    """Do each step of an account on an occasion by its own clock; return how they went.

    A step that raises is logged, and stops no other; only a connection that is gone does.
    """
    tried, failed, account = False, list[str](), None
    for name, step in STEPS.items():
        account = account or Account.objects.get(pk=account_id)
        try:
            if not step(account, occasion):
                continue
        except Exception:
            log.exception("own_clock_step_failed", step=name, account=account_id)
            if queues.connection_is_lost():
                raise
            failed.append(name)
        # It may be another by now.
        tried, account = True, None
    return Taken(tried, tuple(failed))


def _charges(account: Account, occasion: Occasion) -> bool:
    """Ask for what is open and not just being sent: on a clock that stands still it never gets older."""
    sending = Q(state__in=[Charge.State.CREATED, Charge.State.SENDING])
    young = sending & Q(created_at__gte=occasion.at - reconciliation.IN_FLIGHT)
    waiting = Charge.objects.filter(
        Q(state__in=Charge.OPEN) | Q(refund_due=True, refunded_at=None), subscription=account.pk
    ).exclude(young)
    ids = list(waiting.order_by("created_at", "pk").values_list("pk", flat=True))
    for pk in ids:
        payments.reconcile_charge(pk, occasion=occasion)
    return bool(ids)


def _refunds(account: Account, occasion: Occasion) -> bool:
    waiting = Refund.objects.filter(
        subscription=account.pk, state__in=Refund.OPEN, sent_at__lt=occasion.at - reconciliation.IN_FLIGHT
    )
    ids = list(waiting.order_by("sent_at", "pk").values_list("pk", flat=True))
    for pk in ids:
        refunds.look_up(pk, occasion=occasion)
    return bool(ids)


def _requests(account: Account, occasion: Occasion) -> bool:
    waiting = ChangeRequest.objects.filter(subscription=account.pk, state=ChangeRequest.State.OPEN)
    rows = list(waiting.order_by("pk").values_list("pk", "expires_at"))
    for pk, expires_at in rows:
        if expires_at <= occasion.at:
            change_requests.expire_one(pk, occasion.at)
        else:
            change_request_talk.remind(pk, occasion=occasion)
    return bool(rows)


def _offers(account: Account, occasion: Occasion) -> bool:
    offers = OwnershipOffer.objects.filter(
        account=account, state=OwnershipOffer.State.OPEN, expires_at__lte=occasion.at
    )
    ids = list(offers.order_by("pk").values_list("pk", flat=True))
    for pk in ids:
        ownership.expire(pk, occasion=occasion)
    return bool(ids)


def _invitations(account: Account, occasion: Occasion) -> bool:
    over = Invitation.objects.filter(
        account=account, accepted_at=None, revoked_at=None, expiry_told_at=None, expires_at__lte=occasion.at
    )
    ids = list(over.order_by("pk").values_list("pk", flat=True))
    for pk in ids:
        promised_seats.expire(pk, occasion.at)
    return bool(ids)


def _renewals(account: Account, occasion: Occasion) -> bool:
    if not renewal.is_due(account.pk, occasion.on):
        return False
    renewal.renew(account.pk, occasion=occasion)
    return True


def _temporary_seats(account: Account, occasion: Occasion) -> bool:
    live = TemporarySeats.objects.filter(subscription=account.pk, is_over=False)
    ids = list(live.order_by("pk").values_list("pk", flat=True))
    # Each is asked.
    return sum(temporary_seats.take_step(pk, occasion=occasion) for pk in ids) > 0


def _reminders(account: Account, occasion: Occasion) -> bool:
    due = list(reminders.due(occasion.at, account.pk))
    return sum(reminders.remind(pk, occasion=occasion) for pk in due) > 0


def _price_endings(account: Account, occasion: Occasion) -> bool:
    due = list(price_endings.due(occasion.at, account.pk))
    return sum(price_endings.tell(*row, occasion=occasion) for row, _account in due) > 0


def _dunning(account: Account, occasion: Occasion) -> bool:
    due = [one for one in of_account(account.pk) if one.is_collected and due_step(one.unpaid, occasion.on)]
    for one in due:
        dunning.take_step(one.invoice.pk, occasion=occasion)
    return bool(due)


def _trials(account: Account, occasion: Occasion) -> bool:
    return not trials.is_told(account, occasion) and trials.tell(account.pk, occasion=occasion)


def _expiring_methods(account: Account, occasion: Occasion) -> bool:
    found = PaymentMethod.objects.filter(subscription=account.pk, expires_year__isnull=False)
    due = [
        one
        for one in found
        if one.last_day and card_expiry.warning(one.last_day, occasion.on) not in (None, one.expiry_warned)
    ]
    return sum(method_expiries.warn(one.pk, occasion=occasion) for one in due) > 0


def _erasure(account: Account, occasion: Occasion) -> bool:
    if account.cancelled_at is None or account.erased_at is not None:
        return False
    return erasure.erase(account.pk, occasion.at)


# In the order of `billing.tasks`.
STEPS: Mapping[str, Callable[[Account, Occasion], bool]] = {
    "charges": _charges,
    "refunds": _refunds,
    "requests": _requests,
    "offers": _offers,
    "invitations": _invitations,
    "renewals": _renewals,
    "temporary_seats": _temporary_seats,
    "reminders": _reminders,
    "price_endings": _price_endings,
    "dunning": _dunning,
    "trials": _trials,
    "expiring_methods": _expiring_methods,
    "erasure": _erasure,
}
