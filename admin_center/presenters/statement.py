"""A statement in words: as rows for its page, as CSV, and as what its PDF lays out."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, assert_never

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from accounts.models import Account
from accounts.spreadsheet import defused
from admin_center.presenters import documents
from admin_center.presenters.activity_csv import BYTE_ORDER_MARK, Echo
from admin_center.wording import phrases
from billing.models import BalanceEntry, BillingProfile
from billing.rules.money import to_decimal, to_minor
from billing.rules.parties import Buyer, Seller
from billing.rules.statements import AccountStatement, MovementKind, StatementRow


@dataclass(frozen=True, slots=True)
class StatementRowView:
    """A row with its words; amounts in minor units, one of the first two empty."""

    day: date
    words: str
    number: str
    more: int | None
    less: int | None
    owed: int


def rows(statement: AccountStatement) -> list[StatementRowView]:
    """Return the rows of a statement for its page."""
    return [
        StatementRowView(
            day=row.movement.day,
            words=words(row.movement.kind),
            number=row.movement.number,
            more=row.movement.amount if row.movement.amount > 0 else None,
            less=-row.movement.amount if row.movement.amount <= 0 else None,
            owed=row.owed,
        )
        for row in statement.rows
    ]


def words(kind: MovementKind) -> str:
    """Return what a movement is."""
    match kind:
        case MovementKind.INVOICED:
            return _("Invoice")
        case MovementKind.CREDITED:
            return _("Credit note")
        case MovementKind.PAID:
            return _("Payment")
        case MovementKind.OPENING_ITEM:
            return _("Invoice brought in")
        case MovementKind.BROUGHT_IN:
            return _("Credit brought in")
        case MovementKind.WRITTEN_OFF:
            return _("Write-off")
        case MovementKind.REFUNDED:
            return _("Refund")
        case MovementKind.REFUND_FAILED:
            return _("Refund that did not arrive")
        case _:
            assert_never(kind)


def sums(statement: AccountStatement) -> list[tuple[str, int]]:
    """Return what leads from the opening to the closing, in minor units; what did not happen is left out."""
    moved = [(words_of_sum(kind), statement.moved(kind)) for kind in MovementKind]
    return [
        (_("Owed before"), statement.opening),
        *((name, amount) for name, amount in moved if amount),
    ]


def words_of_sum(kind: MovementKind) -> str:
    """Return what the movements of a kind are called together."""
    match kind:
        case MovementKind.INVOICED:
            return _("Invoiced")
        case MovementKind.CREDITED:
            return _("Credited")
        case MovementKind.PAID:
            return _("Paid")
        case MovementKind.OPENING_ITEM:
            return _("Invoices brought in")
        case MovementKind.BROUGHT_IN:
            return _("Credit brought in")
        case MovementKind.WRITTEN_OFF:
            return _("Written off")
        case MovementKind.REFUNDED:
            return _("Refunded")
        case MovementKind.REFUND_FAILED:
            return _("Refunds that did not arrive")
        case _:
            assert_never(kind)


def as_csv(statement: AccountStatement) -> Iterator[str]:
    """Yield a statement as CSV; amounts are numbers in the decimals of the currency."""
    writer, currency = csv.writer(Echo()), statement.currency
    yield BYTE_ORDER_MARK + writer.writerow(
        [_("Day"), _("What"), _("Number"), _("Amount"), _("Owed"), _("Currency")]
    )
    opening = to_decimal(statement.opening, currency)
    yield writer.writerow([statement.first.isoformat(), _("Owed before"), "", "", opening, currency])
    for row in statement.rows:
        cells = _cells(row, currency)
        yield writer.writerow([defused(cell) for cell in cells])


def _cells(row: StatementRow, currency: str) -> list[object]:
    return [
        row.movement.day.isoformat(),
        words(row.movement.kind),
        row.movement.number,
        to_decimal(row.movement.amount, currency),
        to_decimal(row.owed, currency),
        currency,
    ]


def told(statement: AccountStatement, account: Account, seller: Seller, on: date) -> dict[str, Any]:
    """Return all that the PDF of a statement lays out, in the language of the moment."""
    profile = BillingProfile.objects.of(account.pk) or BillingProfile(account=account)
    buyer: Buyer = profile.as_buyer(account.name)

    def written(minor: int) -> str:
        return documents.written_amount(minor, statement.currency)

    return documents.frame(seller, buyer, vendor=seller.name, day=on) | {
        "title": _("Statement of account"),
        "number": "",
        "facts": [
            (_("From"), phrases.day(statement.first)),
            (_("To"), phrases.day(statement.last)),
            (_("Made on"), phrases.day(on)),
        ],
        "columns": [_("Day"), _("What"), _("Number"), _("Amount"), _("Owed")],
        "opening": (_("Owed before"), written(statement.opening)),
        "rows": [
            (
                phrases.day(row.movement.day),
                words(row.movement.kind),
                row.movement.number,
                written(row.movement.amount),
                written(row.owed),
            )
            for row in statement.rows
        ],
        "sums": [(name, written(minor)) for name, minor in sums(statement)],
        "settled": (_("Owed at the end"), written(statement.closing)),
    }


@dataclass(frozen=True, slots=True)
class CreditRow:
    """An entry of the credit balance, and the balance after it in minor units."""

    entry: BalanceEntry
    balance: int


def credit_rows(entries: Sequence[BalanceEntry]) -> list[CreditRow]:
    """Return entries, the newest first, with the balance after each; one statement sums what came before."""
    if not entries:
        return []
    newest = entries[0]
    before = Q(created_at__lt=newest.created_at) | Q(created_at=newest.created_at, pk__lte=newest.pk)
    own = BalanceEntry.objects.filter(before, subscription_id=newest.subscription_id)
    currency = newest.amount.currency.code
    balance = to_minor(own.aggregate(sum=Sum("amount"))["sum"], currency)
    found = []
    for entry in entries:
        found.append(CreditRow(entry, balance))
        balance -= to_minor(entry.amount.amount, currency)
    return found
