"""Tax by rate on the sum of the rounded lines, and the dated table the rates come from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing.rules.money import half_up


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The tax of one rate: the rate in percent, what it is on and what it comes to, minor units."""

    rate: Decimal
    base: int
    amount: int


@dataclass(frozen=True, slots=True)
class DatedRate:
    """A rate in percent that holds in a jurisdiction from a day on, until a later one."""

    jurisdiction: str
    percent: Decimal
    valid_from: date


def rate_on(table: Iterable[DatedRate], jurisdiction: str, on: date) -> Decimal | None:
    """Return the rate that holds in a jurisdiction that day, None where the table has none."""
    valid = [r for r in table if r.jurisdiction == jurisdiction and r.valid_from <= on]
    return max(valid, key=lambda rate: rate.valid_from).percent if valid else None


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
