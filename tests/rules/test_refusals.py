"""What cannot be changed, each with its code and the data its sentence needs."""
# ruff: noqa: E501 - a table reads by its rows

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from accounts.rules.capabilities import AccountState, AccountType
from billing.rules import refusals
from billing.rules.changes import (
    AddOn,
    AddProduct,
    AddSeats,
    BuyTemporarySeats,
    Change,
    ChangeCycle,
    ChangeEdition,
    CombineIntoSuite,
    Extend,
    FirstPurchase,
    GiveBackSeats,
    Item,
    ReduceSeats,
    RemoveProduct,
    UsePromoCode,
)
from billing.rules.checks import without_price
from billing.rules.facts import (
    Facts,
    ScheduledKind,
)
from billing.rules.periods import Cycle
from billing.rules.quoting import quote
from tests.rules.shop import CATALOGUE, TODAY, YEAR, acme, bought, edition, nothing, waits

CYCLE, CANCELLATION = ScheduledKind.CYCLE, ScheduledKind.CANCELLATION
HELD_BY_SIX = bought("support", "professional", 10, seats_in_use=6, holders=frozenset(range(6)))
SUPPORT = acme(HELD_BY_SIX)
WITH_COPILOT = acme(HELD_BY_SIX, bought("copilot", "one", 5))
BOTH = acme(HELD_BY_SIX, bought("talk", "team", 4, seats_in_use=4, holders=frozenset({5, 6, 7, 8})))
IN_SUITE = acme(bought("suite", "team", 6))
ANNUAL_ONLY = acme(bought("support", "enterprise", 3))
TRIAL = nothing()
TOMORROW = TODAY + timedelta(days=1)


def buy(*items: Item, cycle: Cycle = Cycle.ANNUAL) -> FirstPurchase:
    return FirstPurchase(cycle, items)


def temporary(**more: object) -> BuyTemporarySeats:
    return replace(BuyTemporarySeats("support", 1, TODAY, 10), **more)  # type: ignore[arg-type]


CASES: list[tuple[Facts, Sequence[Change], type[refusals.Refusal], dict[str, object]]] = [
    # Which products, editions, lines
    (SUPPORT, [AddSeats("soup", 5)], refusals.UnknownProduct, {"product": "soup"}),
    (SUPPORT, [RemoveProduct("soup")], refusals.UnknownProduct, {"product": "soup"}),
    (SUPPORT, [AddProduct("soup", "team", 5)], refusals.UnknownProduct, {"product": "soup"}),
    (SUPPORT, [ChangeEdition("support", "one")], refusals.NotInEdition, {"product": "support", "edition": "one"}),
    (SUPPORT, [AddProduct("talk", "one", 1)], refusals.NotInEdition, {"product": "talk", "edition": "one"}),
    (SUPPORT, [AddSeats("talk", 5)], refusals.NoSuchLine, {"product": "talk"}),
    (SUPPORT, [ReduceSeats("talk", 5)], refusals.NoSuchLine, {"product": "talk"}),
    (SUPPORT, [RemoveProduct("talk")], refusals.NoSuchLine, {"product": "talk"}),
    (SUPPORT, [ChangeEdition("talk", "team")], refusals.NoSuchLine, {"product": "talk"}),
    (SUPPORT, [temporary(product="talk")], refusals.NoSuchLine, {"product": "talk"}),
    (acme(bought("credits", "one", 1)), [CombineIntoSuite("suite", "team", 5)], refusals.NoSuchLine,
     {"product": "suite"}),
    # Nothing changes
    (SUPPORT, [], refusals.NoChange, {}),
    (SUPPORT, [AddSeats("support", 10)], refusals.NoChange, {"product": "support"}),
    (SUPPORT, [ReduceSeats("support", 10)], refusals.NoChange, {"product": "support"}),
    (SUPPORT, [ChangeEdition("support", "professional")], refusals.NoChange, {"product": "support"}),
    (SUPPORT, [ChangeCycle(Cycle.ANNUAL)], refusals.NoChange, {}),
    (TRIAL, [buy()], refusals.NoChange, {}),
    # Quantities
    (SUPPORT, [AddSeats("support", 9)], refusals.WrongDirection, {"product": "support", "quantity": 9, "now": 10}),
    (SUPPORT, [ReduceSeats("support", 11)], refusals.WrongDirection,
     {"product": "support", "quantity": 11, "now": 10}),
    (SUPPORT, [ReduceSeats("support", 5)], refusals.BelowSeatsInUse, {"product": "support", "quantity": 5, "used": 6}),
    (SUPPORT, [GiveBackSeats("support", 9)], refusals.RegretOver, {"product": "support"}),
    (SUPPORT, [ReduceSeats("support", 0)], refusals.QuantityOutOfRange,
     {"product": "support", "quantity": 0, "least": 1, "most": 5000}),
    (SUPPORT, [AddSeats("support", 5001)], refusals.QuantityOutOfRange,
     {"product": "support", "quantity": 5001, "least": 1, "most": 5000}),
    (SUPPORT, [AddProduct("talk", "team", 100001)], refusals.QuantityOutOfRange,
     {"product": "talk", "quantity": 100001, "least": 1, "most": 100000}),
    (SUPPORT, [CombineIntoSuite("suite", "team", 100001)], refusals.QuantityOutOfRange,
     {"product": "suite", "quantity": 100001, "least": 1, "most": 100000}),
    (TRIAL, [buy(Item("support", "team", 5001))], refusals.QuantityOutOfRange,
     {"product": "support", "quantity": 5001, "least": 1, "most": 5000}),
    (SUPPORT, [temporary(quantity=5001)], refusals.QuantityOutOfRange,
     {"product": "support", "quantity": 5001, "least": 1, "most": 5000}),
    # Six people on Support, four on Talk, one on both: nine
    (BOTH, [CombineIntoSuite("suite", "team", 8)], refusals.BelowSeatsInUse,
     {"product": "suite", "quantity": 8, "used": 9}),
    (nothing(lines=(replace(HELD_BY_SIX, segments=()),)), [buy(Item("support", "team", 5))],
     refusals.BelowSeatsInUse, {"product": "support", "quantity": 5, "used": 6}),
    # What is sold
    (SUPPORT, [ChangeEdition("support", "elite")], refusals.SalesOnly, {"product": "support", "edition": "elite"}),
    (BOTH, [CombineIntoSuite("suite", "enterprise", 10)], refusals.SalesOnly,
     {"product": "suite", "edition": "enterprise"}),
    (SUPPORT, [AddProduct("guide", "lite", 1)], refusals.IncludedOnly, {"product": "guide", "edition": "lite"}),
    (acme(bought("guide", "standard", 1)), [ChangeEdition("guide", "lite")], refusals.IncludedOnly,
     {"product": "guide", "edition": "lite"}),
    (SUPPORT, [AddProduct("legacy", "one", 1)], refusals.NotSold, {"product": "legacy"}),
    (TRIAL, [buy(Item("support", "enterprise", 1), cycle=Cycle.MONTHLY)], refusals.NoPriceInCycle,
     {"product": "support", "edition": "enterprise", "cycle": "monthly"}),
    (ANNUAL_ONLY, [ChangeCycle(Cycle.MONTHLY)], refusals.NoPriceInCycle,
     {"product": "support", "edition": "enterprise", "cycle": "monthly"}),
    (acme(HELD_BY_SIX, scheduled=(waits(CYCLE, cycle=Cycle.MONTHLY),)), [ChangeEdition("support", "enterprise")],
     refusals.NoPriceInCycle, {"product": "support", "edition": "enterprise", "cycle": "monthly"}),
    (SUPPORT, [AddProduct("copilot", "one", 1)], refusals.WrongKind, {"product": "copilot", "kind": "addon"}),
    (SUPPORT, [AddOn("talk", "team", 1)], refusals.WrongKind, {"product": "talk", "kind": "product"}),
    (SUPPORT, [CombineIntoSuite("talk", "team", 9)], refusals.WrongKind, {"product": "talk", "kind": "product"}),
    (SUPPORT, [AddProduct("support", "team", 1)], refusals.AlreadyBought, {"product": "support", "line": "support"}),
    (SUPPORT, [AddProduct("suite", "team", 9)], refusals.AlreadyBought, {"product": "suite", "line": "support"}),
    (IN_SUITE, [AddProduct("talk", "team", 9)], refusals.AlreadyBought, {"product": "talk", "line": "suite"}),
    (TRIAL, [buy(Item("suite", "team", 1), Item("talk", "team", 1))], refusals.AlreadyBought,
     {"product": "talk", "line": "suite"}),
    (TRIAL, [buy(Item("talk", "team", 1), Item("talk", "team", 1))], refusals.AlreadyBought,
     {"product": "talk", "line": "talk"}),
    (replace(SUPPORT, account_type=AccountType.ASSISTED), [AddProduct("talk", "team", 9)], refusals.NotOpenToAccountType,
     {"product": "talk", "account_type": "assisted"}),
    # What stands on what
    (acme(bought("talk", "team", 1)), [AddOn("copilot", "one", 1)], refusals.Requires,
     {"product": "copilot", "requires": ("support",)}),
    (replace(WITH_COPILOT, lines=(*WITH_COPILOT.lines, *BOTH.lines[1:])), [RemoveProduct("support")],
     refusals.Requires, {"product": "copilot", "requires": ("support",)}),
    (acme(bought("suite", "team", 5), bought("copilot", "one", 1)), [RemoveProduct("support")], refusals.Requires,
     {"product": "copilot", "requires": ("support",)}),
    (SUPPORT, [RemoveProduct("support")], refusals.LastProduct, {}),
    (BOTH, [RemoveProduct("support"), RemoveProduct("talk")], refusals.LastProduct, {}),
    (IN_SUITE, [RemoveProduct("support"), RemoveProduct("talk"), RemoveProduct("guide")], refusals.LastProduct, {}),
    # The account as a whole
    (TRIAL, [AddSeats("support", 1)], refusals.FirstPurchaseNeeded, {}),
    (SUPPORT, [buy(Item("talk", "team", 1))], refusals.NotFirstPurchase, {}),
    (replace(SUPPORT, held=True), [AddSeats("support", 11)], refusals.HeldChange, {}),
    (replace(SUPPORT, state=AccountState.SUSPENDED, past_due_invoice="17"), [ReduceSeats("support", 8)], refusals.StateForbids,
     {"state": "suspended", "invoice": "17"}),
    (replace(SUPPORT, state=AccountState.CANCELLED), [AddSeats("support", 11)], refusals.StateForbids,
     {"state": "cancelled", "invoice": None}),
    (replace(SUPPORT, state=AccountState.PAST_DUE, past_due_invoice="17"), [AddSeats("support", 11)], refusals.PastDue,
     {"invoice": "17", "amount": 1036}),  # 3.00 × 12 × 105/365 = 10.36
    # Extension
    (replace(SUPPORT, paid_until=date(2024, 10, 27)), [Extend()], refusals.ExtensionAhead,
     {"until": date(2024, 10, 27)}),
    (acme(HELD_BY_SIX, scheduled=(waits(CANCELLATION),)), [Extend()], refusals.CancellationScheduled, {"on": YEAR.end}),
    # Temporary seats
    (acme(bought("support", "team", 1)), [temporary()], refusals.TemporaryNotSupported,
     {"product": "support", "edition": "team"}),
    (SUPPORT, [temporary(days=0)], refusals.TemporaryLength, {"days": 0}),
    (SUPPORT, [temporary(days=366)], refusals.TemporaryLength, {"days": 366}),
    (SUPPORT, [temporary(start=TODAY - timedelta(days=1))], refusals.StartInPast,
     {"start": TODAY - timedelta(days=1), "today": TODAY}),
    # Together, or twice
    (SUPPORT, [AddSeats("support", 11), AddSeats("support", 12)], refusals.Contradiction,
     {"first": "add_seats", "second": "add_seats", "product": "support"}),
    (SUPPORT, [Extend(), Extend()], refusals.Contradiction, {"first": "extend", "second": "extend", "product": None}),
    (SUPPORT, [UsePromoCode("SPRING"), UsePromoCode("AUTUMN")], refusals.Contradiction,
     {"first": "promo_code", "second": "promo_code", "product": None}),
    (SUPPORT, [UsePromoCode("SPRING"), AddSeats("support", 11), UsePromoCode("SPRING")], refusals.Contradiction,
     {"first": "promo_code", "second": "promo_code", "product": None}),
    (TRIAL, [UsePromoCode("SPRING"), buy(Item("support", "team", 1)), UsePromoCode("AUTUMN")], refusals.Contradiction,
     {"first": "promo_code", "second": "promo_code", "product": None}),
    (SUPPORT, [temporary(), temporary()], refusals.Contradiction,
     {"first": "temporary_seats", "second": "temporary_seats", "product": "support"}),
    (SUPPORT, [ReduceSeats("support", 8), ReduceSeats("support", 7)], refusals.Contradiction,
     {"first": "reduce_seats", "second": "reduce_seats", "product": "support"}),
    (SUPPORT, [ChangeEdition("support", "enterprise"), ChangeEdition("support", "team")], refusals.Contradiction,
     {"first": "change_edition", "second": "change_edition", "product": "support"}),
    (BOTH, [RemoveProduct("talk"), RemoveProduct("talk")], refusals.Contradiction,
     {"first": "remove_product", "second": "remove_product", "product": "talk"}),
    (SUPPORT, [AddProduct("talk", "team", 1), AddProduct("talk", "team", 1)], refusals.Contradiction,
     {"first": "add_product", "second": "add_product", "product": "talk"}),
    (SUPPORT, [CombineIntoSuite("suite", "team", 10), CombineIntoSuite("suite", "professional", 10)],
     refusals.Contradiction, {"first": "combine_into_suite", "second": "combine_into_suite", "product": "suite"}),
    (TRIAL, [buy(Item("support", "team", 1)), buy(Item("talk", "team", 1))], refusals.Contradiction,
     {"first": "first_purchase", "second": "first_purchase", "product": None}),
    (TRIAL, [buy(Item("support", "team", 1), Item("support", "team", 2))], refusals.AlreadyBought,
     {"product": "support", "line": "support"}),
    (SUPPORT, [ChangeCycle(Cycle.MONTHLY), ChangeCycle(Cycle.ANNUAL)], refusals.Contradiction,
     {"first": "change_cycle", "second": "change_cycle", "product": None}),
    (BOTH, [AddSeats("talk", 11), RemoveProduct("talk")], refusals.Contradiction,
     {"first": "add_seats", "second": "remove_product", "product": "talk"}),
    (BOTH, [AddSeats("talk", 11), CombineIntoSuite("suite", "team", 11)], refusals.Contradiction,
     {"first": "add_seats", "second": "combine_into_suite", "product": "suite"}),
    (SUPPORT, [AddProduct("talk", "team", 1), RemoveProduct("talk")], refusals.Contradiction,
     {"first": "add_product", "second": "remove_product", "product": "talk"}),
    (SUPPORT, [AddProduct("talk", "team", 1), AddSeats("talk", 2)], refusals.Contradiction,
     {"first": "add_product", "second": "add_seats", "product": "talk"}),
    (SUPPORT, [AddOn("copilot", "one", 1), AddOn("copilot", "one", 2)], refusals.Contradiction,
     {"first": "add_on", "second": "add_on", "product": "copilot"}),
    (IN_SUITE, [RemoveProduct("suite"), RemoveProduct("talk")], refusals.Contradiction,
     {"first": "remove_product", "second": "remove_product", "product": "talk"}),
    (IN_SUITE, [ReduceSeats("suite", 5), RemoveProduct("talk")], refusals.Contradiction,
     {"first": "reduce_seats", "second": "remove_product", "product": "talk"}),
    (SUPPORT, [RemoveProduct("support"), temporary()], refusals.Contradiction,
     {"first": "remove_product", "second": "temporary_seats", "product": "support"}),
    (TRIAL, [buy(Item("support", "team", 1)), Extend()], refusals.Contradiction,
     {"first": "first_purchase", "second": "extend", "product": None}),
    # Waits already
    (acme(HELD_BY_SIX, scheduled=(waits(ScheduledKind.QUANTITY, "support", quantity=8),)), [ReduceSeats("support", 8)],
     refusals.AlreadyScheduled, {"kind": "quantity", "product": "support"}),
    (acme(HELD_BY_SIX, scheduled=(waits(ScheduledKind.EDITION, "support", edition="team"),)),
     [ChangeEdition("support", "team")], refusals.AlreadyScheduled, {"kind": "edition", "product": "support"}),
    (acme(HELD_BY_SIX, bought("talk", "team", 1), scheduled=(waits(ScheduledKind.REMOVAL, "talk"),)),
     [RemoveProduct("talk")], refusals.AlreadyScheduled, {"kind": "removal", "product": "talk"}),
    (acme(bought("suite", "team", 6), scheduled=(waits(ScheduledKind.REMOVAL, "suite", leaving=("talk",)),)),
     [RemoveProduct("talk")], refusals.AlreadyScheduled, {"kind": "removal", "product": "talk"}),
    (acme(HELD_BY_SIX, scheduled=(waits(CYCLE, cycle=Cycle.MONTHLY),)), [ChangeCycle(Cycle.MONTHLY)],
     refusals.AlreadyScheduled, {"kind": "cycle", "product": None}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "changes", "kind", "data"), CASES, ids=[f"{i}-{case[2].code}" for i, case in enumerate(CASES)]
)
def test_refused(
    facts: Facts, changes: Sequence[Change], kind: type[refusals.Refusal], data: dict[str, object]
) -> None:
    with pytest.raises(refusals.Refusal) as refused:
        quote(facts, changes, TODAY)
    assert type(refused.value) is kind
    assert refused.value.data == data


def test_every_refusal_has_a_code_of_its_own_and_is_tested() -> None:
    kinds = refusals.Refusal.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds)
    elsewhere = {
        refusals.RenewalDue,
        refusals.RenewalParked,
        refusals.OutsidePeriod,
        refusals.PromoNotValid,
        refusals.EndsEarlier,
    }
    assert {case[2] for case in CASES} | elsewhere == set(kinds)


def test_a_refusal_says_its_code_and_data() -> None:
    assert str(refusals.NoSuchLine(product="talk")) == "no_such_line: {'product': 'talk'}"
    assert str(refusals.LastProduct()) == "last_product"


def test_no_day_outside_the_period() -> None:
    for day, kind in (
        (YEAR.start - timedelta(days=1), refusals.OutsidePeriod),
        (YEAR.end + timedelta(days=1), refusals.RenewalDue),
        (YEAR.end, refusals.RenewalDue),
    ):
        with pytest.raises(kind) as refused:
            quote(SUPPORT, [AddSeats("support", 11)], day)
    assert refused.value.data == {"due": YEAR.end}
    assert quote(SUPPORT, [AddSeats("support", 11)], YEAR.start).due == 3600
    assert quote(SUPPORT, [AddSeats("support", 11)], YEAR.end - timedelta(days=1)).lines


def test_the_first_day_of_the_period_is_named() -> None:
    with pytest.raises(refusals.OutsidePeriod) as refused:
        quote(SUPPORT, [AddSeats("support", 11)], date(2022, 1, 1))
    assert refused.value.data == {"on": date(2022, 1, 1), "start": YEAR.start}


def test_the_renewal_day_renews_and_does_not_extend() -> None:
    with pytest.raises(refusals.RenewalDue) as refused:
        quote(SUPPORT, [Extend()], YEAR.end)
    assert refused.value.data == {"due": YEAR.end}


def test_a_parked_renewal_refuses_every_change_from_its_day_on() -> None:
    parked = replace(SUPPORT, parked=True)
    for day in (YEAR.end, YEAR.end + timedelta(days=40)):
        for change in (AddSeats("support", 11), ReduceSeats("support", 6), Extend()):
            with pytest.raises(refusals.RenewalParked) as refused:
                quote(parked, [change], day)
            assert refused.value.data == {"due": YEAR.end}
    assert quote(parked, [AddSeats("support", 11)], YEAR.start).due == 3600


# --- Boundaries: the last value that is allowed


@pytest.mark.parametrize(
    "change",
    [
        ReduceSeats("support", 6),
        AddSeats("support", 5000),
        temporary(days=1),
        temporary(days=365),
        temporary(start=TODAY),
        temporary(quantity=5000),
    ],
    ids=str,
)
def test_the_edge_is_allowed(change: Change) -> None:
    assert quote(SUPPORT, [change], TODAY).after.version == 8


def test_as_many_suite_seats_as_people() -> None:
    assert quote(BOTH, [CombineIntoSuite("suite", "team", 9)], TODAY).after.lines[0].seats_in_use == 9


def test_a_single_cent_is_due_too() -> None:
    """0.01 a month × 37 days of a year: 0.0122 for one seat more."""
    facts = replace(
        acme(bought("support", "team", 100, 1)), state=AccountState.PAST_DUE, past_due_invoice="17"
    )
    with pytest.raises(refusals.PastDue) as refused:
        quote(facts, [AddSeats("support", 101)], YEAR.end - timedelta(days=37))
    assert refused.value.data == {"invoice": "17", "amount": 1}
    assert quote(facts, [AddSeats("support", 101)], YEAR.end - timedelta(days=1)).settlement.total == 0


def test_other_lines_may_change_beside_a_combination() -> None:
    facts = replace(BOTH, lines=(*BOTH.lines, *acme(bought("credits", "one", 1)).lines))
    changes = [CombineIntoSuite("suite", "team", 9), AddSeats("credits", 2)]
    assert len(quote(facts, changes, TODAY).lines) == 5


def test_seats_that_are_only_counted_hold_too() -> None:
    """Where the holders are not named, the line with most of them counts."""
    facts = acme(bought("support", "team", 10, seats_in_use=7), bought("talk", "team", 4, seats_in_use=4))
    with pytest.raises(refusals.BelowSeatsInUse) as refused:
        quote(facts, [CombineIntoSuite("suite", "team", 6)], TODAY)
    assert refused.value.data["used"] == 7
    single = acme(bought("support", "team", 10, seats_in_use=1, holders=frozenset({1, 2, 3})))
    with pytest.raises(refusals.BelowSeatsInUse):
        quote(single, [CombineIntoSuite("suite", "team", 2)], TODAY)


def test_assisted_accounts_buy_what_is_open_to_them() -> None:
    facts = replace(acme(bought("talk", "team", 1)), account_type=AccountType.ASSISTED)
    assert quote(facts, [AddProduct("support", "team", 1)], TODAY).due == 690


def test_an_add_on_that_stood_alone_before_blocks_nothing() -> None:
    facts = acme(bought("talk", "team", 2), bought("copilot", "one", 1))
    assert quote(facts, [AddSeats("talk", 3)], TODAY).due == 346


def test_an_add_on_may_go_together_with_its_product() -> None:
    facts = replace(WITH_COPILOT, lines=(*WITH_COPILOT.lines, *BOTH.lines[1:]))
    found = quote(facts, [RemoveProduct("support"), RemoveProduct("copilot")], TODAY)
    assert [line.product for line in found.renewal.lines] == ["talk"]


def test_an_add_on_stands_on_a_suite_that_includes_its_product() -> None:
    assert quote(IN_SUITE, [AddOn("copilot", "one", 1)], TODAY).due == 173


def test_a_suite_where_all_was_single() -> None:
    facts = acme(bought("credits", "one", 1))
    assert quote(facts, [AddProduct("suite", "team", 2)], TODAY).after.line("suite") is not None


def test_temporary_seats_may_come_several_times_and_with_a_new_product() -> None:
    catalogue = {
        **CATALOGUE,
        "talk": replace(CATALOGUE["talk"], editions=(edition("team", 1, 100, supports_temporary=True),)),
    }
    facts = replace(SUPPORT, catalogue=catalogue)
    changes = [
        temporary(),
        temporary(start=TOMORROW),
        AddProduct("talk", "team", 1),
        temporary(product="talk"),
    ]
    found = quote(facts, changes, TODAY)
    assert [t.product for t in found.after.temporary] == ["support", "support", "talk"]


def test_upgrade_and_reduction_of_a_suite_that_one_leaves() -> None:
    found = quote(IN_SUITE, [ChangeEdition("suite", "professional"), RemoveProduct("talk")], TODAY)
    assert [s.leaving for s in found.scheduled] == [("talk",)]


# --- Which cycles can be offered


def test_lines_without_a_price_in_a_cycle() -> None:
    facts = acme(bought("support", "enterprise", 3), bought("talk", "team", 1))
    assert [line.product for line in without_price(facts, Cycle.MONTHLY)] == ["support"]
    assert without_price(facts, Cycle.ANNUAL) == ()
    down = replace(facts, scheduled=(waits(ScheduledKind.EDITION, "support", edition="team"),))
    assert without_price(down, Cycle.MONTHLY) == ()
    gone = replace(facts, scheduled=(waits(ScheduledKind.REMOVAL, "support"),))
    assert without_price(gone, Cycle.MONTHLY) == ()
