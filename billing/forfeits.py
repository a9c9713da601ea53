"""What was paid for days that a cancellation leaves unused, counted as the invoice counted it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.models import InvoiceLine, TemporarySeats
from billing.rules.facts import Facts, TemporaryFacts
from billing.rules.lines import LineKind
from billing.rules.money import to_minor
from billing.rules.periods import Period, periods_over, whole_term
from billing.rules.proration import credit, prorated, share_by_period
from billing.rules.tax import LineTaxes
from billing.rules.tax_json import from_plain


@dataclass(frozen=True, slots=True)
class Forfeit:
    """What was paid for days that are not used: of one product, in minor units before tax; `until` exclusive.

    `temporary` counts the temporary seats it is for; zero where it is for the product's own line.
    `parts` are what it consists of, by the taxes that were charged on it.
    """

    product: str
    amount: int
    until: date
    temporary: int = 0
    parts: tuple[tuple[LineTaxes, int], ...] = ()


def forfeits(account_id: int, held: Facts, on: date) -> tuple[Forfeit, ...]:
    """Return what the paid days from `on` are worth: of lines, then of temporary seats."""
    unused = [one for one in held.temporary if one.covers.end > on]
    return (*_of_lines(held, on), *(_of_temporary(account_id, held, unused, on) if unused else ()))


def _of_lines(held: Facts, on: date) -> Iterator[Forfeit]:
    """Yield what a credit of each line's days would come to."""
    for line in held.lines:
        ahead = [segment for segment in line.segments if segment.covers.end > on]
        parts = [(segment.taxes, credit(segment, on)) for segment in ahead]
        if ahead:
            until = max(segment.covers.end for segment in ahead)
            yield Forfeit(line.product, sum(part for _taxes, part in parts), until, parts=tuple(parts))


def _of_temporary(
    account_id: int, held: Facts, unused: Iterable[TemporaryFacts], on: date
) -> Iterator[Forfeit]:
    """Yield what temporary seats were charged for their days, period by period as their invoice's lines."""
    bought = dict(TemporarySeats.objects.filter(subscription_id=account_id).values_list("pk", "created_at"))
    lines = list(
        InvoiceLine.objects.filter(
            invoice__subscription_id=account_id,
            invoice__issued_at__in=set(bought.values()),
            kind=LineKind.TEMPORARY.value,
        ).select_related("invoice")
    )
    for one in unused:
        own = [
            line
            for line in lines
            if line.invoice.issued_at == bought.get(one.id or 0)
            and (line.product, line.quantity) == (one.product, one.quantity)
            and one.covers.start <= line.covers_from
            and line.covers_until <= one.covers.end
        ]
        if own and sum(_minor(line, line.amount.amount) for line in own) == one.charged:
            parts = tuple((tuple(map(from_plain, line.taxes)), _unused(line, on)) for line in own)
        else:
            # Brought in, or charged without a document: the same periods, as their anchor counts them.
            terms = periods_over(held.first_day, held.paid_cycle, _term(held), one.covers)
            borne = held.taxes(one.product, one.covers.start)
            parts = ((borne, share_by_period(one.charged, one.covers, terms, on)),)
        amount = sum(part for _taxes, part in parts)
        yield Forfeit(one.product, amount, one.covers.end, one.quantity, parts=parts)


def _term(held: Facts) -> Period:
    return whole_term(held.first_day, held.paid_cycle, held.current_period)


def _unused(line: InvoiceLine, on: date) -> int:
    """Return what a line of an invoice charged for its days from `on`, in minor units."""
    if line.covers_until <= on:
        return 0
    amount = _minor(line, line.amount.amount)
    if on <= line.covers_from:
        return amount
    part = prorated(
        _minor(line, line.unit_price.amount),
        line.quantity,
        months=line.months,
        term=Period(line.term_start, line.term_end),
        on=on,
        until=line.covers_until,
    )
    return min(part, amount)


def _minor(line: InvoiceLine, amount: Decimal) -> int:
    return to_minor(amount, line.invoice.currency)
