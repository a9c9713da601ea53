"""Prices that the vendor's staff give in the place of list prices, for what is bought now.

A price given holds for the line as it stands after what is made now, in its edition and cycle. What
changes at renewal takes the list price, and the quote says so: the renewal asks the catalogue.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from billing.rules import changes as new
from billing.rules.changes import Change
from billing.rules.facts import Availability, EditionFacts, Facts, PriceFacts
from billing.rules.notices import Notice, NoticeCode
from billing.rules.periods import Cycle
from billing.rules.quoting import PricedQuote, UndecidedConflict, quote


def quote_at(facts: Facts, prices: Mapping[str, int], changes: Iterable[Change], on: date) -> PricedQuote:
    """Return the quote of changes at the prices given (minor units per seat and month, by product).

    What is bought at such a price is then the customer's own price, like a grandfathered one. Seats
    added to a line keep the price of that line. Raises as `quote`; UnknownProduct.
    """
    changes = tuple(changes)
    cycle = next((c.cycle for c in changes if isinstance(c, new.FirstPurchase)), facts.cycle)
    if cycle is None:
        return quote(facts, changes, on)
    bought = _bought(changes, facts)
    held = facts
    for product, unit in prices.items():
        facts.product(product)
        if product in bought:
            held = _with_price(held, product, bought[product], cycle, unit)
    try:
        return _end_notices(quote(held, changes, on), prices, cycle)
    except UndecidedConflict as asked:
        raise UndecidedConflict(asked.questions, _end_notices(asked.provisional, prices, cycle)) from None


def _bought(changes: Iterable[Change], facts: Facts) -> dict[str, str]:
    """Return the edition of each product that is bought now at a price of its own choosing."""
    found: dict[str, str] = {}
    for change in changes:
        found |= {item.product: item.edition for item in new.bought(change)}
        if isinstance(change, new.ChangeEdition) and new.is_upgrade(change, facts):
            found[change.product] = change.edition
    return found


def _with_price(facts: Facts, product: str, edition: str, cycle: Cycle, unit: int) -> Facts:
    """Return the facts with one price of one edition replaced, also where it was not sold by price."""
    offered = facts.product(product)
    editions = tuple(_priced(e, cycle, unit) if e.key == edition else e for e in offered.editions)
    return replace(facts, catalogue={**facts.catalogue, product: replace(offered, editions=editions)})


def _priced(edition: EditionFacts, cycle: Cycle, unit: int) -> EditionFacts:
    sold = edition.availability is Availability.PRICED
    others = tuple(price for price in edition.prices if sold and price.cycle is not cycle)
    return replace(edition, availability=Availability.PRICED, prices=(*others, PriceFacts(cycle, unit)))


def _end_notices(priced: PricedQuote, prices: Mapping[str, int], cycle: Cycle) -> PricedQuote:
    """Say which prices that were given end at renewal, with what is charged in their place."""
    notices = tuple(
        Notice(
            NoticeCode.GIVEN_PRICE_ENDS,
            {"product": line.product, "edition": line.edition, "old": prices[line.product], "new": line.unit}
            | {"on": priced.renewal.on},
        )
        for line in priced.renewal.lines
        if line.product in prices and _is_another(priced, line.product, line.edition, cycle)
    )
    return replace(priced, notices=(*priced.notices, *notices))


def _is_another(priced: PricedQuote, product: str, edition: str, cycle: Cycle) -> bool:
    """Tell whether a line renews in another edition or cycle than it has after what is made now."""
    now = priced.after.line(product)
    return now is None or now.edition != edition or priced.renewal.cycle is not cycle
