"""What must hold of any state of a subscription, and of undoing what waits."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from billing.rules.facts import Facts, LineFacts, ScheduledFacts, ScheduledKind
from billing.rules.lines import PricedLine
from billing.rules.periods import add_months, months_between
from billing.rules.refusals import EndsEarlier


@dataclass(frozen=True, slots=True)
class InvariantFault:
    """A broken promise of a state: a code, and the product it concerns."""

    code: str
    product: str | None = None


def demand_undoable(facts: Facts, waiting: ScheduledFacts) -> None:
    """Refuse to undo for nothing what would leave days without a price: EndsEarlier."""
    if waiting.kind is ScheduledKind.REMOVAL and waiting.takes_effect_on < facts.renews_on:
        raise EndsEarlier(product=waiting.product, on=waiting.takes_effect_on, until=facts.renews_on)


def faults(facts: Facts) -> tuple[InvariantFault, ...]:
    """Return what is broken in a subscription: such an account is parked and nothing is charged."""
    products = [line.product for line in facts.lines]
    found = [InvariantFault("two_lines", p) for p in sorted({p for p in products if products.count(p) > 1})]
    found += [
        InvariantFault("scheduled_elsewhere", s.product) for s in facts.scheduled if _is_misplaced(s, facts)
    ]
    if not facts.has_bought:
        return tuple(found)
    period = facts.current_period
    end = period.end
    if add_months(facts.first_day, months_between(facts.first_day, end)) != end or not period.days:
        found.append(InvariantFault("period_off_anchor"))
    for line in facts.lines:
        found += [InvariantFault(code, line.product) for code in _line_faults(line, facts)]
    return tuple(found)


def line_faults(lines: Iterable[PricedLine]) -> tuple[InvariantFault, ...]:
    """Return recurring lines that must not be charged: twice one item or tax, or above their full price."""
    found, seen = [], set()
    for line in lines:
        item = line.product, line.covers, line.kind
        if item in seen:
            found.append(InvariantFault("charged_twice", line.product))
        seen.add(item)
        if len({tax.name for tax in line.taxes}) < len(line.taxes):
            found.append(InvariantFault("taxed_twice", line.product))
        if line.amount > line.unit * line.quantity * line.months:
            found.append(InvariantFault("above_full_price", line.product))
    return tuple(found)


def _is_misplaced(scheduled: ScheduledFacts, facts: Facts) -> bool:
    """Tell whether something waits for a line that is not there, or for another day than renewal.

    A line that an extension was made without ends with the period before it.
    """
    has_line = scheduled.product is None or facts.line(scheduled.product) is not None
    whole_line = scheduled.kind is ScheduledKind.REMOVAL and not scheduled.leaving
    days = {facts.paid_until, facts.period.end if facts.period and whole_line else facts.paid_until}
    return not has_line or scheduled.takes_effect_on not in days


def _line_faults(line: LineFacts, facts: Facts) -> tuple[str, ...]:
    covers = sorted(segment.covers for segment in line.segments)
    ahead = [c for c in covers if c.end >= facts.current_period.start]
    checks = {
        "quantity": line.quantity < 1,
        "over_credited": any(not 0 <= s.credited <= s.charged for s in line.segments),
        "outside_term": any(
            s.covers.start < s.term.start or s.covers.end > s.term.end for s in line.segments
        ),
        "overlap": any(one.end > two.start for one, two in pairwise(covers)),
        "gap": any(one.end < two.start for one, two in pairwise(ahead)),
        "paid_end": not covers or covers[-1].end != facts.paid_end(line.product),
    }
    return tuple(code for code, broken in checks.items() if broken)
