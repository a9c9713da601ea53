"""Issues invoices and credit notes, from the same lines that were shown."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeAlias

from django.conf import settings
from django.db.models import Q

from accounts import copying, mail
from accounts.failpoints import step
from accounts.models import Account
from accounts.occasion import Occasion
from accounts.rules.capabilities import CollectionMethod
from billing import payment_letters
from billing.models import BalanceEntry, Invoice, InvoiceLine, InvoicePayment, PaymentMethod, Quote
from billing.rules import parties
from billing.rules.documents import (
    CorrectedInvoice,
    DocumentLine,
    InvoiceDocument,
    PaymentMeans,
    PaymentTerms,
    fingerprint,
    payment_to_plain,
)
from billing.rules.lines import PricedLine
from billing.rules.money import to_text
from billing.rules.names import Names
from billing.rules.periods import Period
from billing.rules.plain import changed
from billing.rules.settlement import Settlement
from billing.rules.tax_json import row_to_plain
from billing.storage import contacts, statements
from billing.storage.contacts import AccountContacts, ChargedMethod
from billing.storage.invoice_json import corrects_json, counted_json, discounts_json
from billing.storage.saving import plain_taxes


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
    def names(self) -> Names:
        """Return the names."""
        ...

    @property
    def flat(self) -> frozenset[str]:
        """Return the products that are charged by the period, not by the seat."""
        ...

    def price_version(self, line: PricedLine, on: date) -> str:
        """Return which price of the list a line has."""
        ...


@dataclass(frozen=True, slots=True)
class NewInvoice:
    """What is to be charged or given back on one document; `reading` gives the names."""

    account: Account
    lines: Sequence[PricedLine]
    settlement: Settlement
    reading: LineNames
    contacts: AccountContacts
    cause: Cause
    occasion: Occasion


# A document without its number yet: the id of its row, what it is for, its lines.
Draft: TypeAlias = tuple[int, NewInvoice, tuple[DocumentLine, ...]]


@dataclass(frozen=True, slots=True)
class IssuedInvoice:
    """A document that was issued, with the id of its row."""

    id: int
    document: InvoiceDocument


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

    Returns None where there is nothing to charge or give back: a change of nothing makes no document.
    """
    to_whom = contacts.read_all([account])[account.pk]
    new = NewInvoice(account, lines, settlement, reading, to_whom, cause, occasion)
    (issued,) = issue_all([new])
    return None if issued is None else Invoice.objects.get(pk=issued.id)


def issue_all(new: Sequence[NewInvoice]) -> list[IssuedInvoice | None]:
    """Issue documents of many accounts, each as `issue` does, in as many statements for many as for one.

    Amounts are those of the settlements; nothing is calculated here. The numbers are given last, so that
    their lock is held shortest; then the documents are whole and get their hashes.
    """
    charged = [one for one in new if one.settlement.total]
    ids = copying.new_ids(Invoice, len(charged))
    drafts = [(pk, one, _lines(one)) for pk, one in zip(ids, charged, strict=True)]
    _store_lines(drafts)
    _move_balances(drafts)
    # Where nothing is left to pay: settled by the balance, carried over, or a credit note.
    settled = [(pk, one.occasion.at) for pk, one, _lines in drafts if not one.settlement.due]
    copying.copy(InvoicePayment, ("invoice_id", "paid_at"), settled)
    numbers = _numbers([one.settlement for one in charged])
    issued = [
        IssuedInvoice(pk, _document(one, own, number))
        for (pk, one, own), number in zip(drafts, numbers, strict=True)
    ]
    step("invoices_numbered")
    _store(charged, issued)
    mail.post_all(
        [
            letter
            for one, made in zip(charged, issued, strict=True)
            for letter in payment_letters.issued(one.account, one.contacts, made.document)
        ]
    )
    found = iter(issued)
    return [next(found) if one.settlement.total else None for one in new]


def _numbers(settlements: Sequence[Settlement]) -> Iterator[str]:
    """Yield the number of each document; the series are locked in one order."""
    credits = sum(one.is_credit_note for one in settlements)
    notes = iter(statements.reserve_numbers("CN", credits))
    invoices = iter(statements.reserve_numbers("INV", len(settlements) - credits))
    for one in settlements:
        yield next(notes if one.is_credit_note else invoices)


def _document(new: NewInvoice, lines: tuple[DocumentLine, ...], number: str) -> InvoiceDocument:
    account, settlement, occasion = new.account, new.settlement, new.occasion
    seller: parties.Seller = settings.SELLER
    credit, quote = settlement.is_credit_note, new.cause.quote
    return InvoiceDocument(
        number=number,
        is_credit_note=credit,
        issued_on=occasion.on,
        currency=account.currency,
        language=account.language,
        account_name=account.name,
        vendor_name=settings.VENDOR_NAME,
        lines=lines,
        taxes=settlement.taxes,
        subtotal=settlement.subtotal,
        tax=settlement.tax,
        total=settlement.total,
        prepaid=settlement.prepaid,
        carried_over=settlement.carried_over,
        due=settlement.due,
        seller=seller,
        buyer=new.contacts.buyer,
        due_on=parties.due_on(
            occasion.on, settlement.due, collects=account.collects, payment_days=seller.payment_days
        ),
        supplied=_supplied(new.lines),
        purchase_order=_ordered_by(new.cause) or new.contacts.purchase_order,
        # Who of the staff corrects is in the trail, and not on the customer's document.
        caused_by=occasion.by.name if occasion.by and new.cause.corrects is None else "",
        payment=new.cause.terms or _terms(new),
        corrects=_corrected(account, new.lines, new.cause.corrects) if credit else (),
        quote=str(quote.pk) if quote else "",
        request=quote.request_id if quote else None,
        requested_by=quote.request.requester_name if quote and quote.request else "",
    )


def _lines(new: NewInvoice) -> tuple[DocumentLine, ...]:
    """Return the lines; one that gives back a line names that one's price."""
    made = [_line(line, new) for line in new.lines]
    for position, credited in enumerate(new.cause.credits):
        made[position] = changed(made[position], price_version=credited.price_version)
    return tuple(made)


def _line(line: PricedLine, new: NewInvoice) -> DocumentLine:
    reading = new.reading
    return DocumentLine(
        kind=line.kind,
        product=line.product,
        product_name=reading.names[line.product],
        edition_name=reading.names[(line.product, line.edition)],
        covers=line.covers,
        term=line.term,
        quantity=line.quantity,
        months=line.months,
        cycle=line.cycle,
        unit=line.unit,
        gross=line.gross,
        amount=line.amount,
        discounts=line.discounts,
        taxes=line.taxes,
        because=line.because,
        capped=line.capped,
        flat=line.product in reading.flat,
        counted_in=reading.names.counted_in.get(line.product, ()),
        price_version=reading.price_version(line, new.occasion.on),
    )


def _ordered_by(cause: Cause) -> str:
    """Return the purchase order number of an order, or of the invoice that is corrected."""
    of = cause.quote or cause.corrects
    return of.purchase_order if of else ""


def _supplied(lines: Sequence[PricedLine]) -> Period | None:
    """Return the days of supply: those of all lines together."""
    if not lines:
        return None
    return Period(min(line.covers.start for line in lines), max(line.covers.end for line in lines))


def _corrected(
    account: Account, lines: Sequence[PricedLine], named: Invoice | None
) -> tuple[CorrectedInvoice, ...]:
    """Return the invoices that charged what lines give back; none where they were issued elsewhere."""
    if named is not None:
        return (CorrectedInvoice(named.number, named.issued_on),)
    back = Q()
    for line in lines:
        if line.amount < 0:
            back |= Q(
                product=line.product, covers_from__lt=line.covers.end, covers_until__gt=line.covers.start
            )
    charged = InvoiceLine.objects.filter(back, invoice__subscription_id=account.pk, amount__gt=0)
    found = charged.order_by("invoice__issued_at", "invoice_id").values_list(
        "invoice__number", "invoice__issued_on"
    )
    return tuple(CorrectedInvoice(number, day) for number, day in dict(found).items())


def _terms(new: NewInvoice) -> PaymentTerms:
    """Return how a document will be settled, or was: a change that waited for its payment has got it."""
    if new.settlement.due == 0:
        return PaymentTerms(PaymentMeans.NONE, paid=True)
    if new.account.collects is CollectionMethod.SEND_INVOICE:
        return PaymentTerms(PaymentMeans.TRANSFER)
    quote = new.cause.quote
    charge = quote.charge if quote is not None and quote.state == Quote.State.HELD else None
    method: PaymentMethod | ChargedMethod | None = new.contacts.method
    if charge is not None:
        method = PaymentMethod.objects.known_as(new.account.pk, charge.method)
    if method is not None:
        return PaymentTerms(
            PaymentMeans(method.kind), method.brand, method.last_four, paid=charge is not None
        )
    if charge is not None:
        # Paid with a card that was replaced meanwhile.
        return PaymentTerms(PaymentMeans.CARD, paid=True)
    return PaymentTerms()


# --- Rows -----------------------------------------------------------------------------------------

_INVOICE_COLUMNS = (
    *("id", "number", "subscription_id", "kind", "reason", "quote_id", "issued_on", "issued_at"),
    *("period_start", "currency", "language", "account_name", "vendor_name", "caused_by"),
    *("request_number", "requested_by", "seller", "buyer"),
    *("purchase_order", "payment_terms", "content_hash", "corrects", "due_on", "supplied_from"),
    *("supplied_until", "subtotal", "subtotal_currency", "taxes", "tax", "tax_currency"),
    *("total", "total_currency", "prepaid", "prepaid_currency", "carried_over", "carried_over_currency"),
    *("due", "due_currency"),
)
_LINE_COLUMNS = (
    *("invoice_id", "position", "kind", "product", "edition", "product_name", "edition_name"),
    *("covers_from", "covers_until", "term_start", "term_end", "quantity", "months", "cycle"),
    *("unit_price", "unit_price_currency", "gross", "gross_currency", "discounts"),
    *("amount", "amount_currency", "taxes", "because", "price_version", "flat", "capped", "credits_id"),
    "counted_in",
)


def _store(new: Sequence[NewInvoice], issued: Sequence[IssuedInvoice]) -> None:
    seller = json.dumps(parties.to_plain(settings.SELLER))
    copying.copy(
        Invoice,
        _INVOICE_COLUMNS,
        [_invoice_row(one, made, seller) for one, made in zip(new, issued, strict=True)],
    )


def _invoice_row(new: NewInvoice, issued: IssuedInvoice, seller: str) -> tuple[object, ...]:
    document, cause = issued.document, new.cause
    currency, supplied = document.currency, document.supplied
    kind = Invoice.Kind.CREDIT_NOTE if document.is_credit_note else Invoice.Kind.INVOICE
    amounts = (document.total, document.prepaid, document.carried_over, document.due)
    return (
        *(issued.id, document.number, new.account.id, kind.value, cause.reason.value),
        *(cause.quote.pk if cause.quote else None, document.issued_on, new.occasion.at),
        *(cause.period_start, currency, document.language, document.account_name),
        *(document.vendor_name, document.caused_by, document.request, document.requested_by),
        *(seller, json.dumps(parties.to_plain(new.contacts.buyer))),
        *(document.purchase_order, json.dumps(payment_to_plain(document.payment)), fingerprint(document)),
        *(corrects_json(document.corrects), document.due_on),
        *(supplied.start if supplied else None, supplied.end if supplied else None),
        *(to_text(document.subtotal, currency), currency),
        json.dumps([row_to_plain(row) for row in document.taxes]),
        *(to_text(document.tax, currency), currency),
        *(part for amount in amounts for part in (to_text(amount, currency), currency)),
    )


def _store_lines(drafts: Sequence[Draft]) -> None:
    copying.copy(
        InvoiceLine,
        _LINE_COLUMNS,
        (
            _line_row(pk, position, priced.edition, line, one)
            for pk, one, lines in drafts
            for position, (priced, line) in enumerate(zip(one.lines, lines, strict=True))
        ),
    )


def _line_row(
    invoice_id: int, position: int, edition: str, line: DocumentLine, new: NewInvoice
) -> tuple[object, ...]:
    currency, credits = new.account.currency, new.cause.credits
    return (
        *(
            invoice_id,
            position + 1,
            line.kind.value,
            line.product,
            edition,
            line.product_name,
            line.edition_name,
        ),
        *(line.covers.start, line.covers.end, line.term.start, line.term.end),
        *(line.quantity, line.months, line.cycle.value),
        *(to_text(line.unit, currency), currency, to_text(line.gross, currency), currency),
        *(discounts_json(line.discounts), to_text(line.amount, currency), currency),
        *(plain_taxes(line.taxes), " ".join(line.because), line.price_version, line.flat, line.capped),
        credits[position].pk if credits else None,
        counted_json(line.counted_in),
    )


def _move_balances(drafts: Sequence[Draft]) -> None:
    """Add what documents take from the balances or leave on them, one entry for each reason."""
    copying.copy(
        BalanceEntry,
        ("subscription_id", "amount", "amount_currency", "reason", "invoice_id", "created_at"),
        (
            (one.account.id, to_text(amount, currency), currency, reason.value, pk, one.occasion.at)
            for pk, one, _lines in drafts
            for currency in (one.account.currency,)
            for reason, amount in _moves(one.settlement)
            if amount
        ),
    )


def _moves(settlement: Settlement) -> tuple[tuple[BalanceEntry.Reason, int], ...]:
    return (
        (BalanceEntry.Reason.USED, -settlement.prepaid),
        (BalanceEntry.Reason.CARRIED_OVER, -settlement.carried_over),
        (BalanceEntry.Reason.CREDIT_NOTE, -settlement.total if settlement.is_credit_note else 0),
    )
