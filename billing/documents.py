"""Reads an issued invoice or credit note whole, as it was frozen."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from billing.models import Invoice, InvoiceLine
from billing.rules.documents import (
    CorrectedInvoice,
    DocumentLine,
    InvoiceDocument,
    fingerprint,
    payment_from_plain,
)
from billing.rules.lines import DiscountShare, LineKind
from billing.rules.money import to_minor
from billing.rules.names import counted_from_plain
from billing.rules.parties import buyer_from_plain, seller_from_plain
from billing.rules.periods import Cycle, Period
from billing.rules.tax_json import from_plain, row_from_plain

AT_ONCE = 1000


def read(invoice: Invoice) -> InvoiceDocument:
    """Return a stored invoice with its lines as a document."""
    return of(invoice, list(invoice.lines.all()))


def of(invoice: Invoice, lines: Sequence[InvoiceLine]) -> InvoiceDocument:
    """Return an invoice and its lines, stored or about to be, as a document."""
    currency = invoice.currency
    supplied = None
    if invoice.supplied_from and invoice.supplied_until:
        supplied = Period(invoice.supplied_from, invoice.supplied_until)
    return InvoiceDocument(
        number=invoice.number,
        is_credit_note=invoice.kind == Invoice.Kind.CREDIT_NOTE,
        issued_on=invoice.issued_on,
        currency=currency,
        language=invoice.language,
        account_name=invoice.account_name,
        vendor_name=invoice.vendor_name,
        lines=tuple(line_of(line, currency) for line in lines),
        taxes=tuple(row_from_plain(row) for row in invoice.taxes),
        subtotal=to_minor(invoice.subtotal.amount, currency),
        tax=to_minor(invoice.tax.amount, currency),
        total=to_minor(invoice.total.amount, currency),
        prepaid=to_minor(invoice.prepaid.amount, currency),
        carried_over=to_minor(invoice.carried_over.amount, currency),
        due=to_minor(invoice.due.amount, currency),
        seller=seller_from_plain(invoice.seller),
        buyer=buyer_from_plain(invoice.buyer),
        due_on=invoice.due_on,
        supplied=supplied,
        purchase_order=invoice.purchase_order,
        caused_by=invoice.caused_by,
        payment=payment_from_plain(invoice.payment_terms),
        corrects=tuple(
            CorrectedInvoice(one["number"], date.fromisoformat(one["issued_on"])) for one in invoice.corrects
        ),
        quote=str(invoice.quote_id or ""),
        request=invoice.request_number,
        requested_by=invoice.requested_by,
    )


def line_of(line: InvoiceLine, currency: str) -> DocumentLine:
    """Return a line, stored or about to be, as its document has it."""
    return DocumentLine(
        kind=LineKind(line.kind),
        product=line.product,
        product_name=line.product_name,
        edition_name=line.edition_name,
        covers=Period(line.covers_from, line.covers_until),
        term=Period(line.term_start, line.term_end),
        quantity=line.quantity,
        months=line.months,
        cycle=Cycle(line.cycle),
        unit=to_minor(line.unit_price.amount, currency),
        gross=to_minor(line.gross.amount, currency),
        amount=to_minor(line.amount.amount, currency),
        discounts=tuple(
            DiscountShare(
                one["code"], None if one["percent"] is None else Decimal(one["percent"]), one["amount"]
            )
            for one in line.discounts
        ),
        taxes=tuple(from_plain(one) for one in line.taxes),
        because=tuple(line.because.split()),
        capped=line.capped,
        flat=line.flat,
        counted_in=counted_from_plain(line.counted_in),
        price_version=line.price_version,
    )


def changed() -> Iterator[str]:
    """Yield the numbers of documents that are no longer what was issued; those from before hashes pass."""
    issued = Invoice.objects.exclude(content_hash="").order_by("pk").prefetch_related("lines")
    for invoice in issued.iterator(chunk_size=AT_ONCE):
        if fingerprint(read(invoice)) != invoice.content_hash:
            yield invoice.number
