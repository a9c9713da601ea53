"""Amounts that other billing systems publish: our proration gives every one of them."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billing.rules.money import to_minor
from billing.rules.periods import Period
from billing.rules.proration import prorated

VECTORS = Path(__file__).with_name("proration_vectors.csv")
ROWS = list(csv.DictReader(VECTORS.read_text(encoding="utf-8").splitlines()))


def test_there_are_vectors() -> None:
    assert len(ROWS) == 30


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row['source']} {row['from_date']} {row['source_amount_minor']}"
)
def test_a_published_amount(row: dict[str, str]) -> None:
    """`unit_amount` is for a whole period and one unit, so months is 1; a credit is the negative."""
    day = date.fromisoformat
    term = Period(day(row["period_start"]), day(row["period_end"]))
    amount = prorated(
        to_minor(Decimal(row["unit_amount"]), row["currency"]),
        int(row["quantity"]),
        months=1,
        term=term,
        on=day(row["from_date"]),
        until=day(row["to_date"]),
    )
    assert amount == abs(int(row["source_amount_minor"]))
    assert term.days == int(row["days_in_period"])
