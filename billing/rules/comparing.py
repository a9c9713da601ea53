"""What lines cost a year, to be compared: another cycle, or a Suite against the sum of its parts.

Minor units before discounts and tax: both sides bear the same of these, and the quote has them exactly.
"""

from collections.abc import Iterable
from datetime import date

from billing.rules.facts import EditionFacts, Facts, LineFacts
from billing.rules.periods import Cycle

MONTHS_A_YEAR = 12


def a_year(facts: Facts, product: str, unit: int, quantity: int, cycle: Cycle) -> int:
    """Return what a quantity of a product costs in a year of whole periods of a cycle."""
    periods = MONTHS_A_YEAR // cycle.months
    return unit * quantity * facts.months(product, cycle) * periods


def lines_a_year(facts: Facts, lines: Iterable[LineFacts], cycle: Cycle) -> int:
    """Return what lines cost a year at the prices that they have."""
    return sum(a_year(facts, line.product, line.unit, line.quantity, cycle) for line in lines)


def listed_a_year(facts: Facts, lines: Iterable[LineFacts], cycle: Cycle, on: date) -> int | None:
    """Return what lines would cost a year at the list prices of a cycle; None where one has no such price."""
    total = 0
    for line in lines:
        unit = facts.edition(line.product, line.edition).price(cycle, on)
        if unit is None:
            return None
        total += a_year(facts, line.product, unit, line.quantity, cycle)
    return total


def equal_or_above(
    facts: Facts, lines: Iterable[LineFacts], offered: tuple[EditionFacts, ...]
) -> EditionFacts:
    """Return the lowest of the offered editions that is no lower than any that lines have; else the highest.

    There is one line at least. An edition of the same key is the same level; else the rank says it.
    """
    by_key = {one.key: one for one in offered}
    ranks = [
        by_key[line.edition].rank
        if line.edition in by_key
        else facts.edition(line.product, line.edition).rank
        for line in lines
    ]
    ordered = sorted(offered, key=lambda one: one.rank)
    return next((one for one in ordered if one.rank >= max(ranks)), ordered[-1])
