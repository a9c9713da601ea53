"""What an invoice is for, and how it differs from the one before it. Calculates no amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from admin_center.presenters.documents import written_amount
from admin_center.wording import bill, change_requests, phrases
from billing import documents, quote_json
from billing.models import Invoice, InvoiceLine, Quote
from billing.rules.bill_comparison import BillCause, BillComparison, BillPart, compare, is_behind
from billing.rules.change_json import from_plain
from billing.rules.changes import Change, Moment
from billing.rules.documents import InvoiceDocument
from billing.rules.lines import LineKind
from billing.rules.names import Names

# Of more changes between two invoices the last are named.
CHANGES_READ = 100


@dataclass(frozen=True, slots=True)
class ConfirmedChange:
    """A confirmed quote between the two invoices: who, when, and what it changed."""

    quote: UUID
    by: str
    at: datetime
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class BillRow:
    """A part of the difference in words; unit prices in minor units where the price is the cause."""

    words: str
    amount: int
    old_unit: int | None
    new_unit: int | None
    change: ConfirmedChange | None


@dataclass(frozen=True, slots=True)
class BillView:
    """The comparison for its page; `largest` are the causes that weigh most, in words."""

    comparison: BillComparison
    rows: tuple[BillRow, ...]
    largest: tuple[str, ...]

    @property
    def difference(self) -> int:
        """Return how much more this invoice comes to, in minor units."""
        return self.comparison.difference

    @property
    def distance(self) -> int:
        """Return the difference without its direction."""
        return abs(self.comparison.difference)


def of(invoice: Invoice, document: InvoiceDocument) -> BillView | None:
    """Return an invoice beside the one before it; None for a credit note, or where there is none before.

    One that charges whole periods is compared with the last that did: what a change charged in between
    for some days says nothing about either.
    """
    if document.is_credit_note or invoice.is_brought_in:
        return None
    earlier = _before(invoice, document)
    if earlier is None:
        return None
    comparison = compare(documents.read(earlier), document)
    changes = _between(earlier, invoice)
    return BillView(
        comparison=comparison,
        rows=tuple(_row(part, changes) for part in comparison.parts),
        largest=tuple(bill.part(part) for part in comparison.largest),
    )


def gist(invoice: Invoice, lines: Sequence[InvoiceLine]) -> tuple[str, ...]:
    """Return what an invoice charges a change for, from what to what; names are those that it has itself."""
    if invoice.quote is None:
        return ()
    quote = quote_json.load(invoice.quote.document)
    named: dict[str | tuple[str, str], str] = {}
    for line in lines:
        named |= {line.product: line.product_name, (line.product, line.edition): line.edition_name}
    units = ((line.product, line.unit_words) for line in lines)
    names = Names(named, {product: unit for product, unit in units if unit is not None})
    made = [one.change for one in quote.timed if one.moment is not Moment.AT_RENEWAL]
    return tuple(
        change_requests.change(one, quote.base, names)
        for one in made
        if getattr(one, "product", None) in (None, *names)
    )


def sentence(invoice: Invoice, document: InvoiceDocument) -> str:
    """Return what a document begins with, in its language: what it changed, or how a renewal differs.

    Empty where there is neither.
    """
    with override(document.language):
        parts = [f"{', '.join(made)}."] if (made := gist(invoice, list(invoice.lines.all()))) else []
        if invoice.reason == Invoice.Reason.RENEWAL and (view := of(invoice, document)):
            parts.append(_beside(view, document.currency))
        return " ".join(parts)


def _beside(view: BillView, currency: str) -> str:
    """Return how a renewal differs from the one before it: "$12.00 more than INV-1 of 1 July 2023: …"."""
    before = view.comparison.before
    facts = {
        "amount": written_amount(view.distance, currency),
        "number": before.number,
        "day": phrases.day(before.issued_on),
    }
    if not view.difference:
        return _("The same as %(number)s of %(day)s.") % facts
    more = _("%(amount)s more than %(number)s of %(day)s")
    less = _("%(amount)s less than %(number)s of %(day)s")
    colon = pgettext("after a label", ":")
    return f"{(more if view.difference > 0 else less) % facts}{colon} {' · '.join(view.largest)}"


def _before(invoice: Invoice, document: InvoiceDocument) -> Invoice | None:
    ours = Invoice.objects.of_ours().filter(
        Q(issued_at__lt=invoice.issued_at) | Q(issued_at=invoice.issued_at, pk__lt=invoice.pk),
        subscription_id=invoice.subscription_id,
        kind=Invoice.Kind.INVOICE,
        currency=invoice.currency,
    )
    if any(line.kind is LineKind.PERIOD for line in document.lines):
        whole = InvoiceLine.objects.filter(invoice=OuterRef("pk"), kind=LineKind.PERIOD)
        ours = ours.filter(Exists(whole))
    return ours.order_by("-issued_at", "-pk").first()


def _between(earlier: Invoice, invoice: Invoice) -> list[ConfirmedChange]:
    """Return what was confirmed since the earlier invoice, the last first."""
    confirmed = Quote.objects.filter(
        subscription_id=invoice.subscription_id,
        state=Quote.State.CONFIRMED,
        confirmed_at__gt=earlier.issued_at,
        confirmed_at__lte=invoice.issued_at,
    )
    rows = confirmed.order_by("-confirmed_at").values_list("pk", "person__name", "confirmed_at", "changes")
    return [
        ConfirmedChange(quote, name, at, tuple(from_plain(one) for one in changes))
        for quote, name, at, changes in rows[:CHANGES_READ]
        if at is not None
    ]


def _row(part: BillPart, changes: list[ConfirmedChange]) -> BillRow:
    priced = part.cause is BillCause.PRICE and part.before is not None and part.now is not None
    return BillRow(
        words=bill.part(part),
        amount=part.amount,
        old_unit=part.before.unit if priced and part.before else None,
        new_unit=part.now.unit if priced and part.now else None,
        change=next((one for one in changes if any(is_behind(change, part) for change in one.changes)), None),
    )
