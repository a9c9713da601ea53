"""Turns a quote of the rules into rows with names, for preview, review, receipt and request alike.

Calculates no amount: each row carries the numbers of its line, and templates print the arithmetic.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from admin_center.wording import change_requests, changes, notices, phrases
from admin_center.wording.notices import Consequence
from billing.models import InvoiceLine
from billing.rules.lines import LineKind, PricedLine
from billing.rules.money import to_minor
from billing.rules.names import Names
from billing.rules.quoting import PricedQuote, Renewal
from billing.rules.settlement import Settlement
from billing.storage.loading import LoadedFacts


@dataclass(frozen=True, slots=True)
class DiscountDeduction:
    """What one discount takes off a line, in minor units."""

    words: str
    amount: int


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """One credit or charge; amounts in minor units, `first` and `last` the days it pays for.

    `counted` is the quantity as the arithmetic begins with it: "10 seats", "3 credits", "3".
    """

    kind: str
    words: str
    name: str
    seats: str
    counted: str
    first: date
    last: date
    unit: int
    months: int
    days: int
    term_days: int
    gross: int
    amount: int
    discounts: tuple[DiscountDeduction, ...]
    capped: bool
    because: str = ""
    # A correction of the staff, which credits a part of the line that it names.
    partial: bool = False

    @property
    def worth(self) -> int:
        """Return what the arithmetic comes to before discounts, in minor units, also of a credit positive."""
        return abs(self.gross)

    @property
    def whole(self) -> bool:
        """Tell whether it pays for its whole term: then there is no share of days to show."""
        return self.days == self.term_days


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change in words, with the day on which it takes effect."""

    sentence: str
    now: bool
    on: date


@dataclass(frozen=True, slots=True)
class QuoteView:
    """A quote as pages show it; `waiting` is what waited before and still does.

    `undoable` tells whether it schedules anything: only that can be undone until its day. `more` is what a
    renewal costs more than without it, in minor units, None where that is not known.
    """

    on: date
    currency: str
    rows: tuple[QuoteRow, ...]
    settlement: Settlement
    when: tuple[ChangeRow, ...]
    waiting: tuple[str, ...]
    renewal: Renewal
    renewal_rows: tuple[QuoteRow, ...]
    consequences: tuple[Consequence, ...]
    undoable: bool
    more: int | None = None

    @property
    def less(self) -> int:
        """Return what a renewal costs less than without it, in minor units, never below zero."""
        return max(-(self.more or 0), 0)

    @property
    def due(self) -> int:
        """Return what is collected now, in minor units."""
        return self.settlement.due

    @property
    def at_once(self) -> bool:
        """Tell whether any of it is made now; the rest is scheduled."""
        return any(one.now for one in self.when)

    @property
    def settled(self) -> bool:
        """Tell whether more than the lines makes what is due: tax (or why none), balance, a small sum."""
        why = any(row.tax.reason for row in self.settlement.taxes)
        return why or self.settlement.due != sum(row.amount for row in self.rows)

    @property
    def from_balance(self) -> int:
        """Return what the balance takes off: negative, positive where it adds an earlier small sum."""
        return -self.settlement.prepaid

    @property
    def to_balance(self) -> int:
        """Return what a credit note puts on the balance, in minor units."""
        return max(-self.settlement.total, 0)

    @property
    def renewal_from_balance(self) -> int:
        """Return what the balance takes off the renewal."""
        return -self.renewal.settlement.prepaid


def of(quote: PricedQuote, reading: LoadedFacts, *, costs_shown: bool) -> QuoteView:
    """Return a quote with its words, in the language of the moment."""
    names = reading.names
    return QuoteView(
        on=quote.on,
        currency=quote.currency,
        rows=rows(quote.lines, names),
        settlement=quote.settlement,
        when=tuple(
            ChangeRow(change_requests.change(timed.change, quote.base, names), timed.on <= quote.on, timed.on)
            for timed in quote.timed
        ),
        waiting=tuple(changes.waits(one, names) for one in quote.scheduled if one.version <= quote.version),
        renewal=quote.renewal,
        renewal_rows=rows(quote.renewal.lines, names),
        consequences=tuple(notices.sentences(quote.notices, names, reading.labels, costs_shown=costs_shown)),
        undoable=any(one.version > quote.version for one in quote.scheduled),
        more=quote.more,
    )


def rows(lines: Iterable[PricedLine], names: Names) -> tuple[QuoteRow, ...]:
    """Return priced lines as rows, in their order."""
    return tuple(_row(line, names) for line in lines)


def invoiced(lines: Iterable[InvoiceLine], currency: str) -> tuple[QuoteRow, ...]:
    """Return the lines of an invoice as rows, with the words and names that were frozen with it."""
    return tuple(
        QuoteRow(
            kind=line.kind,
            words=kind_words(LineKind(line.kind)),
            name=f"{line.product_name} {line.edition_name}".strip(),
            seats=phrases.number(line.quantity),
            counted=phrases.counted(line.quantity, line.unit_words),
            first=line.covers_from,
            last=line.covers_until - timedelta(days=1),
            unit=to_minor(line.unit_price.amount, currency),
            months=line.months,
            days=(line.covers_until - line.covers_from).days,
            term_days=(line.term_end - line.term_start).days,
            gross=to_minor(line.gross.amount, currency),
            amount=to_minor(line.amount.amount, currency),
            discounts=tuple(DiscountDeduction(one["code"], one["amount"]) for one in line.discounts),
            capped=line.capped,
            because=changes.because(line.because, line.unit_words),
            partial="correction" in line.because.split(),
        )
        for line in lines
    )


def _row(line: PricedLine, names: Names) -> QuoteRow:
    product = phrases.product(names, line.product)
    edition = phrases.edition(names, line.product, line.edition)
    return QuoteRow(
        kind=line.kind.value,
        words=kind_words(line.kind),
        name=f"{product} {edition}".strip(),
        seats=phrases.number(line.quantity),
        counted=phrases.quantity(names, line.product, line.quantity),
        first=line.covers.start,
        last=line.covers.last_day,
        unit=line.unit,
        months=line.months,
        days=line.days,
        term_days=line.term_days,
        gross=line.gross,
        amount=line.amount,
        discounts=tuple(
            DiscountDeduction(
                f"{share.code} ({phrases.percent(share.percent)})" if share.percent else share.code,
                share.amount,
            )
            for share in line.discounts
        ),
        capped=line.capped,
    )


def kind_words(kind: LineKind) -> str:
    """Return what a line does: gives back, charges days, a whole period, or temporary seats."""
    return {
        LineKind.CREDIT: _("Credit for what was paid"),
        LineKind.CHARGE: _("Charge for the days that are left"),
        LineKind.PERIOD: _("Whole period"),
        LineKind.TEMPORARY: _("Temporary seats"),
    }[kind]
