"""Reads what timelines of unpaid invoices are made from: of one, of an account's, of all that may be due."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import DecimalField, ExpressionWrapper, F, QuerySet

from accounts.models import Account
from accounts.rules.capabilities import AccountState, CollectionMethod
from billing.models import BalanceEntry, BankBooking, Charge, DunningEntry, Invoice
from billing.rules.documents import InvoiceState, PaymentMeans, payment_from_plain
from billing.rules.dunning import FIRST_REMINDER_AFTER, DunningStep, UnpaidInvoice
from billing.rules.money import to_minor

# In which states debts are collected: a suspended account waits for its payment, a trial owes nothing.
DUNNED = (AccountState.ACTIVE, AccountState.PAST_DUE)
# What was to be transferred longer ago is the vendor's staff's to collect.
LONGEST = timedelta(days=180)
# Invoices are read so many at once: a statement holds at most 65,535 parameters.
AT_ONCE = 1000
# The day begins at most 14 hours before it does in UTC.
FIRST_TO_BEGIN = timedelta(hours=14)
_OPEN = Invoice.objects.in_state(InvoiceState.OPEN)


@dataclass(frozen=True, slots=True)
class DunningReading:
    """An unpaid invoice, whose it is, and what its timeline is made from; `left` to pay in minor units.

    `charges` and `entries` are all that was tried and done, the oldest first.
    """

    invoice: Invoice
    account: Account
    left: int
    charges: tuple[Charge, ...]
    entries: tuple[DunningEntry, ...]
    unpaid: UnpaidInvoice

    @property
    def is_collected(self) -> bool:
        """Whether its steps are made: not while its account is suspended or parked, or once it ended."""
        return self.account.state in DUNNED and self.invoice.subscription.parked_at is None

    def after(self, step: DunningStep, on: date) -> "DunningReading":
        """Return the same once a step was made on a day."""
        return replace(self, unpaid=replace(self.unpaid, done={**self.unpaid.done, step: on}))


def in_dunning(at: datetime) -> Iterator[DunningReading]:
    """Yield the unpaid invoices that may have a step due at a moment, wherever their account is.

    Charged are those of accounts that are past due; of a parked subscription nothing is collected.
    """
    last = (at + FIRST_TO_BEGIN).date()
    live = _OPEN.filter(subscription__parked_at=None)
    charged = live.filter(subscription__account__state=AccountState.PAST_DUE)
    sent = live.filter(
        subscription__account__state__in=DUNNED,
        payment_terms__means=PaymentMeans.TRANSFER,
        issued_on__range=(last - LONGEST, last - FIRST_REMINDER_AFTER),
    )
    # Asked apart: each has its own index.
    ids = list(dict.fromkeys(pk for some in (charged, sent) for pk in some.values_list("pk", flat=True)))
    for start in range(0, len(ids), AT_ONCE):
        yield from read(live.filter(pk__in=ids[start : start + AT_ONCE]))


def read_one(invoice: Invoice) -> DunningReading | None:
    """Return what the timeline of one invoice is made from, None where nothing is collected for it."""
    found = of_invoice(invoice)
    return found if found is not None and found.is_collected else None


def of_account(account_id: int) -> list[DunningReading]:
    """Return what the timelines of an account's unpaid invoices are made from, the oldest first."""
    return read(_OPEN.filter(subscription_id=account_id))


def of_invoice(invoice: Invoice) -> DunningReading | None:
    """Return what the timeline of one invoice is made from, None where nothing is left to pay of it."""
    return next(iter(read(_OPEN.filter(pk=invoice.pk))), None)


def read(invoices: QuerySet[Invoice]) -> list[DunningReading]:
    """Return what the timelines of some invoices are made from, the oldest first, in four statements."""
    found = list(invoices.select_related("subscription__account").order_by("issued_at", "pk"))
    ids = [one.pk for one in found]
    booked: dict[int, Decimal] = defaultdict(Decimal)
    for pk, part in _in_part(ids):
        booked[pk] += part
    charges, entries = defaultdict(list), defaultdict(list)
    for charge in Charge.objects.filter(invoice__in=ids).order_by("created_at"):
        charges[charge.invoice_id].append(charge)
    for entry in DunningEntry.objects.filter(invoice__in=ids).order_by("pk"):
        entries[entry.invoice_id].append(entry)
    return [
        DunningReading(
            one,
            one.subscription.account,
            to_minor(one.due.amount - booked.get(one.pk, 0), one.currency),
            tuple(charges[one.pk]),
            tuple(entries[one.pk]),
            _unpaid(one, charges[one.pk], entries[one.pk], partly=one.pk in booked),
        )
        for one in found
    ]


def _in_part(ids: list[int]) -> QuerySet[Any, Any]:
    """Return what of invoices came by transfer, and what was set off against them, in one statement."""
    plain: DecimalField[Any, Any] = DecimalField(max_digits=24, decimal_places=3)
    came = BankBooking.objects.filter(invoice__in=ids)
    set_off = BalanceEntry.objects.filter(invoice__in=ids, reason=BalanceEntry.Reason.SET_OFF)
    parts = (
        came.annotate(part=ExpressionWrapper(F("amount"), plain)),
        set_off.annotate(part=ExpressionWrapper(-F("amount"), plain)),
    )
    one, other = (some.values_list("invoice", "part") for some in parts)
    return one.union(other, all=True)


def _unpaid(
    invoice: Invoice, charges: list[Charge], entries: Iterable[DunningEntry], *, partly: bool
) -> UnpaidInvoice:
    account = invoice.subscription.account
    zone = ZoneInfo(account.timezone)
    own = [charge for charge in charges if charge.link_id is None and charge.backup_of_id is None]
    # A try ends with its backup's, where one was tried in its place.
    ends = {charge.pk: charge for charge in own}
    ends |= {charge.backup_of_id: charge for charge in charges if charge.backup_of_id is not None}
    done = {
        DunningStep(one.step): max(one.on, _ended(ends[one.charge_id], zone)) if one.charge_id else one.on
        for one in entries
    }
    if own and DunningStep.FIRST_TRY not in done:
        # Made with the invoice, before it was unpaid.
        done[DunningStep.FIRST_TRY] = _ended(ends[own[0].pk], zone)
    # A renewal that was late is dated from its period, and what was brought in from before the account was
    # here: nobody is behind with it since then.
    known_at = account.created_at if invoice.is_brought_in else invoice.issued_at
    return UnpaidInvoice(
        by_transfer=partly or _is_by_transfer(account, invoice),
        began_on=max(invoice.issued_on, known_at.astimezone(zone).date()),
        done=done,
        pending=any(charge.state in Charge.OPEN for charge in charges),
    )


def _ended(charge: Charge, zone: ZoneInfo) -> date:
    """Return the day on which a try came to its end, or began where it has none yet."""
    return (charge.settled_at or charge.created_at).astimezone(zone).date()


def _is_by_transfer(account: Account, invoice: Invoice) -> bool:
    """Tell whether an invoice is reminded of, not charged: as it was issued, or as its account pays now."""
    means = payment_from_plain(invoice.payment_terms).means
    return account.collects is CollectionMethod.SEND_INVOICE or means is PaymentMeans.TRANSFER
