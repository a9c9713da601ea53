"""What a quote promises, kept as plain values, and the reason of each difference later."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from billing.rules.changes import AddProduct, AddSeats, ChangeCycle, ReduceSeats
from billing.rules.facts import DiscountFacts, DiscountSource, Facts, PriceFacts
from billing.rules.periods import Cycle
from billing.rules.promise import Difference, Promise, differences, fingerprint, holds, promise
from billing.rules.quoting import quote
from tests.rules.shop import CATALOGUE, TODAY, YEAR, acme, bought, saved

TOMORROW = TODAY + timedelta(days=1)


def ledger(**more: object) -> Facts:
    return acme(bought("support", "team", 10, 100), **more)


def promised(facts: Facts, *changes: object, on: date = TODAY) -> Promise:
    made = changes or (AddSeats("support", 11),)
    return promise(quote(facts, made, on))  # type: ignore[arg-type]


def reasons(old: Promise, new: Promise) -> dict[str, dict[str, object]]:
    return {d.code: dict(d.data) for d in differences(old, new)}


def test_all_of_it_survives_json() -> None:
    facts = ledger(
        tax_rate=Decimal("20.00"),
        discounts=(DiscountFacts("TEN", DiscountSource.COUPON, percent=Decimal("12.50")),),
    )
    kept = promised(facts, AddSeats("support", 12), ReduceSeats("support", 9), ChangeCycle(Cycle.MONTHLY))
    assert json.loads(json.dumps(kept)) == kept
    assert kept["changes"][0] == {"change": "add_seats", "product": "support", "quantity": 12}
    assert (kept["version"], kept["on"], kept["currency"]) == (7, "2023-07-14", "USD")
    credit, charge = kept["lines"]
    assert credit == {
        "kind": "credit",
        "product": "support",
        "edition": "team",
        "covers": ["2023-07-14", "2023-10-27"],
        "term": ["2022-10-27", "2023-10-27"],
        "unit": 100,
        "quantity": 10,
        "months": 12,
        "cycle": "annual",
        "gross": -3452,
        "amount": -3452,
        "discounts": [],
        "tax_rate": None,
        "because": ["add_seats"],
        "capped": False,
    }
    assert charge["tax_rate"] == "20.00"
    assert (kept["subtotal"], kept["taxes"], kept["total"]) == (690, [["20.00", 4142, 828]], 1518)
    assert (kept["balance"], kept["due"]) == (0, 1518)
    rest = {"edition": None, "leaving": [], "on": "2023-10-27"}
    assert kept["scheduled"] == [
        {"kind": "quantity", "product": "support", "quantity": 9, "cycle": None, **rest},
        {"kind": "cycle", "product": None, "quantity": None, "cycle": "monthly", **rest},
    ]
    coming = kept["renewal"]
    assert (coming["on"], coming["total"]) == ("2023-10-27", 1969 + 394)
    assert coming["lines"][0]["discounts"] == [["TEN", "12.50", -281]]
    assert coming["taxes"] == [["20.00", 1969, 394]]


def test_the_fingerprint_is_of_everything() -> None:
    old = promised(ledger())
    assert fingerprint(old) == fingerprint(json.loads(json.dumps(old)))
    assert len(fingerprint(old)) == 64
    for other in (
        promised(ledger(), on=TOMORROW),
        promised(ledger(version=8)),
        promised(ledger(), AddSeats("support", 12)),
        {**old, "due": old["due"] + 1},
    ):
        assert fingerprint(other) != fingerprint(old)


def test_nothing_has_changed() -> None:
    assert holds(promised(ledger()), promised(ledger()))
    assert differences(promised(ledger()), promised(ledger())) == ()


def test_midnight_passed_over_a_change_that_waits() -> None:
    """If only the day changed and every line is the same, it goes on."""
    old = promised(ledger(), ReduceSeats("support", 5))
    new = promised(ledger(), ReduceSeats("support", 5), on=TOMORROW)
    assert holds(old, new)
    assert differences(old, new) == ()


def test_midnight_passed_over_a_charge() -> None:
    old, new = promised(ledger()), promised(ledger(), on=TOMORROW)
    assert not holds(old, new)
    assert reasons(old, new) == {
        "day_passed": {"old": "2023-07-14", "new": "2023-07-15"},
        "amount_changed": {"old": 345, "new": 342},
    }


def test_someone_else_bought_two_seats() -> None:
    other = saved(quote(ledger(), [AddSeats("support", 12)], TODAY).after)
    old = promised(ledger(), AddProduct("talk", "team", 1))
    new = promised(other, AddProduct("talk", "team", 1))
    assert reasons(old, new) == {
        "subscription_changed": {"old": 7, "new": 8},
        "quantity_changed": {"product": "support", "old": 10, "new": 12},
    }


def test_a_new_price_came_into_force() -> None:
    talk = CATALOGUE["talk"]
    dearer = replace(
        talk.editions[0], prices=(*talk.editions[0].prices, PriceFacts(Cycle.ANNUAL, 120, TODAY))
    )
    catalogue = {**CATALOGUE, "talk": replace(talk, editions=(dearer, talk.editions[1]))}
    old = promised(ledger(), AddProduct("talk", "team", 1))
    new = promised(ledger(catalogue=catalogue), AddProduct("talk", "team", 1))
    assert reasons(old, new) == {
        "new_price": {"product": "talk", "old": 100, "new": 120},
        "amount_changed": {"old": 345, "new": 414},
    }


def test_a_discount_the_tax_or_the_balance_is_another() -> None:
    old = promised(ledger(tax_rate=Decimal(19)))
    given = DiscountFacts("TEN", DiscountSource.COUPON, percent=Decimal(10))
    new = promised(ledger(tax_rate=Decimal(20), balance=100, discounts=(given,)))
    found = reasons(old, new)
    assert set(found) == {"discount_changed", "tax_changed", "balance_changed", "amount_changed"}
    assert found["tax_changed"] == {"old": ["19"], "new": ["20"]}
    assert found["balance_changed"] == {"old": 0, "new": 100}
    assert found["discount_changed"] == {"product": "support", "old": [], "new": [["TEN", "10", -1320]]}


def test_what_waits_is_another() -> None:
    old, new = promised(ledger(), ReduceSeats("support", 5)), promised(ledger(), ReduceSeats("support", 6))
    assert set(reasons(old, new)) == {"schedule_changed", "quantity_changed", "amount_changed"} - {
        "amount_changed"
    }


def test_no_difference_is_without_a_reason() -> None:
    old = promised(ledger())
    new = {**old, "subtotal": old["subtotal"] + 1}
    assert differences(old, new) == (Difference("amount_changed", {"old": 345, "new": 345}),)


def test_lines_that_came_or_went_are_told_by_version_and_amount() -> None:
    other = saved(quote(ledger(), [AddProduct("talk", "team", 1)], TODAY).after)
    assert set(reasons(promised(ledger()), promised(other))) == {"subscription_changed"}
    assert YEAR.contains(TODAY)
