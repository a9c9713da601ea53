"""What waits for the vendor's staff: each queue is a list of the back office with a filter."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext_lazy as _

from accounts.models import Letter, RowFailure
from accounts.rules.capabilities import AccountType, decided_by_staff
from billing import bank_payments
from billing.models import ChangeRequest, Charge, Refund, Subscription

# So many are counted: more is more than a day's work, and a queue of any length costs the same.
MOST_COUNTED = 99
# By then its account was suspended (domain.md 9); it is no work of today's any more.
OWED_FOR = timedelta(days=60)

# Requests that only the staff decide, as long as they are open.
FOR_STAFF = Q(
    state=ChangeRequest.State.OPEN.value,
    subscription__account__type__in=[one.value for one in AccountType if decided_by_staff(one)],
)


def still_owed(now: datetime) -> Q:
    """Return which charges were declined as the last try of an invoice that is still open."""
    later = Charge.objects.filter(invoice=OuterRef("invoice"), created_at__gt=OuterRef("created_at"))
    return Q(
        ~Exists(later),
        state=Charge.State.FAILED.value,
        created_at__gt=now - OWED_FOR,
        invoice__isnull=False,
        invoice__payment=None,
    )


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A queue on the front page: how many wait, at most 99 of them counted, and for how long the oldest."""

    words: Any
    url: str
    count: int
    oldest: str

    @property
    def more(self) -> bool:
        """Tell whether more wait than are counted."""
        return self.count > MOST_COUNTED

    @property
    def shown(self) -> int:
        """Return the number that is shown."""
        return min(self.count, MOST_COUNTED)


def read(now: datetime) -> list[WorkQueue]:
    """Return every queue, each read in one statement, also those in which nothing waits."""
    return [
        WorkQueue(words, url, len(since), _age(since[0], now) if since else "")
        for words, url, rows, moment in _all(now)
        for since in [list(rows.order_by(moment).values_list(moment, flat=True)[: MOST_COUNTED + 1])]
    ]


def _all(now: datetime) -> Iterator[tuple[Any, str, QuerySet[Any], str]]:
    """Yield the words of each queue, its list, its rows, and what says since when one waits."""
    yield (
        _("Requests to decide"),
        _list("billing_changerequest", "waits_for=staff"),
        ChangeRequest.objects.filter(FOR_STAFF),
        "created_at",
    )
    yield (
        _("Parked subscriptions"),
        _list("billing_subscription", "parked=yes"),
        Subscription.objects.filter(parked_at__isnull=False),
        "parked_at",
    )
    yield (
        _("Declined charges, still owed"),
        _list("billing_charge", "state=owed"),
        Charge.objects.filter(still_owed(now)),
        "created_at",
    )
    yield (
        _("Charges without an outcome"),
        _list("billing_charge", "state=unknown"),
        Charge.objects.filter(state=Charge.State.UNKNOWN),
        "created_at",
    )
    yield (
        _("Refunds to decide"),
        _list("billing_refund", "state=requested"),
        Refund.objects.filter(state=Refund.State.REQUESTED),
        "created_at",
    )
    yield (
        _("Payments without a match"),
        _list("billing_bankpayment"),
        bank_payments.waiting(),
        "received_on",
    )
    yield (
        _("Letters that were given up"),
        _list("accounts_letter", "state=over"),
        Letter.objects.filter(failed_at__isnull=False),
        "failed_at",
    )
    yield (
        _("Failed rows"),
        _list("accounts_rowfailure"),
        RowFailure.objects.all(),
        "failed_at",
    )


def _list(name: str, query: str = "") -> str:
    return reverse(f"vendor:{name}_changelist") + (f"?{query}" if query else "")


def _age(since: date, now: datetime) -> str:
    """Return for how long something waits, in its largest unit; a day begins at midnight UTC."""
    moment = since if isinstance(since, datetime) else datetime.combine(since, time(), UTC)
    return timesince(moment, now, depth=1)
