"""What each line becomes at renewal: the one answer that pages, mails and the renewal share."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from billing.rules.facts import EditionFacts, Facts, LineFacts, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.refusals import NoPriceInCycle


def becomes(line: LineFacts, facts: Facts, on: date | None = None) -> tuple[LineFacts, ...]:
    """Return what a line becomes at renewal: itself, changed, several lines, or nothing.

    `on` is the day whose list prices count, by default the renewal day. NoPriceInCycle where a
    waiting change leads to an edition that then has no price (domain.md 5, "When changes meet").
    """
    day = facts.renews_on if on is None else on
    if facts.waiting(ScheduledKind.CANCELLATION) is not None:
        return ()
    removal = facts.waiting(ScheduledKind.REMOVAL, line.product)
    if removal is not None:
        return _without(line, removal.leaving, facts, day) if removal.leaving else ()
    quantity = facts.waiting(ScheduledKind.QUANTITY, line.product)
    edition = facts.waiting(ScheduledKind.EDITION, line.product)
    if quantity is not None and quantity.quantity is not None:
        line = replace(line, quantity=quantity.quantity)
    if edition is not None and edition.edition is not None:
        line = at_list_price(replace(line, edition=edition.edition), facts, facts.next_cycle, day)
    elif facts.next_cycle is not facts.paid_cycle:
        line = at_list_price(line, facts, facts.next_cycle, day)
    return (at_lasting_price(line, facts, facts.next_cycle, day),)


def next_lines(facts: Facts, on: date | None = None) -> tuple[LineFacts, ...]:
    """Return all lines as they are from the next renewal on, in today's order."""
    return tuple(new for line in facts.lines for new in becomes(line, facts, on))


def at_list_price(line: LineFacts, facts: Facts, cycle: Cycle, on: date) -> LineFacts:
    """Return the line at its edition's list price and allowances; NoPriceInCycle without one."""
    edition = facts.edition(line.product, line.edition)
    unit, agreed = edition.price(cycle, on), edition.agreed(cycle, on)
    if unit is None:
        raise NoPriceInCycle(product=line.product, edition=line.edition, cycle=cycle.value)
    until = agreed.until if agreed is not None else None
    return replace(line, unit=unit, allowances=edition.allowances, price_ends_on=until)


def listed(facts: Facts, product: str, edition: str, quantity: int, *, cycle: Cycle, on: date) -> LineFacts:
    """Return a new line at its edition's list price and allowances; NoPriceInCycle without one."""
    return at_list_price(LineFacts(product, edition, quantity, 0), facts, cycle, on)


def at_lasting_price(line: LineFacts, facts: Facts, cycle: Cycle, on: date) -> LineFacts:
    """Return the line at its own price, or at the list price once the vendor ended its own.

    A price that was agreed with the account goes before both, with the allowances that the line has. Where
    the edition has no list price any more the old one stays: a line is never without one.
    """
    if facts.prices_stay:
        return line
    agreed = facts.edition(line.product, line.edition).agreed(cycle, on)
    if agreed is not None and agreed.unit is not None:
        return replace(line, unit=agreed.unit, price_ends_on=agreed.until)
    ends = price_end(line, facts, cycle)
    if ends is None or ends > on or facts.edition(line.product, line.edition).price(cycle, on) is None:
        return line
    return at_list_price(line, facts, cycle, on)


def price_end(line: LineFacts, facts: Facts, cycle: Cycle) -> date | None:
    """Return the day from which a line's price no longer holds, None where it stays."""
    ends = [
        one.on
        for one in facts.edition(line.product, line.edition).price_ends
        if one.cycle is cycle and one.unit == line.unit
    ]
    ends += [line.price_ends_on] if line.price_ends_on is not None else []
    return min(ends, default=None)


def lost_from_suite(line: LineFacts, leaving: Iterable[str], facts: Facts, on: date) -> tuple[str, ...]:
    """Return the products that stay wanted when others leave a Suite but are not sold singly."""
    return tuple(key for key in _staying(line, leaving, facts) if _sold_singly(key, line, facts, on) is None)


def includes(facts: Facts, lines: Iterable[LineFacts]) -> frozenset[str]:
    """Return all products that lines give: their own and those inside their Suites."""
    return frozenset(key for line in lines for key in (line.product, *facts.product(line.product).includes))


def _without(line: LineFacts, leaving: Iterable[str], facts: Facts, on: date) -> tuple[LineFacts, ...]:
    """Turn a Suite into single lines of its other products: same quantity, list price."""
    lines = []
    for key in _staying(line, leaving, facts):
        edition = _sold_singly(key, line, facts, on)
        if edition is not None:
            single = listed(facts, key, edition.key, line.quantity, cycle=facts.next_cycle, on=on)
            lines.append(replace(single, seats_in_use=line.seats_in_use, holders=line.holders))
    return tuple(lines)


def _staying(line: LineFacts, leaving: Iterable[str], facts: Facts) -> tuple[str, ...]:
    gone = frozenset(leaving)
    return tuple(key for key in facts.product(line.product).includes if key not in gone)


def _sold_singly(key: str, suite: LineFacts, facts: Facts, on: date) -> EditionFacts | None:
    """Return the edition a Suite's product is sold in singly, the nearest to the Suite's own.

    The edition of the same name; else the highest that ranks no higher; else the lowest above.
    """
    product = facts.product(key)
    priced = [e for e in product.editions if e.price(facts.next_cycle, on) is not None]
    if not priced or product.withdrawn:
        return None
    own = facts.edition(suite.product, suite.edition)
    same = [e for e in priced if e.key == own.key]
    below = [e for e in priced if e.rank <= own.rank]
    if same or below:
        return same[0] if same else max(below, key=lambda e: e.rank)
    return min(priced, key=lambda e: e.rank)
