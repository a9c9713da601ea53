"""What a letter says of a charge, frozen: its lines, and the sums that lead from them to what is due."""

from collections.abc import Iterable, Mapping
from typing import Any

from billing.rules.documents import InvoiceDocument
from billing.rules.facts import Facts, LineFacts
from billing.rules.lines import PricedLine
from billing.rules.names import Names, counted_to_plain
from billing.rules.settlement import Settlement
from billing.rules.tax_json import row_to_plain


def of_document(document: InvoiceDocument) -> dict[str, Any]:
    """Return the lines and sums of an issued document, as `charged` has those of a settlement."""
    return {
        "lines": [
            {
                "product": line.product_name,
                "edition": line.edition_name,
                "kind": line.kind.value,
                "quantity": line.quantity,
                "from": line.covers.start.isoformat(),
                "until": line.covers.last_day.isoformat(),
                "amount": line.amount,
            }
            for line in document.lines
        ],
        "subtotal": document.subtotal,
        "taxes": [row_to_plain(row) for row in document.taxes],
        "credited": 0,
        "prepaid": document.prepaid,
        "carried_over": document.carried_over,
        "taken": -document.prepaid,
        "carried": -document.carried_over,
        "due": document.due,
    }


def bank_of(seller: Mapping[str, Any]) -> dict[str, Any]:
    """Return where a transfer goes, by the seller of a document; nothing where it names no account."""
    bank = seller.get("bank")
    return {"bank": {**bank, "holder": seller["name"]}} if bank else {}


def charged(
    lines: Iterable[PricedLine], settlement: Settlement, currency: str, names: Names
) -> dict[str, Any]:
    """Return lines and sums in minor units: lines + tax + credited − balance − carried over = due."""
    return {
        "lines": [
            {
                "product": names[line.product],
                "edition": names[(line.product, line.edition)],
                "kind": line.kind.value,
                "quantity": line.quantity,
                "from": line.covers.start.isoformat(),
                "until": line.covers.last_day.isoformat(),
                "amount": line.amount,
            }
            for line in lines
        ],
        "subtotal": settlement.subtotal,
        "taxes": [row_to_plain(row) for row in settlement.taxes],
        "credited": -settlement.total if settlement.is_credit_note else 0,
        "prepaid": settlement.prepaid,
        "carried_over": settlement.carried_over,
        # As they are added up: what is taken off is negative.
        "taken": -settlement.prepaid,
        "carried": -settlement.carried_over,
        "due": settlement.due,
        "currency": currency,
    }


def differences(before: Facts, after: Facts, names: Names) -> list[dict[str, Any]]:
    """Return what became of each product that a renewal changed: what was, and what is."""
    then = {line.product: line for line in after.lines}
    now = {line.product: line for line in before.lines}
    return [
        {"product": names[key], "was": _line(now.get(key), names), "is": _line(then.get(key), names)}
        for key in {**now, **then}
        if _held(now.get(key)) != _held(then.get(key))
    ]


def _held(line: LineFacts | None) -> tuple[str, int] | None:
    return None if line is None else (line.edition, line.quantity)


def _line(line: LineFacts | None, names: Names) -> dict[str, Any] | None:
    if line is None:
        return None
    told = {"edition": names[(line.product, line.edition)], "quantity": line.quantity}
    return told | unit_of(line.product, names)


def unit_of(product: str, names: Names) -> dict[str, Any]:
    """Return what a product is counted in, for a letter to keep; nothing where that is seats."""
    counted = names.counted_in.get(product)
    return {} if counted is None else {"counted_in": counted_to_plain(counted)}
