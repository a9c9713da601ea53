"""Issues invoices and credit notes, from the same lines that were shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from django.conf import settings
from django.db.models import Q

from accounts.models import Account, Membership
from accounts.occasion import Occasion
from accounts.rules.capabilities import CollectionMethod
from billing import documents, payment_letters
from billing.models import (
    BalanceEntry,
    BillingProfile,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    InvoiceRecipient,
    PaymentMethod,
    Quote,
)
from billing.rules import parties
from billing.rules.documents import PaymentMeans, PaymentTerms, fingerprint, payment_to_plain
from billing.rules.lines import PricedLine
from billing.rules.money import to_money
from billing.rules.settlement import Settlement
from billing.rules.tax_json import row_to_plain, to_plain
from billing.storage import statements


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a document is issued: a change by somebody, or a renewal of a period."""

    reason: Invoice.Reason
    quote: Quote | None = None
    period_start: date | None = None
    # Of a credit note of the staff: the invoice, its lines that are given back, what becomes of the amount.
    corrects: Invoice | None = None
    credits: tuple[InvoiceLine, ...] = ()
    terms: PaymentTerms | None = None


class LineNames(Protocol):
    """What lines are called by product, and by product and edition, and which are charged by the period."""

    @property
    def names(self) -> Mapping[str | tuple[str, str], str]:
        """Return the names."""
        ...

    @property
    def flat(self) -> frozenset[str]:
        """Return the products that are charged by the period, not by the seat."""
        ...

    def price_version(self, line: PricedLine, on: date) -> str:
        """Return which price of the list a line has."""
        ...


def issue(
    account: Account,
    lines: Sequence[PricedLine],
    settlement: Settlement,
    *,
    reading: LineNames,
    cause: Cause,
    occasion: Occasion,
) -> Invoice | None:
    """Issue an invoice or credit note for lines, and move the balance by what it says.

    Returns None where there is nothing to charge or give back: a change of nothing makes no
    document. Amounts are those of the settlement; nothing is calculated here. `reading` gives the names.
    The number is given last, so that its lock is held shortest; then the document is whole and gets its hash.
    """
    if settlement.total == 0:
        return None
    invoice = _invoice(account, lines, settlement, cause, occasion)
    made = [_line(invoice, position, line, reading) for position, line in enumerate(lines, 1)]
    for line, credited in zip(made, cause.credits, strict=False):
        line.credits, line.price_version = credited, credited.price_version
    invoice.number = statements.next_number("CN" if settlement.is_credit_note else "INV")
    invoice.content_hash = fingerprint(documents.of(invoice, made))
    invoice.save(force_insert=True)
    InvoiceLine.objects.bulk_create(made)
    _move_balance(invoice, settlement, occasion)
    if settlement.due == 0:
        # Nothing is left to pay: settled by the balance, carried over, or a credit note.
        InvoicePayment.objects.create(invoice=invoice, paid_at=occasion.at)
    payment_letters.issued(account, invoice)
    return invoice


def _invoice(
    account: Account, lines: Sequence[PricedLine], settlement: Settlement, cause: Cause, occasion: Occasion
) -> Invoice:
    currency = account.currency
    credit = settlement.is_credit_note
    seller: parties.Seller = settings.SELLER
    profile = BillingProfile.objects.of(account.pk) or BillingProfile(account=account)
    return Invoice(
        subscription_id=account.pk,
        kind=Invoice.Kind.CREDIT_NOTE if credit else Invoice.Kind.INVOICE,
        reason=cause.reason,
        quote=cause.quote,
        issued_on=occasion.on,
        issued_at=occasion.at,
        period_start=cause.period_start,
        currency=currency,
        language=account.language,
        account_name=account.name,
        vendor_name=settings.VENDOR_NAME,
        seller=parties.to_plain(seller),
        buyer=parties.to_plain(profile.as_buyer(account.name, _email(account))),
        payment_terms=payment_to_plain(cause.terms or _terms(account, settlement, cause.quote)),
        purchase_order=_ordered_by(cause) or profile.purchase_order,
        due_on=parties.due_on(
            occasion.on, settlement.due, collects=account.collects, payment_days=seller.payment_days
        ),
        corrects=_corrected(account, lines, cause.corrects) if credit else [],
        supplied_from=min((line.covers.start for line in lines), default=None),
        supplied_until=max((line.covers.end for line in lines), default=None),
        # Who of the staff corrects is in the trail, and not on the customer's document.
        caused_by=occasion.by.name if occasion.by and cause.corrects is None else "",
        request_number=cause.quote.request_id if cause.quote else None,
        requested_by=cause.quote.request.requester_name if cause.quote and cause.quote.request else "",
        subtotal=to_money(settlement.subtotal, currency),
        taxes=[row_to_plain(row) for row in settlement.taxes],
        tax=to_money(settlement.tax, currency),
        total=to_money(settlement.total, currency),
        prepaid=to_money(settlement.prepaid, currency),
        carried_over=to_money(settlement.carried_over, currency),
        due=to_money(settlement.due, currency),
    )


def _email(account: Account) -> str:
    """Return who gets a document: the first of the recipients, or the owner."""
    recipient = InvoiceRecipient.objects.filter(profile=account.pk).order_by("pk").first()
    if recipient is not None:
        return recipient.email
    owner = Membership.objects.contacts(account).first()
    return owner.user.email if owner else ""


def _ordered_by(cause: Cause) -> str:
    """Return the purchase order number of an order, or of the invoice that is corrected."""
    of = cause.quote or cause.corrects
    return of.purchase_order if of else ""


def _corrected(account: Account, lines: Sequence[PricedLine], named: Invoice | None) -> list[dict[str, str]]:
    """Return the invoices that charged what lines give back; none where they were issued elsewhere."""
    if named is not None:
        return [{"number": named.number, "issued_on": named.issued_on.isoformat()}]
    back = Q()
    for line in lines:
        if line.amount < 0:
            back |= Q(
                product=line.product, covers_from__lt=line.covers.end, covers_until__gt=line.covers.start
            )
    charged = InvoiceLine.objects.filter(back, invoice__subscription_id=account.pk, amount__gt=0)
    found = charged.order_by("invoice__issued_at").values_list("invoice__number", "invoice__issued_on")
    return [{"number": number, "issued_on": day.isoformat()} for number, day in dict(found).items()]


def _terms(account: Account, settlement: Settlement, quote: Quote | None) -> PaymentTerms:
    """Return how a document will be settled, or was: a change that waited for its payment has got it."""
    if settlement.due == 0:
        return PaymentTerms(PaymentMeans.NONE, paid=True)
    if account.collects is CollectionMethod.SEND_INVOICE:
        return PaymentTerms(PaymentMeans.TRANSFER)
    charge = quote.charge if quote is not None and quote.state == Quote.State.HELD else None
    if charge is None:
        method = PaymentMethod.objects.default_of(account.pk)
    else:
        method = PaymentMethod.objects.known_as(account.pk, charge.method)
    if method is not None:
        return PaymentTerms(
            PaymentMeans(method.kind), method.brand, method.last_four, paid=charge is not None
        )
    if charge is not None:
        # Paid with a card that was replaced meanwhile.
        return PaymentTerms(PaymentMeans.CARD, paid=True)
    return PaymentTerms()


def _line(invoice: Invoice, position: int, line: PricedLine, reading: LineNames) -> InvoiceLine:
    currency, names = invoice.currency, reading.names
    return InvoiceLine(
        invoice=invoice,
        position=position,
        kind=line.kind.value,
        product=line.product,
        edition=line.edition,
        product_name=names[line.product],
        edition_name=names[(line.product, line.edition)],
        covers_from=line.covers.start,
        covers_until=line.covers.end,
        term_start=line.term.start,
        term_end=line.term.end,
        quantity=line.quantity,
        months=line.months,
        cycle=line.cycle.value,
        unit_price=to_money(line.unit, currency),
        gross=to_money(line.gross, currency),
        discounts=[
            {
                "code": share.code,
                "percent": None if share.percent is None else str(share.percent),
                "amount": share.amount,
            }
            for share in line.discounts
        ],
        amount=to_money(line.amount, currency),
        taxes=[to_plain(tax) for tax in line.taxes],
        because=" ".join(line.because),
        price_version=reading.price_version(line, invoice.issued_on),
        flat=line.product in reading.flat,
        capped=line.capped,
    )


def _move_balance(invoice: Invoice, settlement: Settlement, occasion: Occasion) -> None:
    """Add what the document takes from the balance or leaves on it, one entry for each reason."""
    moves = [
        (BalanceEntry.Reason.USED, -settlement.prepaid),
        (BalanceEntry.Reason.CARRIED_OVER, -settlement.carried_over),
        (BalanceEntry.Reason.CREDIT_NOTE, -settlement.total if settlement.is_credit_note else 0),
    ]
    BalanceEntry.objects.bulk_create(
        BalanceEntry(
            subscription_id=invoice.subscription_id,
            amount=to_money(amount, invoice.currency),
            reason=reason,
            invoice=invoice,
            created_at=occasion.at,
        )
        for reason, amount in moves
        if amount
    )
