"""Taxes on sums: each once on all lines that bear it."""

from decimal import Decimal

from billing.rules.tax import AppliedTax, TaxCategory, TaxLine, TaxReason, at_rate, tax, taxes
from billing.rules.tax_json import from_plain, row_from_plain, row_to_plain, to_plain

D = Decimal
GST = AppliedTax("GST", D(5))
QST = AppliedTax("QST", D("9.975"))


def rows(found: tuple[TaxLine, ...]) -> list[tuple[Decimal, int, int]]:
    return [(row.rate, row.base, row.amount) for row in found]


def test_tax_is_on_the_sum_and_rounded_once() -> None:
    """Three lines of 0.33 at 20 %: 0.99 × 20 % = 0.198 → 0.20, not 3 × 0.07."""
    (twenty,) = at_rate(D(20))
    assert taxes({(twenty,): 99}) == (TaxLine(twenty, 99, 20),)


def test_each_rate_has_its_line_and_no_rate_none() -> None:
    bases = {at_rate(D("5.5")): 1000, at_rate(None): 700, at_rate(D(20)): -1000, at_rate(D(0)): 300}
    assert rows(taxes(bases)) == [(D(20), -1000, -200), (D("5.5"), 1000, 55), (D(0), 300, 0)]


def test_half_a_cent_of_tax_goes_away_from_zero() -> None:
    # 0.10 × 5 % = 0.005
    assert tax(10, D(5)) == 1
    assert tax(-10, D(5)) == -1


def test_two_taxes_are_each_on_the_whole_sum() -> None:
    """Quebec: 3.45 × 5 % = 0.1725 → 0.17; 3.45 × 9.975 % = 0.344 → 0.34, not 9.975 % of 3.62."""
    assert taxes({(GST, QST): 345}) == (TaxLine(GST, 345, 17), TaxLine(QST, 345, 34))


def test_a_tax_that_stands_alone_and_beside_another_is_one_row() -> None:
    """GST on 345 and on 100, once: 4.45 × 5 % = 0.2225 → 0.22; QST on 345 alone."""
    assert taxes({(GST,): 100, (GST, QST): 345}) == (TaxLine(GST, 445, 22), TaxLine(QST, 345, 34))


def test_what_is_written_of_a_tax_is_read_again() -> None:
    reversed_charge = AppliedTax(
        "", D(0), TaxCategory.REVERSE_CHARGE, TaxReason.REVERSE_CHARGE, "Art. 196", "VATEX-EU-AE"
    )
    for one in (GST, QST, reversed_charge):
        assert from_plain(to_plain(one)) == one
        assert row_from_plain(row_to_plain(TaxLine(one, 345, 17))) == TaxLine(one, 345, 17)
    assert to_plain(GST) == {"name": "GST", "rate": "5", "category": "S"}


def test_a_tax_of_before_is_its_rate_alone() -> None:
    assert from_plain({"rate": "20.00"}) == at_rate(D(20))[0]
    assert from_plain({"rate": "0.00"}).category is TaxCategory.ZERO_RATED
    assert row_from_plain({"rate": "20.00", "amount": 69}) == TaxLine(at_rate(D(20))[0], 0, 69)
