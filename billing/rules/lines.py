"""The lines of a quote, an invoice and a renewal: each with all that its arithmetic needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.rules.periods import AppliedDiscount, Cycle, Period, Segment
from billing.rules.proration import credit, discounted
from billing.rules.tax import LineTaxes


class LineKind(StrEnum):
    """Whether a line gives back, charges days of a term, a whole period, or temporary seats."""

    CREDIT = "credit"
    CHARGE = "charge"
    PERIOD = "period"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True)
class DiscountShare:
    """What one discount takes off one line: minor units, negative on a charge."""

    code: str
    percent: Decimal | None
    amount: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line: quantity × unit × months × days / term days, less its discounts, rounded once.

    `gross` and `amount` are minor units, negative on a credit; the shares are their difference.
    `because` names the codes of the changes that caused it. `capped` says that a credit is less than its
    arithmetic, because no more was charged.
    """

    kind: LineKind
    product: str
    edition: str
    covers: Period
    term: Period
    unit: int
    quantity: int
    months: int
    gross: int
    amount: int
    cycle: Cycle
    discounts: tuple[DiscountShare, ...] = ()
    taxes: LineTaxes = ()
    because: tuple[str, ...] = ()
    capped: bool = False

    @property
    def days(self) -> int:
        """Return the days that are paid for."""
        return self.covers.days

    @property
    def term_days(self) -> int:
        """Return the days of the term: the divisor."""
        return self.term.days


@dataclass(frozen=True, slots=True)
class DiscountTotal:
    """What one discount takes off several lines that bear the same taxes, in minor units."""

    code: str
    percent: Decimal | None
    amount: int
    taxes: LineTaxes


def discount_totals(lines: Iterable[PricedLine]) -> tuple[DiscountTotal, ...]:
    """Return each discount's amount over all lines, by their taxes: the discounts as own lines."""
    totals: dict[tuple[str, Decimal | None, LineTaxes], int] = {}
    for line in lines:
        for share in line.discounts:
            key = share.code, share.percent, line.taxes
            totals[key] = totals.get(key, 0) + share.amount
    return tuple(
        DiscountTotal(code, percent, amount, taxes) for (code, percent, taxes), amount in totals.items()
    )


def charge_line(
    segment: Segment, *, product: str, edition: str, kind: LineKind, because: tuple[str, ...]
) -> PricedLine:
    """Return the line that charges a segment for the days it covers."""
    steps = _steps(segment, segment.covers)
    return _line(segment, segment.covers, steps, kind, product, edition, because)


def credit_line(
    segment: Segment, on: date, *, product: str, edition: str, because: tuple[str, ...]
) -> PricedLine:
    """Return the line that gives back a segment's days from `on`: exactly its negative.

    Where less was charged than they are worth, the last of the discounts or the gross takes the
    difference, so that the line still adds up.
    """
    covers = segment.covers.from_day(on)
    steps = _steps(segment, covers)
    allowed = credit(segment, on)
    capped = allowed != steps[-1]
    steps = tuple(-min(step, allowed) if capped else -step for step in steps)
    return _line(segment, covers, steps, LineKind.CREDIT, product, edition, because, capped)


def open_segment(
    *,
    covers: Period,
    term: Period,
    unit: int,
    quantity: int,
    months: int,
    cycle: Cycle,
    discounts: tuple[AppliedDiscount, ...],
    taxes: LineTaxes,
    added: int = 0,
) -> Segment:
    """Return a new segment that is charged what its days cost."""
    charged = discounted(unit, quantity, months=months, discounts=discounts, term=term, covers=covers)[-1]
    return Segment(
        covers=covers,
        term=term,
        unit=unit,
        quantity=quantity,
        months=months,
        cycle=cycle,
        charged=charged,
        discounts=discounts,
        taxes=taxes,
        added=added,
    )


def _steps(segment: Segment, covers: Period) -> tuple[int, ...]:
    return discounted(
        segment.unit,
        segment.quantity,
        months=segment.months,
        discounts=segment.discounts,
        term=segment.term,
        covers=covers,
    )


def _line(
    segment: Segment,
    covers: Period,
    steps: tuple[int, ...],
    kind: LineKind,
    product: str,
    edition: str,
    because: tuple[str, ...],
    capped: bool = False,
) -> PricedLine:
    shares = [
        DiscountShare(applied.code, applied.percent, after - before)
        for applied, before, after in zip(segment.discounts, steps, steps[1:], strict=False)
    ]
    return PricedLine(
        kind=kind,
        product=product,
        edition=edition,
        covers=covers,
        term=segment.term,
        unit=segment.unit,
        quantity=segment.quantity,
        months=segment.months,
        gross=steps[0],
        amount=steps[-1],
        cycle=segment.cycle,
        discounts=tuple(shares),
        taxes=segment.taxes,
        because=because,
        capped=capped,
    )
