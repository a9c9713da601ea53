"""What was credited of a line before: by a credit note that names it, or by the changes since."""

from datetime import date
from decimal import Decimal

import pytest

from billing.rules.credit_notes import CORRECTION, IssuedLine, credited, part_of
from billing.rules.documents import DocumentLine
from billing.rules.lines import DiscountShare, LineKind
from billing.rules.periods import Cycle, Period
from billing.rules.tax import AppliedTax

YEAR = Period(date(2023, 1, 1), date(2024, 1, 1))
REST = Period(date(2023, 7, 14), date(2024, 1, 1))
LAST = Period(date(2023, 9, 1), date(2024, 1, 1))


def charge(id: int, amount: int, covers: Period = YEAR, product: str = "support", **more: bool) -> IssuedLine:
    return IssuedLine(id, product, covers, amount, **more)


def credit(id: int, amount: int, covers: Period = REST, product: str = "support") -> IssuedLine:
    return IssuedLine(id, product, covers, -amount)


def named(id: int, amount: int, of: int) -> IssuedLine:
    return IssuedLine(id, "support", YEAR, -amount, credits=of)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([charge(1, 12000)], {1: 0}),
        ([charge(1, 12000), named(2, 5000, 1), named(3, 700, 1)], {1: 5700}),
        # What a note names may be of an invoice that is not among these, and a cent is a charge.
        ([named(2, 5000, 1), named(3, 700, 1)], {1: 5700}),
        ([charge(1, 1), charge(2, 0)], {1: 0}),
        # Ten seats become eleven: the rest of the ten is given back.
        ([charge(1, 12000), credit(2, 3452), charge(3, 3797, REST)], {1: 3452, 3: 0}),
        # Then twelve: now the rest of the eleven is, and the ten keep what was given back of them.
        (
            [
                *(charge(1, 12000), credit(2, 3452), charge(3, 3797, REST)),
                *(credit(4, 2500, LAST), charge(5, 2700, LAST)),
            ],
            {1: 3452, 3: 2500, 5: 0},
        ),
        # Of a line that was brought in from elsewhere nothing is counted here.
        ([credit(1, 3452), charge(2, 3797, REST)], {2: 0}),
        # Never more than a line charged: what is over is of the one before.
        ([charge(1, 12000), charge(2, 100, REST), credit(3, 3452)], {1: 3352, 2: 100}),
        # Also where some of it was given back before: 0.60, then 0.40 of it and 0.60 of the one before.
        ([charge(1, 12000), charge(2, 100, REST), credit(3, 60), credit(4, 100)], {1: 60, 2: 100}),
        # Another product, other days and temporary seats are left alone.
        ([charge(1, 12000, product="guide"), credit(2, 3452)], {1: 0}),
        ([charge(1, 12000, Period(date(2022, 1, 1), date(2023, 1, 1))), credit(2, 3452)], {1: 0}),
        ([charge(1, 12000), charge(2, 900, REST, temporary=True), credit(3, 800)], {1: 800, 2: 0}),
    ],
)
def test_what_was_credited_before(lines: list[IssuedLine], found: dict[int, int]) -> None:
    assert credited(lines) == found


# 10 seats for the 171 days from 14 July: 56.22, less a tenth.
CHARGED = DocumentLine(
    LineKind.CHARGE,
    "support",
    "Support",
    "Team",
    REST,
    YEAR,
    10,
    12,
    Cycle.ANNUAL,
    100,
    5622,
    5060,
    (DiscountShare("SPRING", Decimal(10), -562),),
    (AppliedTax("TVA", Decimal(20)),),
)


def test_all_of_a_line_is_given_back_as_its_exact_negative() -> None:
    back = part_of(CHARGED, "team", 5060)
    assert (back.kind, back.gross, back.amount, back.capped) == (LineKind.CREDIT, -5622, -5060, False)
    assert back.discounts == (DiscountShare("SPRING", Decimal(10), 562),)
    assert (back.edition, back.covers, back.because) == ("team", REST, (CORRECTION,))
    # Whatever it came from is said again: the document shows the same seats, days and price.
    for name in ("product", "term", "unit", "quantity", "months", "cycle", "taxes"):
        assert getattr(back, name) == getattr(CHARGED, name), name


def test_a_part_of_a_line_has_no_arithmetic_of_its_own() -> None:
    back = part_of(CHARGED, "team", 1000)
    assert (back.gross, back.amount, back.discounts, back.capped) == (-1000, -1000, (), True)
