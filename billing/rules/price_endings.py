"""Whom the end of a price concerns, from when, and by how much (domain.md 5, "Prices")."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from billing.rules.ending import ending
from billing.rules.facts import EditionFacts, Facts, PriceEnd
from billing.rules.refusals import Refusal
from billing.rules.renewal import Renewal, renewal

# A price ends so many days after its end was decided, at least; letters go on these days before it.
NOTICE_DAYS = 60
TOLD_BEFORE = (60, 30)
# Nobody decides so far ahead, and each renewal until then is reckoned.
FURTHEST_DAYS = 3 * 366


@dataclass(frozen=True, slots=True)
class PriceRise:
    """What the end of a price means for one account: its first period at another price, by the renewal's day.

    Units are minor units per seat and month (flat: per period); `difference` is what that period costs more,
    after discounts and before tax. `new` and `difference` are None where what is scheduled has no price.
    """

    product: str
    edition: str
    quantity: int
    on: date
    old: int
    new: int | None
    difference: int | None


def stage(ends_on: date, on: date) -> int | None:
    """Return the letter whose day has come, the nearest of those that were missed; None before and after."""
    left = (ends_on - on).days
    return min((days for days in TOLD_BEFORE if left <= days), default=None) if left > 0 else None


def price_rise(facts: Facts, product: str, edition: str, end: PriceEnd) -> PriceRise | None:
    """Return what the end of a price means for a subscription, if it has it; None where nothing changes.

    Told by the renewals themselves: of the first from that day on, with the end and without it.
    """
    facts = _with_ends(facts, product, edition, (), without=end)
    line = facts.line(product)
    if not facts.has_bought or line is None:
        return None
    quantity = line.quantity
    try:
        facts = _before(facts, end.on)
        line = facts.line(product)
        held = line is not None and (line.edition, line.unit) == (edition, end.unit)
        if line is None or not held or facts.cycle is not end.cycle:
            return None
        ended = _with_ends(facts, product, edition, (end,), without=end)
        then, otherwise = _next(ended), _next(facts)
    except Refusal:
        # What is scheduled has no price: its pages say so.
        return PriceRise(product, edition, quantity, facts.renews_on, end.unit, None, None)
    new, old = then.after.line(product), otherwise.after.line(product)
    if new is None or old is None or new.unit == old.unit:
        return None
    difference = then.settlement.subtotal - otherwise.settlement.subtotal
    return PriceRise(product, edition, new.quantity, then.on, old.unit, new.unit, difference)


def _before(facts: Facts, day: date) -> Facts:
    """Return the subscription as the last renewal before a day leaves it, if nothing else changes."""
    while facts.has_bought:
        ended = ending(facts)
        if ended is not None:
            facts = ended.after
        elif facts.renews_on < day:
            facts = _next(facts).after
        else:
            break
    return facts


def _next(facts: Facts) -> Renewal:
    found = renewal(facts, facts.renews_on)
    assert found is not None  # it has bought something
    return found


def _with_ends(
    facts: Facts, product: str, edition: str, ends: Iterable[PriceEnd], *, without: PriceEnd
) -> Facts:
    """Return the facts with these ends of prices of an edition, in the place of one for the same price."""
    offered = facts.product(product)
    editions = tuple(_ending(one, ends, without) if one.key == edition else one for one in offered.editions)
    return replace(facts, catalogue={**facts.catalogue, product: replace(offered, editions=editions)})


def _ending(edition: EditionFacts, ends: Iterable[PriceEnd], without: PriceEnd) -> EditionFacts:
    price = without.cycle, without.unit
    others = tuple(one for one in edition.price_ends if (one.cycle, one.unit) != price)
    return replace(edition, price_ends=(*others, *ends))
