"""Issues invoices and credit notes, from the same lines that were shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from accounts.models import Account
from billing.models import BalanceEntry, BillingProfile, Invoice, InvoiceLine, InvoicePayment, Quote
from billing.rules import parties
from billing.rules.lines import PricedLine
from billing.rules.money import to_money
from billing.rules.settlement import Settlement
from billing.rules.tax_json import row_to_plain, to_plain
from billing.storage import statements
from billing.storage.saving import Occasion

Names = Mapping[str | tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a document is issued: a change by somebody, or a renewal of a period."""

    reason: Invoice.Reason
    quote: Quote | None = None
    period_start: date | None = None


def issue(
    account: Account,
    lines: Sequence[PricedLine],
    settlement: Settlement,
    *,
    names: Names,
    cause: Cause,
    occasion: Occasion,
) -> Invoice | None:
    """Issue an invoice or credit note for lines, and move the balance by what it says.

    Returns None where there is nothing to charge or give back: a change of nothing makes no
    document. Amounts are those of the settlement; nothing is calculated here. The number is given
    last, so that its lock is held shortest.
    """
    if settlement.total == 0:
        return None
    invoice = _invoice(account, lines, settlement, cause, occasion)
    invoice.number = statements.next_number("CN" if settlement.is_credit_note else "INV")
    invoice.save(force_insert=True)
    InvoiceLine.objects.bulk_create(
        _line(invoice, position, line, names) for position, line in enumerate(lines, 1)
    )
    _move_balance(invoice, settlement, occasion)
    if settlement.due == 0:
        # Nothing is left to pay: settled by the balance, carried over, or a credit note.
        InvoicePayment.objects.create(invoice=invoice, paid_at=occasion.at)
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
        buyer=parties.to_plain(profile.as_buyer(account.name)),
        purchase_order=(cause.quote.purchase_order if cause.quote else "") or profile.purchase_order,
        due_on=parties.due_on(
            occasion.on, settlement.due, collects=account.collects, payment_days=seller.payment_days
        ),
        supplied_from=min((line.covers.start for line in lines), default=None),
        supplied_until=max((line.covers.end for line in lines), default=None),
        caused_by=occasion.by.name if occasion.by else "",
        subtotal=to_money(settlement.subtotal, currency),
        taxes=[row_to_plain(row) for row in settlement.taxes],
        tax=to_money(settlement.tax, currency),
        total=to_money(settlement.total, currency),
        prepaid=to_money(settlement.prepaid, currency),
        carried_over=to_money(settlement.carried_over, currency),
        due=to_money(settlement.due, currency),
    )


def _line(invoice: Invoice, position: int, line: PricedLine, names: Names) -> InvoiceLine:
    currency = invoice.currency
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
