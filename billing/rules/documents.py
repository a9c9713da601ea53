"""An invoice or credit note whole, as it was frozen when it was issued: all its faces are made from it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring
from types import NoneType
from typing import Any

from billing.rules.lines import DiscountShare, LineKind
from billing.rules.names import CountedIn
from billing.rules.parties import Buyer, Seller
from billing.rules.periods import Cycle, Period
from billing.rules.tax import AppliedTax, LineTaxes, TaxLine


class InvoiceState(StrEnum):
    """Where a document stands today, in the order in which one would look for it."""

    OPEN = "open"
    PAID = "paid"
    # Too little to collect: the next invoice does.
    CARRIED_OVER = "carried_over"
    CREDITED = "credited"
    # What was left to pay of it was given up by the vendor.
    WRITTEN_OFF = "written_off"


class PaymentMeans(StrEnum):
    """How a document is settled, as it was known when it was issued."""

    # Nothing is left to pay: used up by the balance, carried over, or given back.
    NONE = "none"
    CARD = "card"
    DIRECT_DEBIT = "direct_debit"
    TRANSFER = "transfer"
    # Of a credit note: given back to what paid the invoice, or set off against what was left to pay of it.
    REFUND = "refund"
    SET_OFF = "set_off"
    # Something is due, and no way to collect it was known.
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """How a document is settled; `paid` says that the money was there before it was issued."""

    means: PaymentMeans = PaymentMeans.OPEN
    brand: str = ""
    last_four: str = ""
    paid: bool = False


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line with all that its arithmetic needs; amounts in minor units, negative on a credit.

    `flat`: charged by the period, not by the seat.
    """

    kind: LineKind
    product: str
    product_name: str
    edition_name: str
    covers: Period
    term: Period
    quantity: int
    months: int
    cycle: Cycle
    unit: int
    gross: int
    amount: int
    discounts: tuple[DiscountShare, ...] = ()
    taxes: LineTaxes = ()
    because: tuple[str, ...] = ()
    capped: bool = False
    flat: bool = False
    # What the quantity is counted in where that isn't seats, as the catalogue said it that day.
    counted_in: CountedIn = ()
    # The day of the list price that it is, or OWN_PRICE; empty in documents from before it was kept.
    price_version: str = ""

    @property
    def name(self) -> str:
        """Return product and edition."""
        return f"{self.product_name} {self.edition_name}".strip()

    @property
    def unit_words(self) -> CountedIn | None:
        """Return what the quantity is counted in: None for seats, nothing where the number is all."""
        return self.counted_in if self.counted_in or self.flat else None


@dataclass(frozen=True, slots=True)
class CorrectedInvoice:
    """An invoice that charged what a credit note gives back."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """An issued invoice or credit note; amounts in minor units of `currency`.

    Parties are None in documents from before they were kept: then only the two names are known. `due` is what
    is to be paid: total − prepaid − carried over, nothing of a credit note, whose total is negative.
    """

    number: str
    is_credit_note: bool
    issued_on: date
    currency: str
    language: str
    account_name: str
    vendor_name: str
    lines: tuple[DocumentLine, ...]
    taxes: tuple[TaxLine, ...]
    subtotal: int
    tax: int
    total: int
    prepaid: int
    carried_over: int
    due: int
    seller: Seller | None = None
    buyer: Buyer | None = None
    due_on: date | None = None
    supplied: Period | None = None
    purchase_order: str = ""
    caused_by: str = ""
    payment: PaymentTerms = PaymentTerms()
    corrects: tuple[CorrectedInvoice, ...] = ()
    quote: str = ""
    request: int | None = None
    requested_by: str = ""

    def for_outsiders(self) -> "InvoiceDocument":
        """Return it without who of the account caused it: for whoever holds a link to pay it."""
        return replace(self, caused_by="", request=None, requested_by="")


def fingerprint(document: InvoiceDocument) -> str:
    """Return the hash of a document: the same as long as nothing of it changed.

    What is empty is left out, so that a later version that knows more says the same of an old document.
    """
    return hashlib.sha256(_json(document).encode()).hexdigest()


# By class: made once for each.
_WRITERS: dict[type, Callable[[Any], str]] = {}


def _json(value: object) -> str:
    """Return a value as JSON without spaces, the fields of a dataclass in the order of their names."""
    kind = type(value)
    if kind not in _WRITERS:
        _WRITERS[kind] = _writer(kind)
    return _WRITERS[kind](value)


def _writer(kind: type) -> Callable[[Any], str]:
    """Return what writes values of a class."""
    if issubclass(kind, str):
        return encode_basestring
    if kind is bool or kind is NoneType:
        return json.dumps
    if kind is int:
        return str
    if kind is tuple:
        return lambda value: f"[{','.join(map(_json, value))}]"
    if kind is date:
        return lambda value: f'"{value.isoformat()}"'
    if kind is Decimal:
        return lambda value: f'"{value.normalize()}"'
    write = _object_writer(kind)
    # Many documents have the same of these.
    return lru_cache(256)(write) if kind in (Period, AppliedTax, Seller) else write


def _object_writer(kind: type) -> Callable[[Any], str]:
    """Return what writes what is not empty of a dataclass: neither a text, a list, nor a number of zero."""
    names = sorted(field.name for field in fields(kind))

    def write(value: object) -> str:
        parts = []
        for name in names:
            part = getattr(value, name)
            if (part or type(part) is Decimal) and (text := _json(part)) != "{}":
                parts.append(f'"{name}":{text}')
        return f"{{{','.join(parts)}}}"

    return write


def payment_to_plain(terms: PaymentTerms) -> dict[str, Any]:
    """Return terms of payment as values that JSON can hold."""
    plain = {
        "means": terms.means.value,
        "brand": terms.brand,
        "last_four": terms.last_four,
        "paid": terms.paid,
    }
    return {name: value for name, value in plain.items() if value}


def payment_from_plain(plain: Mapping[str, Any]) -> PaymentTerms:
    """Return the terms that were written; open for a document from before they were kept."""
    return PaymentTerms(
        means=PaymentMeans(plain.get("means", PaymentMeans.OPEN)),
        brand=plain.get("brand", ""),
        last_four=plain.get("last_four", ""),
        paid=bool(plain.get("paid")),
    )
