"""What a subscription's day brings by itself: lines that end, a renewal, or nothing until it is mended."""

from dataclasses import dataclass
from datetime import date

from billing.rules import invariants, quoting
from billing.rules.ending import LineEnding, ending
from billing.rules.facts import Facts
from billing.rules.invariants import InvariantFault
from billing.rules.refusals import NoPriceInCycle


@dataclass(frozen=True, slots=True)
class BrokenFacts:
    """What stands against charging a subscription: it is parked until it is mended."""

    faults: tuple[InvariantFault, ...]

    @property
    def because(self) -> str:
        """Return what is broken, as it is kept: codes and products."""
        return ", ".join(f"{fault.code} {fault.product or ''}".strip() for fault in self.faults)[:200]


def happens(
    facts: Facts, on: date, *, resumes_on: date | None
) -> LineEnding | BrokenFacts | quoting.Renewal | None:
    """Return what happens next by itself on a day; None where nothing is due.

    One period at a time, each for the day on which the one before ended. `resumes_on` is the day from which
    the next renewal charges, after a suspension or a restore.
    """
    if not facts.has_bought or facts.due_on > on:
        return None
    if found := ending(facts):
        broken = invariants.faults(facts)
        return BrokenFacts(broken) if broken else found
    return priced(facts, resumes_on=resumes_on)


def priced(facts: Facts, *, resumes_on: date | None) -> quoting.Renewal | BrokenFacts:
    """Return the coming renewal, or what stands against it: in the facts, or in what it would charge."""
    try:
        renewal = _renewal(facts, resumes_on)
    except NoPriceInCycle as refusal:
        return BrokenFacts((InvariantFault(refusal.code, str(refusal.data["product"])),))
    broken = (*invariants.faults(facts), *invariants.line_faults(renewal.lines))
    return BrokenFacts(broken) if broken else renewal


def _renewal(facts: Facts, resumes_on: date | None) -> quoting.Renewal:
    """Return what is charged: the next period, or what is left of it on the day it resumes."""
    if resumes_on is not None and resumes_on > facts.renews_on:
        return quoting.resumption(facts, resumes_on)
    found = quoting.renewal(facts, facts.renews_on)
    assert found is not None  # there are lines
    return found
