"""Tax by rate on sums."""

from decimal import Decimal

from billing.rules.tax import TaxLine, tax, taxes

D = Decimal


def test_tax_is_on_the_sum_and_rounded_once() -> None:
    """Three lines of 0.33 at 20 %: 0.99 × 20 % = 0.198 → 0.20, not 3 × 0.07."""
    assert taxes({D(20): 99}) == (TaxLine(D(20), 99, 20),)


def test_each_rate_has_its_line_and_no_rate_none() -> None:
    assert taxes({D("5.5"): 1000, None: 700, D(20): -1000, D(0): 300}) == (
        TaxLine(D(20), -1000, -200),
        TaxLine(D("5.5"), 1000, 55),
        TaxLine(D(0), 300, 0),
    )


def test_half_a_cent_of_tax_goes_away_from_zero() -> None:
    # 0.10 × 5 % = 0.005
    assert tax(10, D(5)) == 1
    assert tax(-10, D(5)) == -1
