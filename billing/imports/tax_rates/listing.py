"""A table of tax rates, frozen, as a file names it."""

from dataclasses import dataclass, field

from billing.rules.taxation import TaxRateFacts


@dataclass(frozen=True, slots=True)
class ListedTaxRate:
    """One rate with the line of the file on which it stands."""

    rate: TaxRateFacts
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TaxRateList:
    """Rates of some countries, in the order in which they are printed; `file` is where they were read."""

    rates: tuple[ListedTaxRate, ...]
    file: str = field(default="", compare=False)
