"""What a change costs beside money, as codes with data: the sentences stand in the templates."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from billing.rules.facts import Allowances, Facts, LineFacts
from billing.rules.periods import Cycle
from billing.rules.renewal_lines import price_end

_MEGABYTES = {"MB": 1, "GB": 1000, "TB": 1_000_000}


class NoticeCode(StrEnum):
    """What there is to know; quotes are stored with it."""

    GRANDFATHERED_PRICE_LOST = "grandfathered_price_lost"
    PRICE_ENDS = "price_ends"
    AGREED_PRICE = "agreed_price"
    GIVEN_PRICE_ENDS = "given_price_ends"
    ALLOWANCES_LOST = "allowances_lost"
    PROMO_ENDED = "promo_ended"
    PROMO_STARTS_AT_RENEWAL = "promo_starts_at_renewal"
    DISCOUNT_LOST = "discount_lost"
    SUITE_PRICE_ENDS = "suite_price_ends"
    PRODUCTS_LOST = "products_lost"
    TEMPORARY_LOST = "temporary_lost"
    SCHEDULED_MOVES = "scheduled_moves"
    SCHEDULED_DROPPED = "scheduled_dropped"
    ENDS_AS_PLANNED = "ends_as_planned"
    CANCELLATION_WAITS = "cancellation_waits"
    CARRIED_OVER = "carried_over"
    TAXED_ANEW = "taxed_anew"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know before confirming: a code, and the data its sentence needs."""

    code: NoticeCode
    data: Mapping[str, object] = field(default_factory=dict)


def price_notices(old: LineFacts, new: LineFacts, facts: Facts, on: date) -> tuple[Notice, ...]:
    """Return what a line loses on its way from old to new: its old price, its allowances.

    `on` is the day whose list price the old one is compared with.
    """
    notices = []
    if old.unit != new.unit and facts.is_grandfathered(old, on):
        code = _price_code(old, new, facts, on)
        notices.append(Notice(code, {"product": old.product, "old": old.unit, "new": new.unit, "on": on}))
    lost = allowances_lost(old.allowances, new.allowances)
    if lost:
        notices.append(Notice(NoticeCode.ALLOWANCES_LOST, {"product": old.product, "lost": lost}))
    return tuple(notices)


def _price_code(old: LineFacts, new: LineFacts, facts: Facts, on: date) -> NoticeCode:
    """Return why a line has another price: one was agreed, its own ended, or it is given up."""
    edition = facts.edition(new.product, new.edition)
    agreed = [price for cycle in Cycle if (price := edition.agreed(cycle, on)) is not None]
    if any(price.unit == new.unit for price in agreed):
        return NoticeCode.AGREED_PRICE
    ended = old.edition == new.edition and price_end(old, facts, facts.paid_cycle) is not None
    return NoticeCode.PRICE_ENDS if ended else NoticeCode.GRANDFATHERED_PRICE_LOST


def allowances_lost(old: Allowances, new: Allowances) -> dict[str, tuple[int | str, int | str | None]]:
    """Return the allowances that end, shrink or become other words, each with before and after."""
    if old == new:
        return {}
    return {name: (before, new.get(name)) for name, before in old.items() if _is_loss(before, new.get(name))}


def _is_loss(before: int | str, after: int | str | None) -> bool:
    """Compare measure by measure; words without a number ("unlimited") are no smaller than any."""
    if before == after or after is None:
        return after is None
    old, new = _measures(before), _measures(after)
    if not new:
        return not old
    return len(old) != len(new) or any(less < more for less, more in zip(new, old, strict=True))


def _measures(value: int | str) -> tuple[Fraction, ...]:
    """Return the numbers of an allowance in order, sizes in megabytes: "50 MB and 2 GB", 100."""
    return tuple(
        Fraction(number) * _MEGABYTES.get(unit.upper(), 1)
        for number, unit in re.findall(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(value))
    )


def renewal_notices(facts: Facts, lines: Iterable[LineFacts], on: date) -> tuple[Notice, ...]:
    """Return what lines lose at a renewal, against the lines of today and their list prices."""
    by_product = {line.product: line for line in lines}
    return tuple(
        notice
        for old in facts.lines
        if old.product in by_product
        for notice in price_notices(old, by_product[old.product], facts, on)
    )
