"""From lines to what is collected: tax, the balance, amounts too small to collect."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.lines import LineKind, PricedLine
from billing.rules.periods import Cycle
from billing.rules.settlement import Settlement, settle
from billing.rules.tax import at_rate
from tests.rules.shop import YEAR

LINE = PricedLine(
    LineKind.CHARGE, "support", "team", YEAR, YEAR, 1, 1, 1, gross=0, amount=0, cycle=Cycle.ANNUAL
)


def settled(*amounts: int, balance: int = 0, rate: int | None = None) -> Settlement:
    taxes = at_rate(None if rate is None else Decimal(rate))
    lines = [replace(LINE, amount=amount, taxes=taxes) for amount in amounts]
    return settle(lines, balance=balance, smallest=50)


@pytest.mark.parametrize(
    ("amounts", "balance", "due", "prepaid", "carried", "after"),
    [
        ([-3452, 3797], 0, 345, 0, 0, 0),
        ([345], 100, 245, 100, 0, 0),  # the balance is a prepayment
        ([345], 345, 0, 345, 0, 0),
        ([345], 1000, 0, 345, 0, 655),
        ([49], 0, 0, 0, 49, -49),  # below 0.50: collected with the next one
        ([50], 0, 50, 0, 0, 0),
        ([1], 0, 0, 0, 1, -1),
        ([345], 300, 0, 300, 45, -45),  # what the balance leaves is too small
        ([345], -49, 394, -49, 0, 0),  # and comes with the next
        ([20], -20, 0, -20, 40, -40),
        ([-500], 0, 0, 0, 0, 500),  # a credit note goes to the balance
        ([-500], -49, 0, 0, 0, 451),
        ([0], -49, 0, 0, 0, -49),  # a change of nothing moves nothing
        ([0], 49, 0, 0, 0, 49),
        ([], 0, 0, 0, 0, 0),
    ],
)
def test_settled(amounts: list[int], balance: int, due: int, prepaid: int, carried: int, after: int) -> None:
    found = settled(*amounts, balance=balance)
    assert found.total == found.subtotal == sum(amounts)
    assert (found.due, found.prepaid, found.carried_over, found.balance_after) == (
        due,
        prepaid,
        carried,
        after,
    )
    assert found.is_credit_note == (sum(amounts) < 0)


def test_the_balance_is_used_after_tax() -> None:
    """3.45 + 20 % = 4.14, less 1.00."""
    found = settled(-3452, 3797, balance=100, rate=20)
    assert (found.subtotal, found.tax, found.total, found.due) == (345, 69, 414, 314)


def test_a_credit_takes_the_rate_of_the_invoice_it_credits() -> None:
    """−100.00 at 19 % and +100.00 at 20 %: 1.00 of tax is the difference."""
    lines = [
        replace(LINE, amount=-10000, taxes=at_rate(Decimal(19))),
        replace(LINE, amount=10000, taxes=at_rate(Decimal(20))),
    ]
    found = settle(lines, balance=0, smallest=50)
    assert [(t.rate, t.base, t.amount) for t in found.taxes] == [(20, 10000, 2000), (19, -10000, -1900)]
    assert found.due == 100


def test_the_smallest_charge_counts_with_tax() -> None:
    assert settled(42, rate=20).due == 50  # 0.42 + 0.084
    assert settled(41, rate=20).due == 0  # 0.41 + 0.082 = 0.49


@given(
    amounts=st.lists(st.integers(-(10**6), 10**6), max_size=5),
    balance=st.integers(-200, 10**6),
    rate=st.sampled_from((None, 0, 19, 20)),
)
def test_money_is_conserved(amounts: list[int], balance: int, rate: int | None) -> None:
    found = settled(*amounts, balance=balance, rate=rate)
    assert found.due == found.total + found.balance_after - found.balance_before
    assert found.due == 0 or found.due >= 50
    assert found.due <= max(found.total - found.balance_before, 0)
    assert found.balance_after >= min(balance, 0) - 49 or found.balance_after >= -49
