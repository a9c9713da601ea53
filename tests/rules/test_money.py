"""Minor units of each currency, rounding, sharing."""

from decimal import Decimal

import pytest
from moneyed import Money

from billing.rules import money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1.00", "USD", 100),
        ("-34.52", "USD", -3452),
        ("1200", "JPY", 1200),  # the yen has no smaller unit
        ("1.234", "BHD", 1234),  # the dinar has three decimals
        ("0", "EUR", 0),
    ],
)
def test_minor_units_and_back(amount: str, currency: str, minor: int) -> None:
    assert money.to_minor(Decimal(amount), currency) == minor
    assert money.to_decimal(minor, currency) == Decimal(amount)
    assert money.to_money(minor, currency) == Money(Decimal(amount), currency)


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "USD"), ("0.5", "JPY"), ("0.0001", "BHD")])
def test_a_part_of_a_minor_unit_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=f"{amount} {currency} is finer"):
        money.to_minor(Decimal(amount), currency)


def test_as_many_decimals_as_the_currency_has() -> None:
    assert [str(money.to_decimal(5, c)) for c in ("USD", "JPY", "BHD")] == ["0.05", "5", "0.005"]


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(5, 2, 3), (-5, 2, -3), (7, 5, 1), (-7, 5, -1), (8, 5, 2), (0, 3, 0), (1, 2, 1), (-1, 2, -1), (4, 1, 4)],
)
def test_half_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert money.half_up(numerator, denominator) == rounded


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_share_of_nothing_is_refused(denominator: int) -> None:
    with pytest.raises(ValueError, match=r"^a share of nothing: the denominator must be positive$"):
        money.half_up(1, denominator)


def test_half_of_one_cent_of_a_denominator_of_one() -> None:
    assert money.half_up(3, 1) == 3


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (1000, [2000, 2000, 2000], (334, 333, 333)),  # 10.00 off 20 / 20 / 20; the tie to the first
        (100, [1, 2], (33, 67)),
        (2, [1, 1, 1], (1, 1, 0)),
        (0, [5, 5], (0, 0)),
        (7, [0, 7], (0, 7)),
        (5, [0, 0], (0, 0)),
        (5, [], ()),
        (10, [1, 1, 5], (2, 1, 7)),  # 1.43 1.43 7.14: one unit is left, to the earlier of the two
    ],
)
def test_shares_by_the_largest_remainder(amount: int, weights: list[int], shares: tuple[int, ...]) -> None:
    assert money.largest_remainder(amount, weights) == shares


@pytest.mark.parametrize(("amount", "weights"), [(-1, [1]), (1, [2, -1])])
def test_only_what_is_there_is_shared(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"^only amounts and weights of zero or more can be shared$"):
        money.largest_remainder(amount, weights)


def test_the_smallest_charge_of_each_currency() -> None:
    assert [money.minimum_charge(c) for c in ("USD", "EUR", "JPY", "BHD")] == [50, 50, 50, 500]
