"""What of a charge may be given back, what of that is owed again, and when two people must agree."""

import pytest

from billing.rules.refunds import RefundableCharge, RefundRefusal, needs_second, refusal

TOO_MUCH, NO_CREDIT = RefundRefusal.TOO_MUCH, RefundRefusal.NO_CREDIT


@pytest.mark.parametrize(
    ("charged", "refunded", "balance", "amount", "may_be_owed", "why", "owed_again"),
    [
        # All of it is credit.
        (12000, 0, 12000, 12000, False, None, 0),
        (12000, 0, 5000, 5000, False, None, 0),
        # 80.00 of which 50.00 are credit: 30.00 would be owed again.
        (12000, 0, 5000, 8000, False, NO_CREDIT, 3000),
        (12000, 0, 5000, 8000, True, None, 3000),
        (12000, 0, 0, 1, False, NO_CREDIT, 1),
        # What is carried over makes nothing more of it.
        (12000, 0, -30, 100, True, None, 100),
        # 120.00 − 100.00 = 20.00 are left.
        (12000, 10000, 50000, 2000, False, None, 0),
        (12000, 10000, 50000, 2001, True, TOO_MUCH, 0),
        (12000, 12000, 50000, 1, True, TOO_MUCH, 0),
        (12000, 0, 50000, 0, True, TOO_MUCH, 0),
        (12000, 0, 50000, -1, True, TOO_MUCH, 0),
    ],
)
def test_what_may_be_given_back(
    charged: int,
    refunded: int,
    balance: int,
    amount: int,
    may_be_owed: bool,
    why: RefundRefusal | None,
    owed_again: int,
) -> None:
    charge = RefundableCharge(charged, refunded, balance)
    assert refusal(charge, amount, may_be_owed=may_be_owed) is why
    assert charge.owed_again(amount) == owed_again


@pytest.mark.parametrize(
    ("limits", "refunded", "amount", "two"),
    [
        ({}, 0, 10**9, False),
        ({"EUR": 50000}, 0, 50000, False),
        ({"EUR": 50000}, 0, 50001, True),
        # 300.00 and 200.01 of one charge are 500.01.
        ({"EUR": 50000}, 30000, 20000, False),
        ({"EUR": 50000}, 30000, 20001, True),
        ({"EUR": 0}, 0, 1, True),
        # A currency that was forgotten is no way around.
        ({"USD": 50000}, 0, 1, True),
    ],
)
def test_two_decide_above_the_limit_of_one_charge(
    limits: dict[str, int], refunded: int, amount: int, two: bool
) -> None:
    assert needs_second(RefundableCharge(10**9, refunded, 0), amount, limits, "EUR") is two
