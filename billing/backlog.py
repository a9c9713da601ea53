"""How the background work stands: the oldest that is due of each kind, what fails, what is parked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import Coalesce
from procrastinate.contrib.django.models import ProcrastinateWorker

from accounts import row_failures
from accounts.models import EmailChange, Invitation, Letter, OwnershipOffer, RowFailure, TaskRun
from billing import erasure, payments, reconciliation, renewal_run
from billing.models import ChangeRequest, Charge, DataExport, ProviderMessage, Refund, Subscription

# A worker says that it lives every five seconds.
A_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is due at a moment, and who does it.

    `beat` is the last sign of life of a worker; one that ended in order leaves none. `due` holds since when
    the oldest of each kind has been due, None where nothing is. `ended` holds when each step last ended
    without an error of its own, `failures` how many rows of each queue fail.
    """

    at: datetime
    beat: datetime | None
    due: Mapping[str, datetime | None]
    ended: Mapping[str, datetime]
    failures: Mapping[str, int]
    parked: int

    @property
    def is_worked(self) -> bool:
        """Whether a worker gave a sign of life within the last minute."""
        return self.beat is not None and self.at - self.beat < A_MOMENT

    def late(self) -> dict[str, float]:
        """Return for how many seconds the oldest of each kind has been due."""
        return {kind: self.seconds_since(since) or 0.0 for kind, since in self.due.items()}

    def seconds_since(self, moment: datetime | None) -> float | None:
        """Return how many seconds ago a moment was."""
        return None if moment is None else max(0.0, (self.at - moment).total_seconds())


def read(at: datetime) -> Backlog:
    """Return how the work stands at a moment. Reads only."""
    runs = TaskRun.objects.filter(error="", ended_at__isnull=False)
    still = RowFailure.objects.filter(tried_at__gt=at - row_failures.FAILS_STILL)
    return Backlog(
        at=at,
        beat=ProcrastinateWorker.objects.aggregate(last=Max("last_heartbeat"))["last"],
        due={kind: since(at) for kind, since in _DUE.items()},
        ended=dict(runs.values_list("step").annotate(last=Max("ended_at")).order_by("step")),
        failures=dict(still.values_list("queue").annotate(rows=Count("pk")).order_by("queue")),
        parked=Subscription.objects.filter(parked_at__isnull=False).count(),
    )


def _oldest(rows: QuerySet[Any], moment: Any) -> datetime | None:
    found: datetime | None = rows.aggregate(oldest=Min(moment))["oldest"]
    return found


def _letters(at: datetime) -> datetime | None:
    waiting = Letter.objects.filter(sent_at=None, failed_at=None)
    waiting = waiting.filter(Q(next_try_at=None) | Q(next_try_at__lte=at))
    return _oldest(waiting, Coalesce("next_try_at", "created_at"))


def _charges(at: datetime) -> datetime | None:
    """Return since when a charge is ours to ask for: not one that waits for a bank, or for its customer."""
    ours = [Charge.State.CREATED, Charge.State.SENDING, Charge.State.UNKNOWN]
    asked = Charge.objects.filter(state__in=ours, created_at__lt=at - reconciliation.IN_FLIGHT)
    given_back = Charge.objects.filter(refund_due=True, refunded_at=None)
    found = [_oldest(asked, "created_at"), _oldest(given_back, "created_at")]
    return min((one for one in found if one), default=None)


def _refunds(at: datetime) -> datetime | None:
    ours = [Refund.State.CREATED, Refund.State.SENDING, Refund.State.UNKNOWN]
    return _oldest(
        Refund.objects.filter(state__in=ours, sent_at__lt=at - reconciliation.IN_FLIGHT), "sent_at"
    )


def _messages(at: datetime) -> datetime | None:
    rows = ProviderMessage.objects.filter(processed_at=None, received_at__gt=at - payments.LONGEST_WAIT)
    return _oldest(rows, "received_at")


def _renewals(at: datetime) -> datetime | None:
    """Return when the day of the oldest renewal that is due began where its account is."""
    first = renewal_run.oldest(at)
    if first is None:
        return None
    day, zone = first
    began = datetime.combine(day, time(), ZoneInfo(zone))
    # On a clock of its own a sandbox may be ahead.
    return min(began, at)


def _exports(_at: datetime) -> datetime | None:
    waiting = [DataExport.State.WAITING, DataExport.State.RUNNING]
    return _oldest(DataExport.objects.filter(state__in=waiting, account__cancelled_at=None), "created_at")


def _expiries(rows: QuerySet[Any]) -> Callable[[datetime], datetime | None]:
    def since(at: datetime) -> datetime | None:
        return _oldest(rows.filter(expires_at__lte=at), "expires_at")

    return since


_DUE: dict[str, Callable[[datetime], datetime | None]] = {
    "messages": _messages,
    "charges": _charges,
    "refunds": _refunds,
    "renewals": _renewals,
    "letters": _letters,
    "exports": _exports,
    "erasures": erasure.oldest,
    "requests_expired": _expiries(ChangeRequest.objects.filter(state=ChangeRequest.State.OPEN)),
    "offers_expired": _expiries(OwnershipOffer.objects.filter(state=OwnershipOffer.State.OPEN)),
    "invitations_expired": _expiries(
        Invitation.objects.filter(accepted_at=None, revoked_at=None, expiry_told_at=None).filter(
            Q(account__is_sandbox=False) | Q(account__clock=None)
        )
    ),
    "address_changes_expired": _expiries(EmailChange.objects.filter(state=EmailChange.State.OPEN)),
}
