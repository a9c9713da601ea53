"""Reads what an account owed and owes: its documents, their payments, and its credit."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, DecimalField, ExpressionWrapper, F, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, TruncDate

from accounts.models import Account
from billing.models import BalanceEntry, BankBooking, Invoice, InvoicePayment, WriteOff
from billing.rules.money import to_minor
from billing.rules.statements import AccountStatement, Movement, MovementKind, statement

# The columns of a movement: its day, kind, amount and number, and what sorts those of one day.
COLUMNS = ("day", "what", "moved", "of", "at")


def read(account: Account, first: date, last: date) -> AccountStatement:
    """Return an account's statement from the first day to the last, both among it, in two statements of SQL.

    A document counts on the day of its issue, a payment on the day it came, in the account's zone.
    """
    currency, until = account.currency, last + timedelta(days=1)
    movements = [
        Movement(day, MovementKind(what), to_minor(moved, currency), number)
        for day, what, moved, number, _at in _movements(account, first, until)
    ]
    return statement(
        movements, currency=currency, first=first, last=last, opening=_owed_before(account, first)
    )


def _movements(account: Account, first: date, until: date) -> QuerySet[Any, Any]:
    start, end = _midnight(account, first), _midnight(account, until)
    issued, paid, transferred, given_up, credit = _parts(account)
    parts = (
        issued.filter(issued_on__gte=first, issued_on__lt=until),
        paid.filter(paid_at__gte=start, paid_at__lt=end),
        transferred.filter(payment__received_on__gte=first, payment__received_on__lt=until),
        given_up.filter(written_off_at__gte=start, written_off_at__lt=end),
        credit.filter(created_at__gte=start, created_at__lt=end),
    )
    one, *others = (part.values_list(*COLUMNS) for part in parts)
    # On one day what was issued stands before what paid it.
    return one.union(*others, all=True).order_by("day", "at", "what")


def _owed_before(account: Account, first: date) -> int:
    """Return what an account owed when a day began: documents less payments, write-offs and credit."""
    start = _midnight(account, first)
    issued, paid, transferred, given_up, credit = _parts(account)
    sums = (
        issued.filter(issued_on__lt=first).aggregate(sum=Sum("moved"))["sum"],
        paid.filter(paid_at__lt=start).aggregate(sum=Sum("moved"))["sum"],
        transferred.filter(payment__received_on__lt=first).aggregate(sum=Sum("moved"))["sum"],
        given_up.filter(written_off_at__lt=start).aggregate(sum=Sum("moved"))["sum"],
        credit.filter(created_at__lt=start).aggregate(sum=Sum("moved"))["sum"],
    )
    return sum(to_minor(one or Decimal(0), account.currency) for one in sums)


def _parts(account: Account) -> tuple[QuerySet[Any], ...]:
    """Return documents, payments, write-offs and what moved the credit, each with a movement's columns."""
    zone = ZoneInfo(account.timezone)
    documents = Invoice.objects.filter(subscription_id=account.pk).annotate(
        day=F("issued_on"),
        what=_kind_of_document(),
        moved=_plain(F("total")),
        of=F("number"),
        at=F("issued_at"),
    )
    paid = InvoicePayment.objects.filter(
        invoice__subscription_id=account.pk,
        invoice__due__gt=0,
        invoice__bank_bookings=None,
        write_off=None,
        from_balance=False,
    )
    transferred = BankBooking.objects.filter(invoice__subscription_id=account.pk).annotate(
        day=F("payment__received_on"),
        what=_text(MovementKind.PAID),
        moved=_plain(-F("amount")),
        of=F("invoice__number"),
        at=F("booked_at"),
    )
    payments = paid.annotate(
        day=TruncDate("paid_at", tzinfo=zone),
        what=_text(MovementKind.PAID),
        moved=_plain(-F("invoice__due")),
        of=F("invoice__number"),
        at=F("paid_at"),
    )
    given_up = WriteOff.objects.filter(invoice__subscription_id=account.pk).annotate(
        day=TruncDate("written_off_at", tzinfo=zone),
        what=_text(MovementKind.WRITTEN_OFF),
        moved=_plain(-F("amount")),
        of=F("invoice__number"),
        at=F("written_off_at"),
    )
    return documents, payments, transferred, given_up, _credit(account)


def _credit(account: Account) -> QuerySet[Any]:
    """Return what moved the credit balance and no document says: brought in, given back."""
    reason = BalanceEntry.Reason
    kinds = {
        reason.BROUGHT_IN: MovementKind.BROUGHT_IN,
        reason.REFUNDED: MovementKind.REFUNDED,
        reason.REFUND_FAILED: MovementKind.REFUND_FAILED,
    }
    return BalanceEntry.objects.filter(subscription_id=account.pk, reason__in=kinds).annotate(
        day=TruncDate("created_at", tzinfo=ZoneInfo(account.timezone)),
        what=Case(*(When(reason=why, then=_text(kind)) for why, kind in kinds.items())),
        moved=_plain(-F("amount")),
        of=Coalesce("refund__charge__invoice__number", _text("")),
        at=F("created_at"),
    )


def _plain(amount: Any) -> "ExpressionWrapper[Any]":
    """Return an amount as a plain number: a currency beside it would be another column."""
    return ExpressionWrapper(amount, DecimalField(max_digits=24, decimal_places=3))


def _text(text: str) -> Value:
    return Value(str(text), CharField())


def _kind_of_document() -> Case:
    return Case(
        When(reason=Invoice.Reason.BROUGHT_IN, then=_text(MovementKind.OPENING_ITEM)),
        When(kind=Invoice.Kind.CREDIT_NOTE, then=_text(MovementKind.CREDITED)),
        default=_text(MovementKind.INVOICED),
        output_field=CharField(),
    )


def _midnight(account: Account, day: date) -> datetime:
    """Return the moment at which a day begins in the account's zone."""
    return datetime.combine(day, time(), ZoneInfo(account.timezone))
