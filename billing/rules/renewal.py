"""The next renewal: what it charges, when, and what each waiting change does to its price."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from accounts.rules.capabilities import AccountState
from billing.rules import discounts
from billing.rules.facts import DiscountFacts, Facts, LineFacts, ScheduledFacts, ScheduledKind, TemporaryFacts
from billing.rules.lines import (
    DiscountTotal,
    LineKind,
    PricedLine,
    charge_line,
    discount_totals,
    open_segment,
)
from billing.rules.notices import Notice, NoticeCode, renewal_notices
from billing.rules.periods import AppliedDiscount, Cycle, Period, next_period, period_at
from billing.rules.plain import changed
from billing.rules.renewal_lines import lost_from_suite, next_lines
from billing.rules.settlement import Settlement, settle


@dataclass(frozen=True, slots=True)
class Effect:
    """What a waiting change does to the renewal: minor units before tax, negative where it saves."""

    scheduled: ScheduledFacts
    amount: int


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal as it will be charged on `on` for `period`, in minor units.

    `ends` says that nothing renews: a cancellation waits. `after` is the subscription once it is
    carried out. The period is shorter than its `term` only after a suspension.
    """

    on: date
    period: Period
    term: Period
    cycle: Cycle
    lines: tuple[PricedLine, ...]
    settlement: Settlement
    effects: tuple[Effect, ...]
    notices: tuple[Notice, ...]
    ends: bool
    after: Facts

    @property
    def discounts(self) -> tuple[DiscountTotal, ...]:
        """Return each discount as a line of its own, over all lines."""
        return discount_totals(self.lines)

    @property
    def amount(self) -> int:
        """Return what the renewal costs with tax, before the balance, in minor units."""
        return self.settlement.total

    def effect(self, scheduled: ScheduledFacts) -> int:
        """Return what a waiting change does to the price, in minor units before tax."""
        return next(e.amount for e in self.effects if e.scheduled.slot == scheduled.slot)


def renewal(facts: Facts, on: date) -> Renewal | None:
    """Return the next renewal as seen on a day; None where nothing has been bought.

    It is charged for the day on which the paid period ends, whenever it is carried out. Only a
    suspended account whose paid period is over resumes on `on` itself: see `resumption`.
    """
    if not facts.has_bought:
        return None
    late = facts.state is AccountState.SUSPENDED and on > facts.renews_on
    return resumption(facts, on) if late else _with_effects(facts, None)


def resumption(facts: Facts, on: date) -> Renewal:
    """Return the renewal of a suspended account whose debt is paid on `on`, past the paid end.

    The period that contains the day starts on that day and is charged for its remaining days; days
    of suspension are not charged and the anchor stays (domain.md 5, "Account states").
    """
    return _with_effects(facts, on)


def next_period_of(facts: Facts) -> Period:
    """Return the period after the paid end, in the cycle that holds from then on."""
    return next_period(facts.first_day, facts.renews_on, facts.next_cycle)


def whole_period(
    facts: Facts,
    lines: Iterable[LineFacts],
    *,
    given: Iterable[DiscountFacts],
    covers: Period,
    term: Period,
    cycle: Cycle,
    because: tuple[str, ...],
    issued_on: date,
) -> tuple[tuple[PricedLine, ...], tuple[LineFacts, ...]]:
    """Charge lines for a period: return the priced lines, and the lines with their new segments.

    Fixed discounts are shared only when the whole term is charged; percentages always hold. The taxes are
    those of the day on which the invoice is issued, whatever period it is for.
    """
    lines = tuple(lines)
    applied = _applied(facts, lines, tuple(given), cycle, whole=covers == term)
    priced, charged = [], []
    for line, own in zip(lines, applied, strict=True):
        segment = open_segment(
            covers=covers,
            term=term,
            unit=line.unit,
            quantity=line.quantity,
            months=facts.months(line.product, cycle),
            cycle=cycle,
            discounts=own,
            taxes=facts.taxes(line.product, issued_on),
        )
        priced.append(
            charge_line(
                segment, product=line.product, edition=line.edition, kind=LineKind.PERIOD, because=because
            )
        )
        charged.append(changed(line, segments=(*line.segments, segment)))
    return tuple(priced), tuple(charged)


def _applied(
    facts: Facts,
    lines: tuple[LineFacts, ...],
    given: tuple[DiscountFacts, ...],
    cycle: Cycle,
    *,
    whole: bool,
) -> tuple[tuple[AppliedDiscount, ...], ...]:
    """Return the discounts of each line: all for a whole term, else the percentages."""
    if not given:
        return ((),) * len(lines)
    if not whole:
        return tuple(discounts.percentages(given, line.product) for line in lines)
    return discounts.for_whole_period(
        given,
        [
            discounts.Gross(line.product, line.unit * line.quantity * facts.months(line.product, cycle))
            for line in lines
        ],
    )


def _span(facts: Facts, resumed_on: date | None) -> tuple[Period, Period]:
    """Return the days to pay for and their term: the next period, or what is left of a later one."""
    first = next_period_of(facts)
    if resumed_on is None:
        return first, first
    term = period_at(facts.first_day, facts.next_cycle, resumed_on, after=first.start)
    return term.from_day(resumed_on), term


def _with_effects(facts: Facts, resumed_on: date | None) -> Renewal:
    """Price a renewal, and once more without each waiting change for what that one does."""
    whole = _renewal(facts, resumed_on)
    if not facts.scheduled:
        return whole
    effects = []
    for scheduled in facts.scheduled:
        rest = tuple(s for s in facts.scheduled if s.slot != scheduled.slot)
        without = _renewal(replace(facts, scheduled=rest), resumed_on)
        effects.append(Effect(scheduled, whole.settlement.subtotal - without.settlement.subtotal))
    return replace(whole, effects=tuple(effects))


def _renewal(facts: Facts, resumed_on: date | None) -> Renewal:
    covers, term = _span(facts, resumed_on)
    given = discounts.after_cycle_change(facts)
    successors = next_lines(facts, covers.start)
    lines, charged = whole_period(
        facts,
        successors,
        given=given,
        covers=covers,
        term=term,
        cycle=facts.next_cycle,
        because=("renewal",),
        issued_on=covers.start,
    )
    settlement = settle(lines, balance=facts.balance, smallest=facts.smallest_charge)
    left = discounts.used_once(given, charged) if covers == term else given
    after = _moved(facts, charged, covers, left, settlement.balance_after)
    return Renewal(
        on=covers.start,
        period=covers,
        term=term,
        cycle=facts.next_cycle,
        lines=lines,
        settlement=settlement,
        effects=(),
        notices=_notices(facts, after, settlement, covers.start),
        ends=not charged,
        after=_ended(facts) if not charged else after,
    )


def _moved(
    facts: Facts,
    charged: tuple[LineFacts, ...],
    period: Period,
    left: tuple[DiscountFacts, ...],
    balance: int,
) -> Facts:
    """Return the subscription in its new period, with nothing waiting."""
    return changed(
        facts,
        discounts=left,
        balance=balance,
        cycle=facts.next_cycle,
        period=period,
        paid_until=period.end,
        version=facts.version + 1,
        lines=charged,
        scheduled=(),
        temporary=_lasting(facts, charged, period.start),
    )


def _ended(facts: Facts) -> Facts:
    return replace(
        facts,
        lines=(),
        scheduled=(),
        temporary=(),
        discounts=(),
        state=AccountState.CANCELLED,
        version=facts.version + 1,
    )


def _lasting(facts: Facts, lines: Iterable[LineFacts], on: date) -> tuple[TemporaryFacts, ...]:
    products = {line.product for line in lines}
    return tuple(t for t in facts.temporary if t.product in products and t.covers.end > on)


def _notices(facts: Facts, after: Facts, settlement: Settlement, on: date) -> tuple[Notice, ...]:
    if not after.lines:
        return ()
    notices = list(renewal_notices(facts, after.lines, on))
    notices += [
        Notice(NoticeCode.PROMO_ENDED, {"code": d.code})
        for d in facts.discounts
        if d not in discounts.after_cycle_change(facts)
    ]
    for line in facts.lines:
        removal = facts.waiting(ScheduledKind.REMOVAL, line.product)
        if removal is not None and removal.leaving:
            notices.append(Notice(NoticeCode.SUITE_PRICE_ENDS, {"product": line.product, "on": on}))
            lost = lost_from_suite(line, removal.leaving, facts, on)
            if lost:
                notices.append(Notice(NoticeCode.PRODUCTS_LOST, {"suite": line.product, "products": lost}))
    kept = {line.product for line in after.lines}
    notices += [
        Notice(
            NoticeCode.TEMPORARY_LOST, {"product": t.product, "quantity": t.quantity, "until": t.covers.end}
        )
        for t in facts.temporary
        if t.product not in kept and t.covers.end > (facts.ends_early(t.product) or on)
    ]
    if settlement.carried_over:
        notices.append(Notice(NoticeCode.CARRIED_OVER, {"amount": settlement.carried_over}))
    return tuple(notices)
