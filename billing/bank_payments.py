"""Books incoming transfers against invoices: by themselves where there is no doubt, else by the staff."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum

from accounts import activity, staff
from accounts.models import Account
from accounts.occasion import Occasion, OccasionOf
from accounts.rules.activity import ActivityVerb
from billing import debts, payment_letters
from billing.models import BalanceEntry, BankBooking, BankPayment, Charge, Invoice, InvoicePayment
from billing.rules.bank_matching import OpenInvoice, matched, named, perhaps_named
from billing.rules.money import to_minor, to_money

# What an entry of the trail has room for.
MOST_OF_INVOICES = 40


@dataclass(frozen=True, slots=True)
class ListedTransfer:
    """One incoming transfer as a bank's file tells it; `amount` in minor units."""

    bank_id: str
    received_on: date
    amount: int
    currency: str
    reference: str = ""
    payer: str = ""


class NotBookable(Exception):
    """What was asked can't be booked; `reason` is a code.

    `unknown` (no such invoice is open), `currency`, `accounts` (of several accounts at once), `too_much`
    (more than is left of the transfer, or of an invoice), `under_way` (another payment goes on), `twice`.
    """

    def __init__(self, reason: str) -> None:
        """Keep the code."""
        super().__init__(reason)
        self.reason = reason


def receive(listed: Iterable[ListedTransfer], *, at: datetime, occasion_of: OccasionOf) -> tuple[int, int]:
    """Keep transfers that are new, and book those that leave no doubt; return how many of each.

    What a bank told before, by its id, changes nothing. Each is booked in the clock of its account.
    """
    new = booked = 0
    for one in listed:
        payment, is_new = BankPayment.objects.get_or_create(
            bank_id=one.bank_id,
            defaults={
                "received_on": one.received_on,
                "amount": to_money(one.amount, one.currency),
                "reference": one.reference,
                "payer": one.payer,
                "loaded_at": at,
            },
        )
        if is_new:
            new += 1
            booked += _book_by_itself(payment, occasion_of)
    return new, booked


def _book_by_itself(payment: BankPayment, occasion_of: OccasionOf) -> bool:
    """Book a transfer whose reference and amount leave no doubt; return whether it was."""
    currency = payment.amount.currency.code
    wanted = _named(payment.reference)
    invoices = open_ones().filter(number__in=wanted)
    found = [OpenInvoice(one.number, one.currency, left_of(one)) for one in invoices]
    parts = matched(wanted, to_minor(payment.amount.amount, currency), currency, found)
    accounts = {one.subscription_id for one in invoices}
    if not parts or len(accounts) != 1:
        return False
    account = Account.objects.get(pk=accounts.pop())
    try:
        _book(payment.pk, parts, occasion=occasion_of(account).by_itself(), reason="")
    except NotBookable:
        return False
    return True


def _named(reference: str) -> frozenset[str]:
    """Return the numbers that a reference names, of our own run and of invoices that were brought in."""
    brought_in = Invoice.objects.filter(reason=Invoice.Reason.BROUGHT_IN, number__in=perhaps_named(reference))
    return frozenset((*named(reference), *brought_in.values_list("number", flat=True)))


def book(payment_id: int, parts: Mapping[str, int], *, reason: str, occasion: Occasion) -> BankPayment:
    """Book parts of a transfer, minor units by invoice number; an invoice is paid when nothing is left of it.

    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotBookable,
    BankPayment.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    return _book(payment_id, parts, occasion=occasion, reason=reason.strip())


@transaction.atomic
def _book(payment_id: int, parts: Mapping[str, int], *, occasion: Occasion, reason: str) -> BankPayment:
    """Book under the lock of the account whose invoices they are."""
    accounts = set(Invoice.objects.filter(number__in=parts).values_list("subscription_id", flat=True))
    if len(accounts) != 1:
        raise NotBookable("accounts" if accounts else "unknown")
    account = Account.objects.lock(accounts.pop())
    payment = BankPayment.objects.select_for_update(no_key=True, of=("self",)).get(pk=payment_id)
    if payment.subscription_id not in (None, account.pk):
        raise NotBookable("accounts")
    if sum(parts.values()) > left_over(payment):
        raise NotBookable("too_much")
    for number, amount in parts.items():
        _book_one(account, payment, number, amount, occasion)
    payment.subscription_id = account.pk
    payment.save(update_fields=["subscription"])
    currency = payment.amount.currency.code
    activity.record(
        account,
        ActivityVerb.BANK_PAYMENT_BOOKED,
        occasion,
        subject="payment",
        after={"amount": {"minor": sum(parts.values()), "currency": currency}},
        reason=reason,
        invoice=_joined(parts),
    )
    if debts.are_settled(account, occasion.on):
        debts.reopen(account, occasion=occasion, reason="paid")
    return payment


def _book_one(account: Account, payment: BankPayment, number: str, amount: int, occasion: Occasion) -> None:
    currency = payment.amount.currency.code
    invoice = open_ones().filter(subscription_id=account.pk, number=number).first()
    if invoice is None:
        raise NotBookable("unknown")
    if invoice.currency != currency:
        raise NotBookable("currency")
    if invoice.charges.filter(state__in=Charge.OPEN).exists():
        raise NotBookable("under_way")
    left = left_of(invoice)
    if not 0 < amount <= left:
        raise NotBookable("too_much")
    if BankBooking.objects.filter(payment=payment, invoice=invoice).exists():
        raise NotBookable("twice")
    BankBooking.objects.create(
        payment=payment,
        invoice=invoice,
        amount=to_money(amount, currency),
        booked_by=occasion.by,
        booked_by_name=occasion.by.name if occasion.by else "",
        booked_at=occasion.at,
    )
    if amount == left:
        InvoicePayment.objects.create(invoice=invoice, paid_at=occasion.at)
        payment_letters.transferred(account, invoice, on=payment.received_on)


def _joined(numbers: Iterable[str]) -> str:
    """Return numbers as an entry of the trail holds them: as many as there is room for, each whole."""
    told = ""
    for number in numbers:
        longer = f"{told}, {number}" if told else number
        if len(longer) > MOST_OF_INVOICES:
            break
        told = longer
    return told


def open_ones() -> QuerySet[Invoice]:
    """Return the invoices of which something is left to pay."""
    return Invoice.objects.filter(kind=Invoice.Kind.INVOICE, due__gt=0, payment__isnull=True)


def left_of(invoice: Invoice) -> int:
    """Return what is left to pay of an invoice after what was booked and set off, in minor units."""
    moved = _set_off(invoice).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    return to_minor(invoice.due.amount - _sum(invoice.bank_bookings.all()) + moved, invoice.currency)


def _set_off(invoice: Invoice) -> QuerySet[BalanceEntry]:
    return invoice.balance_entries.filter(reason=BalanceEntry.Reason.SET_OFF)


def left_over(payment: BankPayment) -> int:
    """Return what of a transfer is not booked yet, in minor units."""
    return to_minor(payment.amount.amount - _sum(payment.bookings.all()), payment.amount.currency.code)


def _sum(bookings: QuerySet[BankBooking]) -> Decimal:
    return Decimal(bookings.aggregate(sum=Sum("amount"))["sum"] or 0)


def is_partly_paid(invoice: Invoice) -> bool:
    """Tell whether a part was paid by transfer, or set off: the rest comes by transfer.

    A card is charged all or nothing.
    """
    in_part = invoice.bank_bookings.exists() or _set_off(invoice).exists()
    return in_part and not InvoicePayment.objects.filter(invoice=invoice).exists()


def waiting() -> QuerySet[BankPayment]:
    """Return the transfers of which something is not booked, the oldest first."""
    booked = BankPayment.objects.annotate(booked=Sum("bookings__amount"))
    return booked.filter(Q(booked=None) | Q(booked__lt=F("amount"))).order_by("received_on", "pk")
