"""What seats that nobody holds cost a year."""

from dataclasses import replace

from billing.rules.facts import Facts, ScheduledFacts, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.quoting import renewal
from billing.rules.refusals import Refusal


def saved_a_year(facts: Facts, product: str, quantity: int) -> int | None:
    """Return what renewing with so many seats of a product saves a year, in minor units before tax.

    By the renewal's own function: what the coming renewal charges, less what it would charge with the
    reduction, as often as it comes in a year. None where what is scheduled has no price, or nothing renews.
    """
    on = facts.renews_on
    fewer = ScheduledFacts(ScheduledKind.QUANTITY, on, product=product, quantity=quantity)
    others = tuple(one for one in facts.scheduled if one.slot != fewer.slot)
    try:
        usual, reduced = renewal(facts, on), renewal(replace(facts, scheduled=(*others, fewer)), on)
    except Refusal:
        return None
    if usual is None or reduced is None or usual.ends:
        return None
    times = Cycle.ANNUAL.months // usual.cycle.months
    return (usual.settlement.subtotal - reduced.settlement.subtotal) * times
