"""Each change: when it takes effect, which capability it needs, and its plain form."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from accounts.rules.capabilities import Capability
from billing.rules import changes as new
from billing.rules.change_json import (
    MalformedChange,
    changes_from_plain,
    changes_to_plain,
    from_plain,
    to_plain,
)
from billing.rules.changes import (
    KINDS,
    AddOn,
    AddProduct,
    AddSeats,
    Answer,
    BuyTemporarySeats,
    Change,
    ChangeCycle,
    ChangeEdition,
    ChangeKind,
    Choice,
    CombineIntoSuite,
    Extend,
    FirstPurchase,
    GiveBackSeats,
    Item,
    KeepProduct,
    Moment,
    ReduceSeats,
    RemoveProduct,
    UsePromoCode,
    capability,
    for_line,
    takes_effect,
)
from billing.rules.facts import ScheduledKind
from billing.rules.periods import Cycle
from tests.rules.shop import acme, bought

FACTS = acme(bought("support", "professional", 10))
ANSWERS = (
    Answer(ScheduledKind.QUANTITY, "support", Choice.RAISE),
    Answer(ScheduledKind.CYCLE, None, Choice.DROP),
)
ALL: list[tuple[Change, str, str, dict[str, Any]]] = [
    (
        FirstPurchase(Cycle.ANNUAL, (Item("support", "team", 3), Item("talk", "team", 1))),
        "now",
        "buy_products",
        {
            "change": "first_purchase",
            "cycle": "annual",
            "items": [
                {"product": "support", "edition": "team", "quantity": 3},
                {"product": "talk", "edition": "team", "quantity": 1},
            ],
        },
    ),
    (
        AddSeats("support", 12, ANSWERS),
        "now",
        "add_seats",
        {
            "change": "add_seats",
            "product": "support",
            "quantity": 12,
            "answers": [
                {"kind": "quantity", "product": "support", "choice": "raise"},
                {"kind": "cycle", "product": None, "choice": "drop"},
            ],
        },
    ),
    (ReduceSeats("support", 8), "at_renewal", "reduce",
     {"change": "reduce_seats", "product": "support", "quantity": 8}),
    (GiveBackSeats("support", 8), "now", "reduce",
     {"change": "give_back_seats", "product": "support", "quantity": 8}),
    (ChangeEdition("support", "enterprise"), "now", "upgrade_edition",
     {"change": "change_edition", "product": "support", "edition": "enterprise"}),
    (ChangeEdition("support", "team"), "at_renewal", "reduce",
     {"change": "change_edition", "product": "support", "edition": "team"}),
    (ChangeEdition("talk", "team"), "now", "upgrade_edition",
     {"change": "change_edition", "product": "talk", "edition": "team"}),
    (AddProduct("talk", "team", 4), "now", "buy_products",
     {"change": "add_product", "product": "talk", "edition": "team", "quantity": 4}),
    (AddOn("copilot", "one", 4), "now", "buy_products",
     {"change": "add_on", "product": "copilot", "edition": "one", "quantity": 4}),
    (RemoveProduct("support"), "at_renewal", "reduce", {"change": "remove_product", "product": "support"}),
    (CombineIntoSuite("suite", "team", 10), "now", "buy_products",
     {"change": "combine_into_suite", "product": "suite", "edition": "team", "quantity": 10}),
    (ChangeCycle(Cycle.MONTHLY), "at_renewal", "change_cycle",
     {"change": "change_cycle", "cycle": "monthly"}),
    (Extend(), "now", "extend", {"change": "extend"}),
    (KeepProduct("guide"), "now", "extend", {"change": "keep_product", "product": "guide"}),
    (BuyTemporarySeats("support", 2, date(2023, 7, 14), 30), "on_its_dates", "temporary_seats",
     {"change": "temporary_seats", "product": "support", "quantity": 2, "start": "2023-07-14", "days": 30}),
    (UsePromoCode("SPRING"), "next_whole_period", "costs", {"change": "promo_code", "promo": "SPRING"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "moment", "needs", "plain"), ALL, ids=lambda value: getattr(value, "code", "")
)
def test_a_change(change: Change, moment: str, needs: str, plain: dict[str, Any]) -> None:
    assert takes_effect(change, FACTS) is Moment(moment)
    assert capability(change, FACTS) == Capability(needs)
    assert to_plain(change) == plain
    assert from_plain(json.loads(json.dumps(plain))) == change


def test_every_kind_is_here() -> None:
    assert {type(change) for change, *_ in ALL} == set(KINDS.values())
    assert [kind.code for kind in KINDS.values()] == list(KINDS) == list(ChangeKind)


def test_several_changes() -> None:
    changes = tuple(change for change, *_ in ALL)
    assert changes_from_plain(changes_to_plain(changes)) == changes
    assert changes_from_plain([]) == ()


SEATS = {"change": "add_seats", "product": "support", "quantity": 12}
TEMPORARY = {
    "change": "temporary_seats",
    "product": "support",
    "quantity": 2,
    "start": "2023-07-14",
    "days": 30,
}
ANSWER = {"kind": "quantity", "product": "support", "choice": "raise"}


@pytest.mark.parametrize(
    ("plain", "why"),
    [
        (None, "not an object"),
        ([SEATS], "not an object"),
        ({}, "not a short text"),
        ({**SEATS, "change": "add_sheep"}, "no such change"),
        ({**SEATS, "change": ["add_seats"]}, "not a short text"),
        ({**SEATS, "unit": 1}, "expected product, quantity, answers"),
        ({"change": "add_seats", "product": "support"}, "expected product, quantity, answers"),
        ({**SEATS, "product": ""}, "not a short text"),
        ({**SEATS, "product": "x" * 121}, "not a short text"),
        ({**SEATS, "product": 7}, "not a short text"),
        ({**SEATS, "quantity": "12"}, "not a whole number above zero"),
        ({**SEATS, "quantity": 12.0}, "not a whole number above zero"),
        ({**SEATS, "quantity": True}, "not a whole number above zero"),
        ({**SEATS, "quantity": 0}, "not a whole number above zero"),
        ({**SEATS, "quantity": -1}, "not a whole number above zero"),
        ({**SEATS, "quantity": 2**31}, "not a whole number above zero"),
        ({**SEATS, "answers": "raise"}, "not a list"),
        ({**SEATS, "answers": [None]}, "not an object"),
        ({**SEATS, "answers": [{**ANSWER, "kind": "colour"}]}, "not a scheduledkind"),
        ({**SEATS, "answers": [{**ANSWER, "choice": "perhaps"}]}, "not a choice"),
        ({**SEATS, "answers": [{**ANSWER, "product": 7}]}, "not a short text"),
        ({**SEATS, "answers": [{**ANSWER, "more": 7}]}, "an answer names kind, product and choice"),
        ({**SEATS, "answers": [{"kind": "quantity"}]}, "an answer names kind, product and choice"),
        ({**TEMPORARY, "start": "14.7.2023"}, "not a date"),
        ({**TEMPORARY, "start": "20230714"}, "not a date written as 2023-07-14"),
        ({**TEMPORARY, "start": "2023-02-29"}, "not a date"),
        ({**TEMPORARY, "days": 1.5}, "not a whole number above zero"),
        ({"change": "change_cycle", "cycle": "weekly"}, "not a cycle"),
        ({"change": "first_purchase", "cycle": "annual", "items": {}}, "not a list"),
        ({"change": "first_purchase", "cycle": "annual", "items": [{"product": "x"}]},
         "expected product, edition, quantity"),
    ],
)  # fmt: skip
def test_malformed(plain: object, why: str) -> None:
    with pytest.raises(MalformedChange) as refused:
        from_plain(plain)
    assert str(refused.value) == why


def test_the_longest_key_and_the_greatest_number_pass() -> None:
    change = from_plain({**SEATS, "product": "x" * 120, "quantity": 2**31 - 1})
    assert change == AddSeats("x" * 120, 2**31 - 1)
    assert from_plain({**SEATS, "product": "x", "quantity": 1}) == AddSeats("x", 1)


def test_a_list_of_changes_is_a_list() -> None:
    with pytest.raises(MalformedChange, match=r"^not a list$"):
        changes_from_plain({"change": "extend"})


def test_what_brings_a_line_somewhere() -> None:
    assert for_line(FACTS, "support", edition="team", quantity=12, answers=ANSWERS) == (
        ChangeEdition("support", "team", ANSWERS),
        AddSeats("support", 12, ANSWERS),
    )
    assert for_line(FACTS, "support", edition="professional", quantity=8, answers=ANSWERS) == (
        ReduceSeats("support", 8, ANSWERS),
    )
    assert for_line(replace(FACTS, lines=()), "support", edition="team", quantity=12) == ()


def test_what_a_change_buys_that_was_not_there() -> None:
    assert new.bought(CombineIntoSuite("suite", "team", 12)) == (Item("suite", "team", 12),)
    assert new.bought(AddSeats("support", 12)) == ()
