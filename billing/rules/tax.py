"""Taxes on the sums of the rounded lines, and what a line says of each tax that it bears."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from billing.rules.money import half_up

ZERO = Decimal(0)


class TaxCategory(StrEnum):
    """What a tax is to an e-invoice: the codes of EN 16931 (UNCL 5305) that services need."""

    STANDARD = "S"
    ZERO_RATED = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    OUTSIDE_SCOPE = "O"


class TaxReason(StrEnum):
    """Why no tax is charged; wording says it to the customer."""

    REVERSE_CHARGE = "reverse_charge"
    OUTSIDE_EU = "outside_eu"
    ABROAD = "abroad"
    SMALL_BUSINESS = "small_business"
    EXEMPT = "exempt"
    NOT_TAXED = "not_taxed"


@dataclass(frozen=True, slots=True)
class AppliedTax:
    """One tax as a line bears it; a line may bear several, each on the line's whole amount.

    `name` is what its country calls it ("TVA", "QST"), empty where only a rate is known; `rate` is in
    percent, zero where none is charged: `reason` then says why, `law` by which article, and `code` is the
    exemption's code in an e-invoice (VATEX), where it has one.
    """

    name: str
    rate: Decimal
    category: TaxCategory = TaxCategory.STANDARD
    reason: TaxReason | None = None
    law: str = ""
    code: str = ""

    def __hash__(self) -> int:
        """Return a hash of what mostly tells taxes apart: they are keys of every sum."""
        return hash((self.name, self.rate, self.law))


# What a line bears: none where no tax is shown at all, in the order in which they are printed.
LineTaxes = tuple[AppliedTax, ...]


@dataclass(frozen=True, slots=True)
class TaxLine:
    """A row of the table of taxes: the tax, what it is on and what it comes to, minor units."""

    tax: AppliedTax
    base: int
    amount: int

    @property
    def rate(self) -> Decimal:
        """Return the rate in percent."""
        return self.tax.rate


def taxes(bases: Mapping[LineTaxes, int]) -> tuple[TaxLine, ...]:
    """Return each tax on its sum, rounded once; lines that bear more tax come first.

    `bases` are sums of rounded lines in minor units by the taxes that they bear together; under none stands
    what bears no tax. A tax that stands in two of them (alone, and beside another) is on both sums.
    """
    sums: dict[AppliedTax, int] = {}
    for borne in sorted(bases, key=burden, reverse=True):
        for one in borne:
            sums[one] = sums.get(one, 0) + bases[borne]
    return tuple(TaxLine(one, base, tax(base, one.rate)) for one, base in sums.items())


def tax(base: int, rate: Decimal) -> int:
    """Return the tax on a sum of minor units, rounded once half away from zero."""
    numerator, denominator = rate.as_integer_ratio()
    return half_up(base * numerator, 100 * denominator)


@lru_cache(maxsize=64)
def at_rate(percent: Decimal | None) -> LineTaxes:
    """Return the one tax of a plain rate, none for None: an account that was loaded with its rate."""
    if percent is None:
        return ()
    category = TaxCategory.STANDARD if percent else TaxCategory.ZERO_RATED
    return (AppliedTax("", percent, category),)


def burden(borne: Iterable[AppliedTax]) -> Decimal:
    """Return what taxes on one sum come to together, in percent."""
    return sum((one.rate for one in borne), ZERO)
