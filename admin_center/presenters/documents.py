"""What a document says, in its own language: the words and written amounts that its template lays out.

Calculates no amount; a document is told from what was frozen with it, never from what is known today.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, assert_never

from babel.numbers import format_currency
from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _

from admin_center.presenters import quotes
from admin_center.wording import changes, phrases, taxes
from admin_center.wording.countries import country
from billing import addresses, tax_numbers
from billing.rules.documents import DocumentLine, InvoiceDocument, PaymentMeans
from billing.rules.facts import OWN_PRICE
from billing.rules.money import to_decimal
from billing.rules.parties import Address, Buyer, Seller, TaxId, VatRegime
from billing.rules.periods import Period
from billing.rules.tax import AppliedTax

# Where paper is not A4.
LETTER = frozenset(("CA", "CL", "CO", "CR", "DO", "GT", "MX", "PA", "PH", "PR", "SV", "US", "VE"))
COLOUR = "#17494d"
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the amounts and words of one document."""

    document: InvoiceDocument

    def amount(self, minor: int) -> str:
        """Return an amount in minor units as text."""
        return written_amount(minor, self.document.currency)


def written_amount(minor: int, currency: str) -> str:
    """Return an amount in minor units as text, in the language of the moment."""
    text = format_currency(to_decimal(abs(minor), currency), currency, locale=get_language() or "en")
    return f"\N{MINUS SIGN}{text}" if minor < 0 else text


def told(document: InvoiceDocument, gist: str = "") -> dict[str, Any]:
    """Return all that a document's template lays out, in the document's language: text, and lists of it.

    `gist` is the sentence that it begins with (`bill.sentence`).
    """
    with override(document.language):
        return _told(document, Writer(document)) | {"gist": gist}


def _told(document: InvoiceDocument, writer: Writer) -> dict[str, Any]:
    seller = document.seller or Seller(document.vendor_name)
    buyer = document.buyer or Buyer(document.account_name)
    return frame(seller, buyer, vendor=document.vendor_name, day=document.issued_on) | {
        "title": title(document),
        "number": document.number,
        "facts": [*_facts(document), *_corrects(document)],
        "columns": [
            _("Line"),
            _("Quantity"),
            _("Unit price"),
            _("Tax"),
            _("Amount"),
        ],
        "lines": [_line(line, writer) for line in document.lines],
        "sums": list(_sums(document, writer)),
        "settled": _settled(document, writer),
        "tax_title": _("Taxes"),
        "tax_columns": [_("Tax"), _("On"), _("Amount")],
        "taxes": [
            (taxes.label(row.tax), writer.amount(row.base), writer.amount(row.amount))
            for row in document.taxes
        ],
        "payment": _payment(document, seller),
        "notes": _notes(document, document.language),
        "evidence_title": _("How each line was calculated"),
        "evidence": [
            _evidence(place, line, document, writer) for place, line in enumerate(document.lines, 1)
        ],
    }


def frame(seller: Seller, buyer: Buyer, *, vendor: str, day: date) -> dict[str, Any]:
    """Return what every document has around it, in the language of the moment."""
    return {
        "lang": (get_language() or "en")[:2],
        "date": [day.year, day.month, day.day],
        "paper": "us-letter" if _home(buyer) in LETTER else "a4",
        "colour": seller.colour or COLOUR,
        "vendor": vendor,
        # {page} and {pages} are filled in by the template.
        "page": _("Page {page} of {pages}"),
        "seller": _party(_("Seller"), seller.name, seller.address, seller.tax_ids)
        | {"footer": _footer(seller)},
        "buyers": _buyers(buyer),
    }


def title(document: InvoiceDocument) -> str:
    """Return what a document is, in the language of the moment."""
    return _("Credit note") if document.is_credit_note else _("Invoice")


def _home(buyer: Buyer) -> str:
    return buyer.invoiced_at.country if buyer.invoiced_at else ""


def _buyers(buyer: Buyer) -> list[dict[str, Any]]:
    """Return to whom it is made out, and beside it whom it was sold to where that is another address."""
    numbers = (buyer.tax_id,) if buyer.tax_id else ()
    if buyer.bill_to is None or buyer.sold_to is None:
        return [_party(_("Customer"), buyer.name, buyer.invoiced_at, numbers)]
    return [
        _party(_("Invoice address"), buyer.name, buyer.bill_to, numbers),
        _party(_("Sold to"), buyer.name, buyer.sold_to, ()),
    ]


def _party(label: str, name: str, address: Address | None, numbers: Sequence[TaxId]) -> dict[str, Any]:
    lines = [*addresses.written(address), country(address.country)] if address else []
    return {"label": label, "name": name, "lines": lines, "facts": [tax_number(one) for one in numbers]}


def tax_number(number: TaxId) -> tuple[str, str]:
    """Return what a country calls a number, and the number as it is written."""
    known = tax_numbers.TYPES.get((number.kind, number.country))
    return (known.name if known and known.name else _("Tax number")), number.written


def _footer(seller: Seller) -> list[str]:
    register = " ".join(filter(None, (seller.register, seller.register_number)))
    return [", ".join(filter(None, (seller.name, seller.about, register))), *filter(None, (seller.email,))]


def _facts(document: InvoiceDocument) -> Iterator[tuple[str, str]]:
    yield _("Date of issue"), phrases.day(document.issued_on)
    if document.due_on and not document.payment.paid:
        yield _("To be paid by"), phrases.day(document.due_on)
    if document.supplied:
        yield _("Days of supply"), _span(document.supplied)
    if document.purchase_order:
        yield _("Purchase order"), document.purchase_order


def _corrects(document: InvoiceDocument) -> Iterator[tuple[str, str]]:
    if document.corrects:
        yield _("Corrects"), ", ".join(one.number for one in document.corrects)


def _span(period: Period) -> str:
    return f"{phrases.day(period.start)} – {phrases.day(period.last_day)}"


def _line(line: DocumentLine, writer: Writer) -> dict[str, Any]:
    # Each once: temporary seats are their own cause.
    what = dict.fromkeys(
        (quotes.kind_words(line.kind), changes.because(" ".join(line.because), line.unit_words))
    )
    return {
        "name": line.name,
        "what": ", ".join(filter(None, (*what, _span(line.covers)))),
        "formula": formula(line, writer),
        "discounts": [
            _("Discount %(code)s: %(amount)s") % {"code": share.code, "amount": writer.amount(share.amount)}
            for share in line.discounts
        ],
        "quantity": phrases.number(line.quantity),
        "unit": writer.amount(line.unit),
        "tax": " + ".join(_rate(one) for one in line.taxes),
        "amount": writer.amount(line.amount),
    }


def _rate(tax: AppliedTax) -> str:
    return phrases.percent(tax.rate) if tax.reason is None else phrases.percent(tax.rate * 0)


def formula(line: DocumentLine, writer: Writer) -> str:
    """Return the arithmetic of a line: "10 seats × $1.00 × 12 months × 105 of 365 days = $34.52"."""
    factors = [
        phrases.counted(line.quantity, line.unit_words),
        writer.amount(line.unit),
    ]
    if line.months > 1:
        months = ngettext("%(months)s month", "%(months)s months", line.months)
        factors.append(months % {"months": line.months})
    if line.covers.days != line.term.days:
        factors.append(_("%(days)s of %(term)s days") % {"days": line.covers.days, "term": line.term.days})
    product = " × ".join(factors)
    return product if line.capped else f"{product} = {writer.amount(abs(line.gross))}"


def _sums(document: InvoiceDocument, writer: Writer) -> Iterator[tuple[str, str]]:
    yield _("Subtotal"), writer.amount(document.subtotal)
    for row in document.taxes:
        yield taxes.label(row.tax), writer.amount(row.amount)
    yield _("Total"), writer.amount(document.total)
    if document.prepaid:
        yield _("From the credit balance"), writer.amount(-document.prepaid)
    if document.carried_over:
        yield _("Carried over to the next invoice"), writer.amount(-document.carried_over)


def _settled(document: InvoiceDocument, writer: Writer) -> tuple[str, str]:
    """Return what becomes of the total: given to the balance, paid, or to be paid."""
    if document.payment.means is PaymentMeans.REFUND:
        return _("Given back"), writer.amount(-document.total)
    if document.payment.means is PaymentMeans.SET_OFF:
        return _("Set off against the invoice"), writer.amount(-document.total)
    if document.is_credit_note:
        return _("To the credit balance"), writer.amount(-document.total)
    if document.payment.paid and document.due:
        return _("Paid"), writer.amount(document.due)
    return _("To be paid"), writer.amount(document.due)


def _payment(document: InvoiceDocument, seller: Seller) -> dict[str, Any]:
    facts: Pairs = []
    if document.payment.means is PaymentMeans.TRANSFER:
        if seller.bank:
            facts.append(("IBAN", phrases.in_fours(seller.bank.iban)))
        if seller.bank and seller.bank.bic:
            facts.append(("BIC", seller.bank.bic))
        facts.append((_("Reference"), document.number))
    return {"title": _("Payment"), "sentences": [payment_sentence(document)], "facts": facts}


def payment_sentence(document: InvoiceDocument) -> str:
    """Return how a document is settled, as it was known when it was issued."""
    terms = document.payment
    told = {
        "method": " ".join(filter(None, (terms.brand, terms.last_four))) or _("card"),
        "last": terms.last_four,
        "day": phrases.day(document.due_on) if document.due_on else "",
        "issued": phrases.day(document.issued_on),
    }
    match terms.means:
        case PaymentMeans.NONE if document.is_credit_note:
            return _("The amount is on your credit balance; the next invoice uses it.")
        case PaymentMeans.NONE if document.carried_over:
            return _("The amount is small: it is collected with the next invoice.")
        case PaymentMeans.NONE:
            return _("Nothing is left to pay: your credit balance covers it.")
        case PaymentMeans.REFUND:
            return _("The amount is given back: %(method)s.") % told
        case PaymentMeans.SET_OFF:
            invoices = ", ".join(one.number for one in document.corrects)
            return _("The amount is set off against what was left to pay of invoice %(number)s.") % {
                "number": invoices
            }
        case PaymentMeans.CARD if terms.paid:
            return _("Paid by %(method)s on %(issued)s.") % told
        case PaymentMeans.CARD:
            return _("It is charged to %(method)s.") % told
        case PaymentMeans.DIRECT_DEBIT:
            return _("It is collected by direct debit from the account ending in %(last)s.") % told
        case PaymentMeans.TRANSFER if document.due_on:
            return _("Please pay by transfer by %(day)s and name the reference.") % told
        case PaymentMeans.TRANSFER | PaymentMeans.OPEN:
            return _("To be paid; no payment method was on file when this was issued.") % told
        case _:
            assert_never(terms.means)


def notes(document: InvoiceDocument, language: str | None = None) -> Iterator[tuple[str, str]]:
    """Yield what the seller's law wants said, each with the code that e-invoices give it.

    In the document's language where no other is named.
    """
    seller = document.seller
    if seller is None or seller.address is None or seller.address.country != "FR":
        return
    with override(language or document.language):
        yield "PMT", _("A fixed charge of €40 for recovery is due for late payments.")
        yield "PMD", _("Late payments bear interest at three times the legal rate.")
        yield "AAB", _("There is no discount for early payment.")
        if document.tax:
            yield "", _vat_falls_due(seller.vat_regime)


def _notes(document: InvoiceDocument, language: str | None) -> list[str]:
    """Return what a reader is told of the seller's law: nobody pays a credit note late."""
    told = notes(document, language)
    return [note for code, note in told if not (document.is_credit_note and code)]


def _vat_falls_due(regime: VatRegime) -> str:
    match regime:
        case VatRegime.ON_INVOICE:
            return _("VAT falls due when the invoice is issued.")
        case VatRegime.ON_PAYMENT:
            return _("VAT falls due when the invoice is paid.")
        case VatRegime.EXEMPT:
            return ""
        case _:
            assert_never(regime)


def _evidence(place: int, line: DocumentLine, document: InvoiceDocument, writer: Writer) -> dict[str, Any]:
    """Return what a line rests on: its arithmetic, its days, and who caused it by which quote."""
    facts: Pairs = [(_("Arithmetic"), formula(line, writer))]
    if line.discounts:
        rows = (f"{share.code} {writer.amount(share.amount)}" for share in line.discounts)
        facts.append((_("Discounts"), " · ".join(rows)))
    facts += [(_("Amount"), writer.amount(line.amount)), *grounds(line, document)]
    return {"title": f"{place}. {line.name}", "facts": facts}


def grounds(line: DocumentLine, document: InvoiceDocument) -> Iterator[tuple[str, str]]:
    """Yield what a line rests on beside its amounts, in the language of the moment."""
    yield _("Days paid for"), _days(line.covers)
    yield _("Term"), _days(line.term)
    if line.price_version:
        yield _("Price"), _price(line.price_version)
    if line.capped and "correction" in line.because:
        yield _("Limit"), _("Only a part of it is given back.")
    elif line.capped:
        yield _("Limit"), _("No more than was charged is given back.")
    if cause := changes.because(" ".join(line.because), line.unit_words):
        yield _("Cause"), cause
    if document.caused_by:
        yield _("By"), document.caused_by
    if document.request:
        told = {"number": document.request, "name": document.requested_by}
        yield _("Change request"), _("No. %(number)s by %(name)s") % told
    if document.quote:
        yield _("Quote"), document.quote


def _price(version: str) -> str:
    """Return which price a line has."""
    if version == OWN_PRICE:
        return _("Agreed with the seller")
    return _("List price in force from %(day)s") % {"day": phrases.day(date.fromisoformat(version))}


def _days(period: Period) -> str:
    days = ngettext("%(number)s day", "%(number)s days", period.days)
    return f"{_span(period)} ({days % {'number': phrases.number(period.days)}})"


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document as its page shows it, in the reader's language; amounts stand there by themselves."""

    seller: dict[str, Any]
    buyers: list[dict[str, Any]]
    facts: Pairs
    corrects: list[str]
    payment: str
    bank: Pairs
    notes: list[str]
    evidence: list[tuple[str, Pairs]]


def view_of(document: InvoiceDocument, *, open_: bool) -> DocumentView:
    """Return what the page of a document says of it, in the language of the moment.

    Until when it is to be paid is said while it is `open_`, and no longer.
    """
    seller = document.seller or Seller(document.vendor_name)
    payment = _payment(document, seller)
    return DocumentView(
        seller=_party(_("Seller"), seller.name, seller.address, seller.tax_ids),
        buyers=_buyers(document.buyer or Buyer(document.account_name)),
        facts=list(_facts(document if open_ else replace(document, due_on=None))),
        corrects=[one.number for one in document.corrects],
        payment=payment_sentence(document),
        bank=payment["facts"],
        notes=_notes(document, get_language()),
        evidence=[
            (f"{place}. {line.name}", list(grounds(line, document)))
            for place, line in enumerate(document.lines, 1)
        ],
    )
