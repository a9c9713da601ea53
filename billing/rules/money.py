"""Whole minor units and their currency: the only place where money is rounded."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from moneyed import Money, get_currency

# What a payment processor charges at least, in minor units of at most two decimals (domain.md 5).
SMALLEST_CHARGE = 50


@cache
def exponent(currency: str) -> int:
    """Return how many decimals the currency's minor unit has: USD 2, JPY 0, BHD 3."""
    return len(str(get_currency(currency).sub_unit)) - 1


def to_minor(amount: Decimal, currency: str) -> int:
    """Return an exact decimal amount in minor units; ValueError where it holds a part of one."""
    minor = amount.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"{amount} {currency} is finer than the currency's minor unit")
    return int(minor)


def to_decimal(minor: int, currency: str) -> Decimal:
    """Return minor units as the decimal amount with the currency's own number of decimals."""
    return Decimal(minor).scaleb(-exponent(currency))


def to_money(minor: int, currency: str) -> Money:
    """Return minor units as a Money, for models and pages at the edge."""
    return Money(to_decimal(minor, currency), currency)


def to_text(minor: int, currency: str) -> str:
    """Return minor units as a database reads a decimal amount exactly: 1234 USD is 1234e-2."""
    return f"{minor}e-{exponent(currency)}"


def half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded half away from zero; the denominator is positive."""
    if denominator <= 0:
        raise ValueError("a share of nothing: the denominator must be positive")
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -rounded if numerator < 0 else rounded


def largest_remainder(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Share a non-negative amount of minor units by weights, to the unit; ties go to the earlier."""
    total = sum(weights)
    if amount < 0 or any(weight < 0 for weight in weights):
        raise ValueError("only amounts and weights of zero or more can be shared")
    if total == 0:
        return tuple(0 for _ in weights)
    shares = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in by_remainder[: amount - sum(shares)]:
        shares[i] += 1
    return tuple(shares)


def minimum_charge(currency: str) -> int:
    """Return the smallest amount collected at once, in minor units: 0.50 USD, 50 JPY, 0.500 BHD."""
    return int(SMALLEST_CHARGE * 10 ** max(exponent(currency) - 2, 0))
