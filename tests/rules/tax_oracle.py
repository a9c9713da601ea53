"""What lives of a subscription are taxed by, and a second reckoning of it beside the rules."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from billing.rules.lines import PricedLine
from billing.rules.tax import AppliedTax
from billing.rules.taxation import Taxation, TaxBuyer, TaxSeller
from tests.rules.shop import CANADA, RISING

# Two taxes on one sum, a rate that rises twice, a rate of the account's own, none, and a reason for none.
QUEBEC = TaxSeller("CA", "QC")
TAXATIONS = (
    Taxation(),
    Taxation(own_rate=Decimal(0)),
    Taxation(own_rate=Decimal("5.5")),
    Taxation(QUEBEC, TaxBuyer("CA", "QC"), CANADA),
    Taxation(TaxSeller("FR"), TaxBuyer("FR"), RISING),
    Taxation(TaxSeller("FR"), TaxBuyer("DE", number_of="DE"), RISING),
)
RATES_OF_RISING = (
    (date(2024, 7, 1), Decimal(22)),
    (date(2023, 7, 1), Decimal("20.6")),
    (date.min, Decimal(20)),
)


def taxes_of_the_day(taxation: Taxation, on: date) -> set[tuple[str, Decimal]]:
    """Return the names and rates that an invoice of a day bears, told apart from the rules."""
    if taxation.own_rate is not None:
        return {("", taxation.own_rate)}
    if taxation.rates == CANADA:
        return {("GST", Decimal(5)), ("QST", Decimal("9.975"))}
    if taxation.buyer.country == "FR":
        return {("TVA", next(rate for since, rate in RATES_OF_RISING if since <= on))}
    return {("", Decimal(0))} if taxation.buyer.country else set()


def rounded_tax(base: int, rate: Decimal) -> int:
    """Return a tax in minor units, by decimals."""
    return int((base * rate / 100).quantize(Decimal(1), ROUND_HALF_UP))


def tax_bases(lines: Iterable[PricedLine]) -> Counter[AppliedTax]:
    """Return what each tax is on: the sum of the lines that bear it."""
    bases: Counter[AppliedTax] = Counter()
    for line in lines:
        for tax in line.taxes:
            bases[tax] += line.amount
    return bases
