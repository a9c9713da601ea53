"""The list of invoices: what each year came to in each currency, and the list as CSV."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, DecimalField, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from accounts.spreadsheet import defused
from admin_center.presenters.activity_csv import BYTE_ORDER_MARK, CHUNK, Echo
from admin_center.wording import labels
from billing.models import Invoice
from billing.rules.money import to_decimal, to_minor


@dataclass(frozen=True, slots=True)
class YearSum:
    """What was issued in a year in one currency; amounts in minor units, `credited` positive.

    `documents` counts those that were issued here, which a ZIP can have.
    """

    year: int
    currency: str
    invoiced: int
    credited: int
    to_be_paid: int
    documents: int

    @property
    def net(self) -> int:
        """Return what was invoiced less what was credited."""
        return self.invoiced - self.credited


def years(invoices: QuerySet[Invoice]) -> list[YearSum]:
    """Return the sums of invoices by the year of issue and the currency, the newest first."""
    is_credit, nothing = Q(kind=Invoice.Kind.CREDIT_NOTE), Value(Decimal(0))
    money: DecimalField[Any, Any] = DecimalField(max_digits=24, decimal_places=3)

    def summed(condition: Q, field: str) -> Sum:
        return Sum(Case(When(condition, then=F(field)), default=nothing, output_field=money))

    rows = (
        invoices.order_by()
        .values(year=ExtractYear("issued_on"), code=F("currency"))
        .annotate(
            invoiced=summed(~is_credit, "total"),
            credited=summed(is_credit, "total"),
            to_be_paid=summed(~is_credit & Q(payment__isnull=True), "due"),
            documents=Count("pk", filter=~Q(reason=Invoice.Reason.BROUGHT_IN)),
        )
        .order_by("-year", "code")
    )
    return [
        YearSum(
            row["year"],
            row["code"],
            to_minor(row["invoiced"], row["code"]),
            -to_minor(row["credited"], row["code"]),
            to_minor(row["to_be_paid"], row["code"]),
            row["documents"],
        )
        for row in rows
    ]


def as_csv(invoices: QuerySet[Invoice], *, language: str) -> Iterator[str]:
    """Yield invoices as CSV in one language; amounts are numbers in the decimals of their currency."""
    writer = csv.writer(Echo())
    with override(language):
        yield BYTE_ORDER_MARK + writer.writerow(_headings())
    for invoice in invoices.select_related("payment").iterator(chunk_size=CHUNK):
        with override(language):
            cells = _cells(invoice)
        yield writer.writerow([defused(cell) for cell in cells])


def _headings() -> list[str]:
    return [
        _("Number"),
        _("Kind"),
        pgettext("invoice", "Issued"),
        _("To be paid by"),
        _("Status"),
        _("Paid on"),
        _("Purchase order"),
        _("Currency"),
        _("Subtotal"),
        _("Tax"),
        _("Total"),
        _("From the credit balance"),
        _("Carried over"),
        _("To be paid"),
    ]


def _cells(invoice: Invoice) -> Iterable[object]:
    payment = getattr(invoice, "payment", None)
    currency = invoice.currency

    def amount(name: str) -> Decimal:
        return to_decimal(to_minor(getattr(invoice, name).amount, currency), currency)

    return [
        invoice.number,
        invoice.get_kind_display(),
        invoice.issued_on.isoformat(),
        invoice.due_on.isoformat() if invoice.due_on else "",
        labels.STATUSES[invoice.state.value].words,
        payment.paid_at.date().isoformat() if payment and not payment.write_off_id else "",
        invoice.purchase_order,
        currency,
        *(amount(name) for name in ("subtotal", "tax", "total", "prepaid", "carried_over", "due")),
    ]
