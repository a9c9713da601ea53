"""An invoice beside the one before it: each difference with its cause, together exactly the difference."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from billing.rules.changes import Change, ChangeCycle, FirstPurchase, UsePromoCode
from billing.rules.documents import DocumentLine, InvoiceDocument
from billing.rules.lines import LineKind
from billing.rules.proration import prorated
from billing.rules.tax import AppliedTax

_Key = TypeVar("_Key")


class BillCause(StrEnum):
    """Why an invoice comes to more or less than the one before it."""

    QUANTITY = "quantity"
    EDITION = "edition"
    PRICE = "price"
    # Another cycle, or only a part of the period.
    LENGTH = "length"
    ADDED = "added"
    ENDED = "ended"
    # Days of a change or temporary seats, charged or given back on one of the two.
    ONCE_NOW = "once_now"
    ONCE_BEFORE = "once_before"
    DISCOUNT = "discount"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class BillPart:
    """A part of the difference in minor units, with what its cause has: the lines, the code or the tax."""

    cause: BillCause
    amount: int
    before: DocumentLine | None = None
    now: DocumentLine | None = None
    code: str = ""
    tax: AppliedTax | None = None

    @property
    def line(self) -> DocumentLine | None:
        """Return the line that it is about, as it is now where it still is."""
        return self.now or self.before


@dataclass(frozen=True, slots=True)
class BillComparison:
    """Two invoices, and the parts by which the later one differs: Σ parts = its total − the total before."""

    before: InvoiceDocument
    now: InvoiceDocument
    parts: tuple[BillPart, ...]

    @property
    def difference(self) -> int:
        """Return how much more the later one comes to, with tax, in minor units."""
        return self.now.total - self.before.total

    @property
    def largest(self) -> tuple[BillPart, ...]:
        """Return the two causes that weigh most: taxes only follow what they are on."""
        causes = [part for part in self.parts if part.cause is not BillCause.TAX] or list(self.parts)
        return tuple(sorted(causes, key=lambda part: -abs(part.amount))[:2])


def compare(before: InvoiceDocument, now: InvoiceDocument) -> BillComparison:
    """Return an invoice beside an earlier one of the same account and currency."""
    found = [*_periods(before, now), *_once(before, now), *_discounts(before, now), *_taxes(before, now)]
    return BillComparison(before, now, tuple(part for part in found if part.amount))


def is_behind(change: Change, part: BillPart) -> bool:
    """Tell whether a change that was made between the two can be the cause of a part."""
    if part.cause in (BillCause.TAX, BillCause.ONCE_BEFORE):
        return False
    if part.cause is BillCause.DISCOUNT:
        return isinstance(change, UsePromoCode) and change.promo == part.code
    if part.cause in (BillCause.LENGTH, BillCause.PRICE) and isinstance(change, ChangeCycle):
        return True
    return part.line is not None and part.line.product in _products(change)


def _products(change: Change) -> frozenset[str | None]:
    if isinstance(change, FirstPurchase):
        return frozenset(item.product for item in change.items)
    return frozenset({getattr(change, "product", None)})


def _is_period(line: DocumentLine) -> bool:
    return line.kind is LineKind.PERIOD


def _periods(before: InvoiceDocument, now: InvoiceDocument) -> Iterator[BillPart]:
    """Yield what whole periods differ by, product by product."""
    old, new = _by_product(before), _by_product(now)
    for product in {**new, **old}:
        gone, come = old.get(product, ()), new.get(product, ())
        if len(gone) == len(come) == 1:
            yield from _steps(gone[0], come[0])
        else:
            yield from (BillPart(BillCause.ENDED, -line.gross, before=line) for line in gone)
            yield from (BillPart(BillCause.ADDED, line.gross, now=line) for line in come)


def _by_product(document: InvoiceDocument) -> Mapping[str, tuple[DocumentLine, ...]]:
    found: dict[str, tuple[DocumentLine, ...]] = {}
    for line in filter(_is_period, document.lines):
        found[line.product] = (*found.get(line.product, ()), line)
    return found


def _steps(was: DocumentLine, becomes: DocumentLine) -> Iterator[BillPart]:
    """Yield the way from one line to the other: first the quantity, then the price, then the length.

    Each step is priced by the arithmetic of the lines, and begins where the last one ended.
    """
    counted = _gross(was, becomes.quantity, was.unit)
    priced = _gross(was, becomes.quantity, becomes.unit)
    dearer = BillCause.PRICE if was.edition_name == becomes.edition_name else BillCause.EDITION
    for cause, amount in (
        (BillCause.QUANTITY, counted - was.gross),
        (dearer, priced - counted),
        (BillCause.LENGTH, becomes.gross - priced),
    ):
        yield BillPart(cause, amount, was, becomes)


def _gross(line: DocumentLine, quantity: int, unit: int) -> int:
    """Return what the days of a line cost with another quantity and price, before discounts."""
    return prorated(
        unit, quantity, months=line.months, term=line.term, on=line.covers.start, until=line.covers.end
    )


def _once(before: InvoiceDocument, now: InvoiceDocument) -> Iterator[BillPart]:
    """Yield what each of the two has of days of a change and temporary seats."""
    for line, amount in _summed(before):
        yield BillPart(BillCause.ONCE_BEFORE, -amount, before=line)
    for line, amount in _summed(now):
        yield BillPart(BillCause.ONCE_NOW, amount, now=line)


def _summed(document: InvoiceDocument) -> Iterator[tuple[DocumentLine, int]]:
    """Yield the last line of each product that is not for a whole period, with what all of them come to.

    Temporary seats are one apart from what a change charges and gives back.
    """
    sums: dict[tuple[str, bool], int] = {}
    last: dict[tuple[str, bool], DocumentLine] = {}
    for line in document.lines:
        if not _is_period(line):
            key = line.product, line.kind is LineKind.TEMPORARY
            sums[key] = sums.get(key, 0) + line.gross
            last[key] = line
    for key, amount in sums.items():
        yield last[key], amount


def _discounts(before: InvoiceDocument, now: InvoiceDocument) -> Iterator[BillPart]:
    for code, amount in _differences(_codes(before), _codes(now)):
        yield BillPart(BillCause.DISCOUNT, amount, code=code)


def _codes(document: InvoiceDocument) -> Iterator[tuple[str, int]]:
    for line in document.lines:
        yield from ((share.code, share.amount) for share in line.discounts)


def _taxes(before: InvoiceDocument, now: InvoiceDocument) -> Iterator[BillPart]:
    for tax, amount in _differences(_rows(before), _rows(now)):
        yield BillPart(BillCause.TAX, amount, tax=tax)


def _rows(document: InvoiceDocument) -> Iterator[tuple[AppliedTax, int]]:
    yield from ((row.tax, row.amount) for row in document.taxes)


def _differences(
    before: Iterable[tuple[_Key, int]], now: Iterable[tuple[_Key, int]]
) -> Iterator[tuple[_Key, int]]:
    """Yield each key with its sum in the later one less its sum in the earlier."""
    sums: dict[_Key, int] = {}
    for key, amount in before:
        sums[key] = sums.get(key, 0) - amount
    for key, amount in now:
        sums[key] = sums.get(key, 0) + amount
    yield from sums.items()
