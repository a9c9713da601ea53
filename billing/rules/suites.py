"""Which lines a Suite would replace, who would hold its seats, and how many to propose."""

from dataclasses import dataclass

from billing.rules.facts import Facts, LineFacts


@dataclass(frozen=True, slots=True)
class Combination:
    """The lines a Suite replaces: each person who holds any of them holds one Suite seat.

    `holders` are the ids of those people, as far as they are named; `least` is the fewest seats
    that hold everybody, `proposed` the quantity of the largest line (domain.md 5).
    """

    lines: tuple[LineFacts, ...]
    holders: frozenset[int]
    least: int
    proposed: int


def combination(facts: Facts, suite: str) -> Combination | None:
    """Return what a Suite would replace; None where it includes no line. UnknownProduct."""
    included = facts.product(suite).includes
    lines = tuple(line for line in facts.lines if line.product in included)
    if not lines:
        return None
    holders = frozenset(person for line in lines for person in line.holders)
    least = max(len(holders), *(line.seats_in_use for line in lines))
    return Combination(lines, holders, least, max(least, *(line.quantity for line in lines)))
