"""What an act may leave behind: fields that are known, each with a value of its shape."""

import pytest

from accounts.rules.activity import ActivityField, fault

LINE = {"edition": "team", "quantity": 12}
COVERS = {"start": "2026-12-01", "end": "2027-01-01"}
GOOD: list[dict[str, object]] = [
    {},
    {"cycle": None, "paid_until": None},
    {"lines": {"support": LINE}, "products": ["support"], "paid_until": "2027-07-17"},
    {"scheduled": [{"kind": "cancellation"}, {"kind": "removal", "product": "guide", "leaving": ["talk"]}]},
    {"temporary": [{"product": "support", "quantity": 5, "covers": COVERS}]},
    {"amount": {"minor": -1250, "currency": "EUR"}, "suspended": False, "used": 0, "name": "=1+1"},
    {"changes": [{"change": "add_seats", "product": "support", "quantity": 13}]},
]
BAD: list[dict[str, object]] = [
    {"price": "12.00"},
    {"lines": {"support": "team × 12"}},
    {"lines": {"support": {"edition": "team"}}},
    {"lines": {"support": {**LINE, "unit_price": 1200}}},
    {"lines": ["support"]},
    {"products": "support"},
    {"products": [1]},
    {"paid_until": "17 July 2027"},
    {"paid_until": "20270717"},
    {"paid_until": 20270717},
    {"scheduled": ["quantity support 5"]},
    {"scheduled": [{"product": "support"}]},
    {"scheduled": [{"kind": "quantity", "quantity": True}]},
    {"temporary": [{"product": "support", "quantity": 5, "covers": {"start": "2026-12-01"}}]},
    {"amount": "12.50 EUR"},
    {"amount": {"minor": 12.5, "currency": "EUR"}},
    {"suspended": "yes"},
    {"used": "5"},
    {"name": 5},
    {"changes": [{"product": "support"}]},
]


@pytest.mark.parametrize("facts", GOOD)
def test_data_of_its_shape_is_kept(facts: dict[str, object]) -> None:
    assert fault(facts) == ""
    assert fault(None) == ""


@pytest.mark.parametrize("facts", BAD)
def test_anything_else_is_named(facts: dict[str, object]) -> None:
    (field,) = facts
    assert fault({"role": "admin", **facts}).startswith(f"{field}: ")


def test_every_field_refuses_what_is_of_no_shape() -> None:
    for field in ActivityField:
        assert fault({field.value: object()}), field
