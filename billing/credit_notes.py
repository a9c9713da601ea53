"""Credits lines of an invoice: the vendor's staff say how much of each, and why; it stays what it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from accounts import activity, staff
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.activity import ActivityVerb
from billing import bank_payments, debts, documents, invoicing, payment_letters, payments, refunds
from billing.models import (
    BalanceEntry,
    Charge,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    PaidSegment,
    PaymentMethod,
    Refund,
)
from billing.rules.credit_notes import CreditRefusal, IssuedLine, credited, part_of
from billing.rules.documents import PaymentMeans, PaymentTerms
from billing.rules.lines import LineKind, PricedLine
from billing.rules.money import to_minor, to_money
from billing.rules.names import Names, counted_from_plain
from billing.rules.periods import Period
from billing.rules.settlement import Settlement, settle


class NotCredited(Exception):
    """Lines of the invoice can't be credited so; `why` says the reason, `position` at which line."""

    def __init__(self, why: CreditRefusal, position: int = 0) -> None:
        """Keep both."""
        super().__init__(why, position)
        self.why, self.position = why, position


@dataclass(frozen=True, slots=True)
class CreditableLine:
    """A line that charged something, and what of it was not credited yet, in minor units before tax."""

    line: InvoiceLine
    left: int


@dataclass(frozen=True, slots=True)
class _Names:
    """What the lines of an invoice are called, as it says it."""

    names: Names
    flat: frozenset[str]

    def price_version(self, line: PricedLine, on: date) -> str:
        """Return nothing: a line that is given back has the version of the one that charged it."""
        return ""


def creditable(invoice: Invoice) -> list[CreditableLine]:
    """Return the lines of an invoice that charge something, each with what may still be credited of it."""
    lines = [line for line in invoice.lines.all() if line.amount.amount > 0]
    if invoice.kind != Invoice.Kind.INVOICE or not lines:
        return []
    of = InvoiceLine.objects.filter(
        invoice__subscription_id=invoice.subscription_id, product__in={line.product for line in lines}
    )
    issued = of.select_related("invoice").order_by("invoice__issued_at", "invoice_id", "position")
    before = credited(_issued(line) for line in issued)
    return [
        CreditableLine(line, max(to_minor(line.amount.amount, invoice.currency) - before[line.pk], 0))
        for line in lines
    ]


def _issued(line: InvoiceLine) -> IssuedLine:
    return IssuedLine(
        id=line.pk,
        product=line.product,
        covers=Period(line.covers_from, line.covers_until),
        amount=to_minor(line.amount.amount, line.invoice.currency),
        temporary=line.kind == LineKind.TEMPORARY.value,
        credits=line.credits_id,
    )


def issue(
    invoice_id: int, parts: Mapping[int, int], *, reason: str, occasion: Occasion, refunded: bool = False
) -> Invoice:
    """Issue a credit note over parts of lines: minor units before tax by their positions; return it.

    Its taxes are those of the lines. Its total goes to the balance; from there it settles the invoice where
    that is open, and is given back to what paid it where it is to be `refunded`, as far as that was charged.
    Raises PermissionDenied for anyone but the vendor's staff, ValueError without a reason, NotCredited,
    refunds.NotRefunded, Invoice.DoesNotExist.
    """
    staff.demand(occasion.person, reason)
    payments.settle_open(Invoice.objects.filter(pk=invoice_id).first(), occasion=occasion.by_itself())
    with transaction.atomic():
        account = Account.objects.lock_for(Invoice, invoice_id)
        invoice = Invoice.objects.get(pk=invoice_id)
        note, refund = _issue(account, invoice, parts, reason, occasion, refunded)
    if refund is not None:
        refunds.send(refund.pk, occasion=occasion)
    return note


def _issue(
    account: Account,
    invoice: Invoice,
    parts: Mapping[int, int],
    reason: str,
    occasion: Occasion,
    refunded: bool,
) -> tuple[Invoice, Refund | None]:
    """Issue the note under the account's lock; return it, and the refund that is to be sent."""
    chosen = _chosen(invoice, parts)
    charge = _charge(invoice) if refunded else None
    currency = invoice.currency
    lines = [part_of(documents.line_of(line, currency), line.edition, part) for line, part in chosen]
    settlement = settle(lines, balance=0, smallest=0)
    settles = _settles(account, invoice, -settlement.total)
    cause = invoicing.Cause(
        Invoice.Reason.CORRECTION,
        corrects=invoice,
        credits=tuple(line for line, _part in chosen),
        terms=_terms(invoice, settlement, settles, charge),
    )
    note = invoicing.issue(account, lines, settlement, reading=_names(chosen), cause=cause, occasion=occasion)
    assert note is not None  # something is credited
    _keep_in_segments(invoice, chosen)
    _record(account, invoice, note, reason, occasion)
    payment_letters.credited(account, note, reason.strip())
    if settles:
        _set_off(account, invoice, settles, occasion)
    if charge is None:
        return note, None
    of = refunds.refundable(charge)
    given_back = min(-settlement.total, of.left, max(of.balance, 0))
    if given_back <= 0:
        raise NotCredited(CreditRefusal.NOT_CHARGED)
    refund = refunds.intend(
        account,
        charge.pk,
        given_back,
        reason=reason,
        occasion=occasion,
        may_be_owed=False,
        credit_note=note,
    )
    return note, refund


def _chosen(invoice: Invoice, parts: Mapping[int, int]) -> list[tuple[InvoiceLine, int]]:
    """Return the lines with what is credited of each; raise NotCredited for what can't be."""
    if invoice.charges.filter(state__in=Charge.OPEN).exists():
        raise NotCredited(CreditRefusal.UNDER_WAY)
    if InvoicePayment.objects.filter(invoice=invoice, write_off__isnull=False).exists():
        raise NotCredited(CreditRefusal.WRITTEN_OFF)
    known = {one.line.position: one for one in creditable(invoice)}
    if not parts or not set(parts) <= set(known):
        raise NotCredited(CreditRefusal.NOTHING)
    for position, part in parts.items():
        if not 0 < part <= known[position].left:
            raise NotCredited(CreditRefusal.TOO_MUCH, position)
    return [(known[position].line, parts[position]) for position in sorted(parts)]


def _charge(invoice: Invoice) -> Charge:
    """Return the charge that paid an invoice; raise NotCredited where none did."""
    payment = InvoicePayment.objects.filter(invoice=invoice).select_related("charge").first()
    if payment is None or payment.charge is None:
        raise NotCredited(CreditRefusal.NOT_CHARGED)
    return payment.charge


def _names(chosen: Sequence[tuple[InvoiceLine, int]]) -> _Names:
    names: dict[str | tuple[str, str], str] = {}
    for line, _part in chosen:
        names[line.product] = line.product_name
        names[(line.product, line.edition)] = line.edition_name
    counted = {line.product: counted_from_plain(line.counted_in) for line, _part in chosen if line.counted_in}
    return _Names(Names(names, counted), frozenset(line.product for line, _part in chosen if line.flat))


def _terms(
    invoice: Invoice, settlement: Settlement, settles: int, charge: Charge | None
) -> PaymentTerms | None:
    """Return what the note says of its amount, where that doesn't stay on the balance."""
    total = -settlement.total
    if settles >= total:
        return PaymentTerms(PaymentMeans.SET_OFF, paid=True)
    if charge is None or refunds.is_decided_by_two(charge, total) or refunds.refundable(charge).left < total:
        return None
    method = PaymentMethod.objects.known_as(invoice.subscription_id, charge.method)
    brand, last_four = (method.brand, method.last_four) if method else ("", "")
    return PaymentTerms(PaymentMeans.REFUND, brand, last_four, paid=True)


def _settles(account: Account, invoice: Invoice, total: int) -> int:
    """Return how much of an open invoice the balance settles once a credit is on it, in minor units.

    A card is charged all or nothing: there it settles all that is left, or stays on the balance.
    """
    if not bank_payments.open_ones().filter(pk=invoice.pk).exists():
        return 0
    moved = BalanceEntry.objects.filter(subscription_id=account.pk).aggregate(sum=Sum("amount"))["sum"]
    available = max(to_minor(Decimal(moved or 0), invoice.currency) + total, 0)
    left = bank_payments.left_of(invoice)
    by_transfer = not payments.is_charged(account) or bank_payments.is_partly_paid(invoice)
    return min(left, available) if available >= left or by_transfer else 0


def _set_off(account: Account, invoice: Invoice, amount: int, occasion: Occasion) -> None:
    """Use the balance for an open invoice; where nothing is left of it, it is settled."""
    left = bank_payments.left_of(invoice)
    BalanceEntry.objects.create(
        subscription_id=account.pk,
        amount=to_money(-amount, invoice.currency),
        reason=BalanceEntry.Reason.SET_OFF,
        invoice=invoice,
        created_at=occasion.at,
    )
    if amount == left:
        InvoicePayment.objects.create(invoice=invoice, from_balance=True, paid_at=occasion.at)
        if debts.are_settled(account, occasion.on):
            debts.reopen(account, occasion=occasion, reason="credited")


def _keep_in_segments(invoice: Invoice, chosen: Sequence[tuple[InvoiceLine, int]]) -> None:
    """Let what is credited of a line count for its paid days: a later change gives back no more."""
    for line, part in chosen:
        if line.kind == LineKind.TEMPORARY.value:
            continue
        for segment in PaidSegment.objects.filter(
            subscription_id=invoice.subscription_id,
            line__product__key=line.product,
            covers_from=line.covers_from,
            term_start=line.term_start,
            term_end=line.term_end,
            unit_price=line.unit_price,
        ):
            credited_now = segment.credited + to_money(part, invoice.currency)
            segment.credited = min(segment.charged, credited_now)
            segment.save(update_fields=["credited", "credited_currency"])


def _record(account: Account, invoice: Invoice, note: Invoice, reason: str, occasion: Occasion) -> None:
    activity.record(
        account,
        ActivityVerb.CREDIT_NOTE_ISSUED,
        occasion,
        subject=f"invoice:{invoice.number}",
        after={"amount": {"minor": to_minor(-note.total.amount, note.currency), "currency": note.currency}},
        reason=reason.strip(),
        invoice=note.number,
    )
