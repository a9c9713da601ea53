"""Discounts: percentages first, each on what the last left; then fixed amounts, shared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from billing.rules.facts import DiscountFacts, DiscountSource, Facts, LineFacts, ScheduledKind
from billing.rules.money import half_up, largest_remainder
from billing.rules.periods import AppliedDiscount


@dataclass(frozen=True, slots=True)
class Gross:
    """The price of a whole period of one line before discounts, in minor units."""

    product: str
    amount: int


def in_force(discounts: Iterable[DiscountFacts]) -> tuple[DiscountFacts, ...]:
    """Return those with periods left, percentages before fixed amounts, the oldest first."""
    live = [d for d in discounts if d.periods_left is None or d.periods_left > 0]
    return tuple(sorted(live, key=lambda d: (d.percent is None, d.order)))


def percentages(discounts: Iterable[DiscountFacts], product: str) -> tuple[AppliedDiscount, ...]:
    """Return the percentages in force that a product's line carries, in their order."""
    return tuple(
        AppliedDiscount(d.code, percent=d.percent, products=d.products)
        for d in in_force(discounts)
        if d.percent is not None and d.covers(product)
    )


def for_whole_period(
    discounts: Iterable[DiscountFacts], lines: Sequence[Gross]
) -> tuple[tuple[AppliedDiscount, ...], ...]:
    """Return what each line of a charge for a whole period carries, one tuple per line.

    A fixed amount is shared over what the earlier discounts left of the lines it is for, by the
    largest remainder, and never takes more than that (domain.md 6).
    """
    discounts = tuple(discounts)
    if not discounts:
        return ((),) * len(lines)
    applied = [percentages(discounts, line.product) for line in lines]
    left = [_after(line.amount, own) for line, own in zip(lines, applied, strict=True)]
    for discount in in_force(discounts):
        if discount.percent is not None:
            continue
        weights = [
            amount if discount.covers(line.product) else 0 for line, amount in zip(lines, left, strict=True)
        ]
        shares = largest_remainder(min(discount.amount, sum(weights)), weights)
        for i, share in enumerate(shares):
            if share:
                applied[i] += (AppliedDiscount(discount.code, share=share, products=discount.products),)
                left[i] -= share
    return tuple(applied)


def used_once(discounts: Iterable[DiscountFacts], charged: Iterable[LineFacts]) -> tuple[DiscountFacts, ...]:
    """Return the discounts after one charge of a whole period: counted down, used-up ones gone.

    `charged` are the lines with the segments they were charged for: a discount that none of them
    took counts nothing and waits for a line of its products (domain.md 6).
    """
    if not (discounts := tuple(discounts)):
        return ()
    taken = {applied.code for line in charged for applied in line.segments[-1].discounts}
    counted = (
        d if d.periods_left is None or d.code not in taken else replace(d, periods_left=d.periods_left - 1)
        for d in discounts
    )
    return tuple(d for d in counted if d.periods_left is None or d.periods_left > 0)


def after_cycle_change(facts: Facts) -> tuple[DiscountFacts, ...]:
    """Return the discounts that are left at renewal: a waiting change of cycle ends promo codes.

    Only those that were there when the change was scheduled: a code typed with it or after it is
    meant for the new cycle.
    """
    change = facts.waiting(ScheduledKind.CYCLE)
    return tuple(
        d
        for d in facts.discounts
        if change is None or d.source is not DiscountSource.PROMO or d.version >= change.version
    )


def _after(amount: int, percents: Iterable[AppliedDiscount]) -> int:
    price = prod((discount.factor for discount in percents), start=Fraction(amount))
    return half_up(price.numerator, price.denominator)
