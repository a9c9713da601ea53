"""What is planned in the coming months: each charge, by the renewal's own function, and what happens when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from billing.rules.ending import ending
from billing.rules.facts import Facts, ScheduledFacts, ScheduledKind, TemporaryFacts
from billing.rules.periods import Period, add_months
from billing.rules.quoting import PricedQuote, Renewal, renewal
from billing.rules.renewal_lines import at_lasting_price, becomes
from billing.rules.settlement import Settlement

MONTHS = 12


class PlannedKind(StrEnum):
    """What happens on a day, in the order in which one day's events are told."""

    CONFIRMED = "confirmed"
    RENEWAL = "renewal"
    END = "end"
    CHANGE = "change"
    PRICE_END = "price_end"
    CODE_END = "code_end"
    LINE_END = "line_end"
    TEMPORARY_START = "temporary_start"
    TEMPORARY_END = "temporary_end"


_ORDER = list(PlannedKind)


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One thing that happens on a day, with what its kind has: amounts are minor units.

    `settlement` and `covers` are a charge's; `before` is the subscription that a `scheduled` change meets;
    `old` and `new` are prices of one seat and month (of a flat item: a period). What ends has its first day
    without.
    """

    on: date
    kind: PlannedKind
    product: str = ""
    quantity: int = 0
    code: str = ""
    old: int = 0
    new: int = 0
    scheduled: ScheduledFacts | None = None
    before: Facts | None = None
    settlement: Settlement | None = None
    covers: Period | None = None

    @property
    def due(self) -> int:
        """Return what is collected that day, in minor units."""
        return self.settlement.due if self.settlement else 0


@dataclass(frozen=True, slots=True)
class ForecastMonth:
    """A month of the calendar, as far as the forecast covers it, and what is collected in it."""

    first: date
    due: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is planned from a day until another (exclusive), in its order."""

    on: date
    until: date
    events: tuple[PlannedEvent, ...]

    @property
    def last_day(self) -> date:
        """Return the last day that it tells of."""
        return self.until - timedelta(days=1)

    @property
    def charges(self) -> tuple[PlannedEvent, ...]:
        """Return the events that charge something, or settle it with the balance."""
        return tuple(event for event in self.events if event.settlement is not None)

    @property
    def due(self) -> int:
        """Return what is collected in all of it, in minor units."""
        return sum(event.due for event in self.events)

    @property
    def months(self) -> tuple[ForecastMonth, ...]:
        """Return each month of the calendar that it touches; what is overdue is collected in the first."""
        sums: dict[date, int] = {}
        first = self.on.replace(day=1)
        for number in range((self.last_day.year - first.year) * 12 + self.last_day.month - first.month + 1):
            sums[add_months(first, number)] = 0
        for event in self.events:
            sums[max(event.on, self.on).replace(day=1)] += event.due
        return tuple(ForecastMonth(month, due) for month, due in sums.items())


def forecast(
    facts: Facts, on: date, *, months: int = MONTHS, confirmed: PricedQuote | None = None
) -> Forecast:
    """Return what is planned for a subscription in so many months from a day.

    With `confirmed` it is told as if that change were made, in the place of `facts`. Refusal where what is
    scheduled has no price.
    """
    until = add_months(on, months)
    found: list[PlannedEvent] = []
    if confirmed is not None:
        facts = confirmed.after
        found.append(PlannedEvent(confirmed.on, PlannedKind.CONFIRMED, settlement=confirmed.settlement))
    found += _ahead(facts, on, until)
    return Forecast(on, until, tuple(sorted(found, key=lambda one: (one.on, _ORDER.index(one.kind)))))


def _ahead(facts: Facts, on: date, until: date) -> Iterator[PlannedEvent]:
    """Yield what happens before a day, renewal after renewal, each on what the last one left."""
    known, lost = set(facts.temporary), dict[TemporaryFacts, date]()
    while facts.has_bought and facts.due_on < until:
        ended = ending(facts)
        if ended is not None:
            day, after = ended.on, ended.after
            for line in ended.lines:
                yield PlannedEvent(day, PlannedKind.LINE_END, line.product, line.quantity)
        else:
            coming = renewal(facts, facts.renews_on)
            assert coming is not None  # it has bought something
            day, after = coming.on, coming.after
            yield from _of_renewal(facts, coming)
        lost |= dict.fromkeys(known.intersection(facts.temporary).difference(after.temporary), day)
        facts = after
    for one in known:
        yield from _of_temporary(one, min(lost.get(one, until), one.covers.end), on, until)


def _of_renewal(facts: Facts, coming: Renewal) -> Iterator[PlannedEvent]:
    on = coming.on
    for one in facts.scheduled:
        if one.kind is not ScheduledKind.CANCELLATION:
            yield PlannedEvent(on, PlannedKind.CHANGE, one.product or "", scheduled=one, before=facts)
    if coming.ends:
        yield PlannedEvent(on, PlannedKind.END)
        return
    yield PlannedEvent(on, PlannedKind.RENEWAL, settlement=coming.settlement, covers=coming.period)
    for line in facts.lines:
        ends = at_lasting_price(line, facts, facts.paid_cycle, on).unit != line.unit
        for then in becomes(line, facts) if ends else ():
            if (then.product, then.edition) == (line.product, line.edition) and then.unit != line.unit:
                yield PlannedEvent(on, PlannedKind.PRICE_END, line.product, old=line.unit, new=then.unit)
    carried = {one.code for one in coming.discounts}
    for code in dict.fromkeys(_codes(facts)):
        if code not in carried:
            yield PlannedEvent(on, PlannedKind.CODE_END, code=code)


def _codes(facts: Facts) -> Iterable[str]:
    """Yield the codes that the last paid day carries."""
    last = facts.renews_on - timedelta(days=1)
    for line in facts.lines:
        for segment in line.segments:
            if segment.covers.contains(last):
                yield from (applied.code for applied in segment.discounts)


def _of_temporary(one: TemporaryFacts, end: date, on: date, until: date) -> Iterator[PlannedEvent]:
    if on <= one.covers.start < until:
        yield PlannedEvent(one.covers.start, PlannedKind.TEMPORARY_START, one.product, one.quantity)
    if end < until:
        yield PlannedEvent(end, PlannedKind.TEMPORARY_END, one.product, one.quantity)
