"""Tax by rate on the sum of the rounded lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.rules.money import half_up


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The tax of one rate: the rate in percent, what it is on and what it comes to, minor units."""

    rate: Decimal
    base: int
    amount: int


def taxes(bases: Mapping[Decimal | None, int]) -> tuple[TaxLine, ...]:
    """Return the tax of each rate on its sum, rounded once, the highest rate first.

    `bases` are sums of rounded lines in minor units by rate; under None stands what bears no tax.
    """
    rated = sorted(((r, base) for r, base in bases.items() if r is not None), reverse=True)
    return tuple(TaxLine(rate, base, tax(base, rate)) for rate, base in rated)


def tax(base: int, rate: Decimal) -> int:
    """Return the tax on a sum of minor units, rounded once half away from zero."""
    exact = base * Fraction(rate) / 100
    return half_up(exact.numerator, exact.denominator)
