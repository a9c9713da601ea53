"""A new change meets one that waits: the whole table, each pair carried out with each choice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from billing.rules.changes import (
    KINDS,
    AddOn,
    AddProduct,
    AddSeats,
    BuyTemporarySeats,
    Change,
    ChangeCycle,
    ChangeEdition,
    CombineIntoSuite,
    Extend,
    KeepProduct,
    ReduceSeats,
    RemoveProduct,
    UsePromoCode,
)
from billing.rules.conflicts import TABLE, Option, resolve, row
from billing.rules.facts import Facts, PromoFacts, ScheduledFacts, ScheduledKind
from billing.rules.periods import Cycle
from billing.rules.quoting import PricedQuote, UndecidedConflict, quote
from billing.rules.refusals import AlreadyScheduled, CancellationScheduled, NoChange
from tests.rules.shop import TODAY, YEAR, acme, answered, bought, codes, waits

QUANTITY, EDITION, REMOVAL = ScheduledKind.QUANTITY, ScheduledKind.EDITION, ScheduledKind.REMOVAL
CYCLE, CANCELLATION = ScheduledKind.CYCLE, ScheduledKind.CANCELLATION

WAITING: dict[ScheduledKind, ScheduledFacts] = {
    QUANTITY: waits(QUANTITY, "support", quantity=20),
    EDITION: waits(EDITION, "support", edition="team"),
    REMOVAL: waits(REMOVAL, "support"),
    CYCLE: waits(CYCLE, cycle=Cycle.MONTHLY),
    CANCELLATION: waits(CANCELLATION),
}
# Support Professional × 30, with Talk beside it.
NEW: dict[str, Callable[..., Change]] = {
    "add_seats": lambda **a: AddSeats("support", 32, **a),
    "reduce_seats": lambda **a: ReduceSeats("support", 25, **a),
    "upgrade": lambda **a: ChangeEdition("support", "enterprise", **a),
    "downgrade": lambda **a: ChangeEdition("support", "basic", **a),
    "add_product": lambda **a: AddProduct("guide", "standard", 5, **a),
    "add_on": lambda **a: AddOn("credits", "one", 1, **a),
    "remove_product": lambda **a: RemoveProduct("support", **a),
    "combine_into_suite": lambda **a: CombineIntoSuite("suite", "team", 30, **a),
    "change_cycle": lambda **a: ChangeCycle(Cycle.ANNUAL, **a),
    "extend": lambda **a: Extend(**a),
    "keep_product": lambda **a: KeepProduct("support", **a),
    "temporary_seats": lambda **a: BuyTemporarySeats("support", 2, TODAY, 200, **a),
    "promo_code": lambda **a: UsePromoCode("SPRING", **a),
}


def support(*scheduled: ScheduledFacts) -> Facts:
    """Return Support Professional × 30 and Talk × 30; every edition has a price in both cycles."""
    facts = acme(
        bought("support", "professional", 30, 300),
        bought("talk", "team", 30),
        scheduled=scheduled,
        promos=(PromoFacts("SPRING", amount=500),),
    )
    product = facts.catalogue["support"]
    team, _, enterprise, _ = product.editions
    monthly_too = tuple(replace(p, cycle=Cycle.MONTHLY) for p in enterprise.prices)
    editions = (
        replace(team, key="basic", rank=0),
        *product.editions[:2],
        replace(enterprise, prices=(*enterprise.prices, *monthly_too)),
    )
    return replace(facts, catalogue={**facts.catalogue, "support": replace(product, editions=editions)})


def test_the_table_is_complete() -> None:
    rows = {*KINDS, "upgrade", "downgrade"} - {"change_edition"}
    assert set(TABLE) == {(kind, name) for kind in ScheduledKind for name in rows}
    # A first purchase meets nothing; giving back needs a purchase of these days: test_regret.py.
    assert {*NEW, "first_purchase", "give_back_seats"} == rows


def quoted(facts: Facts, change: Change) -> PricedQuote:
    """Return the quote, provisional where something must be asked."""
    try:
        return quote(facts, [change], TODAY)
    except UndecidedConflict as asked:
        return asked.provisional


def slots(found: PricedQuote) -> set[tuple[str, str | None]]:
    return {(s.kind.value, s.product) for s in found.scheduled}


PAIRS = [(kind, name) for kind in ScheduledKind for name in NEW]


@pytest.mark.parametrize(("kind", "name"), PAIRS, ids=[f"{k.value}-{n}" for k, n in PAIRS])
def test_every_pair_keeps_its_promise(kind: ScheduledKind, name: str) -> None:
    """Refused, made beside it, or asked; no choice drops in silence, no answer is left out."""
    facts, make, meeting = support(WAITING[kind]), NEW[name], TABLE[kind, name]
    assert row(make(), facts) == name
    slot = (kind.value, WAITING[kind].product)
    if meeting.refused:
        with pytest.raises(CancellationScheduled) as refused:
            quote(facts, [make()], TODAY)
        assert refused.value.data == {"on": YEAR.end}
        return
    if kind is REMOVAL and name == "remove_product":
        # The pair meets only where products leave a Suite: tested below.
        with pytest.raises(AlreadyScheduled):
            quote(facts, [make()], TODAY)
        return
    if kind is REMOVAL and name == "keep_product":
        # Unasked: it is what was asked for.
        found = quote(facts, [make()], TODAY)
        assert (slots(found), codes(found)) == (set(), ["scheduled_dropped"])
        return
    if name == "keep_product" or (kind is not CYCLE and name == "change_cycle"):
        # There is nothing to keep; what an extension was made without is kept by buying it: test_ending.
        with pytest.raises(NoChange):
            quote(facts, [make()], TODAY)
        return
    if meeting.default is None:
        with pytest.raises(UndecidedConflict) as asked:
            quote(facts, [make()], TODAY)
        (question,) = asked.value.questions
        assert str(asked.value) == "1 to decide"
        assert tuple(o.choice for o in question.options) == meeting.choices
        assert question.scheduled == facts.scheduled[0]
        assert question.change == make()
    else:
        assert slot in slots(quote(facts, [make()], TODAY))
    for choice in meeting.choices:
        change = make(answers=answered(kind, WAITING[kind].product, choice.value))
        if choice.value == "leave":
            with pytest.raises(NoChange):
                quote(facts, [change], TODAY)
            continue
        found = quote(facts, [change], TODAY)
        if choice.value in ("keep", "raise", "move", "end"):
            assert slot in slots(found)
        if choice.value == "drop":
            assert ("scheduled_dropped" in codes(found)) or name == "combine_into_suite"
            assert facts.scheduled[0] not in found.scheduled


def test_a_reduction_to_20_waits_and_two_seats_are_bought_now() -> None:
    """Renew with 20, renew with 22, or drop the reduction and renew with 32."""
    facts = support(WAITING[QUANTITY])
    with pytest.raises(UndecidedConflict) as asked:
        quote(facts, [AddSeats("support", 32)], TODAY)
    (question,) = asked.value.questions
    assert [(o.choice.value, o.quantity) for o in question.options] == [
        ("keep", 20),
        ("raise", 22),
        ("drop", 32),
    ]
    assert [line.quantity for line in asked.value.provisional.renewal.lines] == [20, 30]
    for choice, quantity in (("keep", 20), ("raise", 22), ("drop", 32)):
        change = AddSeats("support", 32, answers=answered(QUANTITY, "support", choice))
        found = quote(facts, [change], TODAY)
        assert [line.quantity for line in found.renewal.lines] == [quantity, 30]
        # What is due now does not depend on it: 32 × 36.00 × 105/365 − 30 × 36.00 × 105/365.
        assert found.due == 33140 - 31068
    raised = quote(facts, [AddSeats("support", 32, answered(QUANTITY, "support", "raise"))], TODAY).scheduled
    assert raised[0].id == facts.scheduled[0].id


def test_options_name_the_edition_the_line_renews_with() -> None:
    with pytest.raises(UndecidedConflict) as asked:
        quote(support(WAITING[EDITION]), [ChangeEdition("support", "enterprise")], TODAY)
    (question,) = asked.value.questions
    assert [(o.choice.value, o.edition) for o in question.options] == [
        ("keep", "team"),
        ("drop", "enterprise"),
    ]
    with pytest.raises(UndecidedConflict) as asked:
        quote(support(WAITING[EDITION]), [RemoveProduct("support")], TODAY)
    assert asked.value.questions[0].options[0] == Option(asked.value.questions[0].options[0].choice)
    with pytest.raises(UndecidedConflict) as asked:
        quote(support(WAITING[QUANTITY]), [RemoveProduct("support")], TODAY)
    assert [o.quantity for o in asked.value.questions[0].options] == [None, 20]


def test_an_answer_that_is_no_choice_there_does_not_count() -> None:
    facts = support(WAITING[QUANTITY])
    for answers in (
        answered(QUANTITY, "support", "carry"),
        answered(QUANTITY, "talk", "drop"),
        answered(EDITION, "support", "keep"),
    ):
        with pytest.raises(UndecidedConflict):
            quote(facts, [AddSeats("support", 32, answers)], TODAY)


def test_a_change_that_is_left_drops_nothing_elsewhere() -> None:
    """Removing meets a reduction (drop it) and a downgrade (leave): it is not made at all."""
    facts = support(WAITING[QUANTITY], WAITING[EDITION])
    answers = (*answered(QUANTITY, "support", "drop"), *answered(EDITION, "support", "leave"))
    found = resolve(facts, [RemoveProduct("support", answers)])
    assert (found.changes, found.dropped, found.scheduled) == ((), (), facts.scheduled)
    # The other changes of the same quote are made.
    made = quote(facts, [RemoveProduct("support", answers), AddOn("credits", "one", 1)], TODAY)
    assert made.changes == (AddOn("credits", "one", 1),)


def test_a_removal_takes_the_place_of_all_that_waits_on_its_line() -> None:
    facts = support(WAITING[QUANTITY], WAITING[EDITION])
    answers = (*answered(QUANTITY, "support", "drop"), *answered(EDITION, "support", "drop"))
    found = quote(facts, [RemoveProduct("support", answers)], TODAY)
    assert slots(found) == {("removal", "support")}
    assert codes(found)[:2] == ["scheduled_dropped", "scheduled_dropped"]


def test_two_changes_may_drop_the_same() -> None:
    facts = support(WAITING[REMOVAL])
    changes = [
        AddSeats("support", 32, answered(REMOVAL, "support", "drop")),
        ChangeEdition("support", "enterprise", answered(REMOVAL, "support", "drop")),
    ]
    found = quote(facts, changes, TODAY)
    assert found.scheduled == ()
    assert codes(found).count("scheduled_dropped") == 1


def test_what_one_change_dropped_does_not_hide_the_rest_from_the_next() -> None:
    """The upgrade drops the removal, the extension then still drops the reduction of Talk."""
    facts = support(WAITING[REMOVAL], waits(QUANTITY, "talk", quantity=5))
    changes = [
        ChangeEdition("support", "enterprise", answered(REMOVAL, "support", "drop")),
        Extend((*answered(REMOVAL, "support", "drop"), *answered(QUANTITY, "talk", "drop"))),
    ]
    found = quote(facts, changes, TODAY)
    assert found.scheduled == ()
    dropped = [n.data["scheduled"] for n in found.notices if n.code == "scheduled_dropped"]
    assert dropped == list(facts.scheduled)


def test_every_question_is_asked() -> None:
    facts = support(WAITING[QUANTITY], WAITING[EDITION])
    with pytest.raises(UndecidedConflict) as asked:
        quote(facts, [RemoveProduct("support")], TODAY)
    assert [q.scheduled.kind for q in asked.value.questions] == [QUANTITY, EDITION]


@pytest.mark.parametrize("leaving", [(), ("talk",)], ids=["whole", "part"])
def test_an_extension_asks_before_it_buys_what_is_to_go(leaving: tuple[str, ...]) -> None:
    """Copilot × 6 ends, or Talk leaves the Suite: another period of it is bought only by an answer."""
    product = "suite" if leaving else "copilot"
    facts = acme(
        bought("suite", "team", 6),
        bought("copilot", "one", 6),
        scheduled=(waits(REMOVAL, product, leaving=leaving), waits(CYCLE, cycle=Cycle.MONTHLY)),
    )
    with pytest.raises(UndecidedConflict) as asked:
        quote(facts, [Extend()], TODAY)
    (question,) = asked.value.questions
    assert question.scheduled.slot == (REMOVAL, product)
    assert [o.choice.value for o in question.options] == ["move", "drop", "leave" if leaving else "end"]
    # 6 × 3.50 × 12 + 6 × 0.50 × 12, the Suite and Copilot for a year; what waits is as before but later.
    moved = quote(facts, [Extend(answered(REMOVAL, product, "move"))], TODAY)
    assert moved.due == 25200 + 3600
    assert {s.takes_effect_on.year for s in moved.scheduled} == {2024}
    kept = quote(facts, [Extend(answered(REMOVAL, product, "drop"))], TODAY)
    assert (kept.due, slots(kept)) == (moved.due, {("cycle", None)})
    if not leaving:
        # It ends as planned: the Suite alone is bought, and only the cycle moves.
        left = quote(facts, [Extend(answered(REMOVAL, product, "end"))], TODAY)
        assert (left.due, [s.takes_effect_on.year for s in left.scheduled]) == (25200, [2023, 2024])
        return
    # Not extended now: nothing is bought, and the rest of the same change is made.
    changes = [Extend(answered(REMOVAL, product, "leave")), AddOn("credits", "one", 1)]
    left = quote(facts, changes, TODAY)
    assert [line.product for line in left.lines] == ["credits"]
    assert left.scheduled == facts.scheduled


def test_an_extension_moves_a_product_that_leaves_its_suite() -> None:
    facts = acme(bought("suite", "team", 6), scheduled=(waits(REMOVAL, "suite", leaving=("talk",)),))
    (moved,) = quote(facts, [Extend(answered(REMOVAL, "suite", "move"))], TODAY).scheduled
    assert (moved.leaving, moved.takes_effect_on.year) == (("talk",), 2024)


def test_what_waits_on_another_line_is_no_question() -> None:
    facts = support(waits(QUANTITY, "talk", quantity=5))
    assert quote(facts, [AddSeats("support", 32)], TODAY).scheduled == facts.scheduled


def test_a_reduction_goes_on_as_one_of_the_suite() -> None:
    facts = support(WAITING[QUANTITY], waits(QUANTITY, "talk", quantity=5))
    both = (*answered(QUANTITY, "support", "carry"), *answered(QUANTITY, "talk", "carry"))
    found = quote(facts, [CombineIntoSuite("suite", "team", 30, both)], TODAY)
    assert [(s.product, s.quantity, s.version, s.takes_effect_on) for s in found.scheduled] == [
        ("suite", 20, 8, YEAR.end)
    ]
    assert found.renewal.lines[0].quantity == 20
    one = (*answered(QUANTITY, "support", "drop"), *answered(QUANTITY, "talk", "carry"))
    found = quote(facts, [CombineIntoSuite("suite", "team", 30, one)], TODAY)
    assert [s.quantity for s in found.scheduled] == [5]


@pytest.mark.parametrize(("in_use", "seats", "carried"), [(20, 21, True), (21, 21, False), (0, 20, False)])
def test_a_reduction_that_is_none_for_the_suite_is_named_as_dropped(
    in_use: int, seats: int, carried: bool
) -> None:
    """The Suite has as few seats already, or more people than the reduction leaves seats."""
    facts = support(WAITING[QUANTITY])
    lines = tuple(replace(line, seats_in_use=in_use) for line in facts.lines)
    change = CombineIntoSuite("suite", "team", seats, answered(QUANTITY, "support", "carry"))
    found = quote(replace(facts, lines=lines), [change], TODAY)
    assert bool(found.scheduled) is carried
    dropped = [n.data for n in found.notices if n.code == "scheduled_dropped"]
    assert dropped == ([] if carried else [{"scheduled": facts.scheduled[0]}])


def test_other_products_may_leave_the_same_suite() -> None:
    facts = acme(bought("suite", "team", 6), scheduled=(waits(REMOVAL, "suite", leaving=("talk",)),))
    with pytest.raises(UndecidedConflict) as asked:
        quote(facts, [RemoveProduct("guide")], TODAY)
    assert [o.choice.value for o in asked.value.questions[0].options] == ["keep", "drop"]
    for choice, leaving in (("keep", ("talk", "guide")), ("drop", ("guide",))):
        change = RemoveProduct("guide", answered(REMOVAL, "suite", choice))
        assert [s.leaving for s in quote(facts, [change], TODAY).scheduled] == [leaving]


def test_a_whole_suite_or_a_part_of_it() -> None:
    """Removing the Suite where a product leaves it, and the other way round: one takes the other's place."""
    credits = bought("credits", "one", 1)
    part = acme(bought("suite", "team", 6), credits, scheduled=(waits(REMOVAL, "suite", leaving=("talk",)),))
    change = RemoveProduct("suite", answered(REMOVAL, "suite", "drop"))
    assert [s.leaving for s in quote(part, [change], TODAY).scheduled] == [()]
    with pytest.raises(UndecidedConflict) as asked:
        quote(part, [RemoveProduct("suite")], TODAY)
    assert [o.choice.value for o in asked.value.questions[0].options] == ["drop", "leave"]
    whole = acme(bought("suite", "team", 6), credits, scheduled=(waits(REMOVAL, "suite"),))
    change = RemoveProduct("talk", answered(REMOVAL, "suite", "drop"))
    assert [s.leaving for s in quote(whole, [change], TODAY).scheduled] == [("talk",)]
    with pytest.raises(UndecidedConflict) as asked:
        quote(whole, [RemoveProduct("talk")], TODAY)
    assert [o.choice.value for o in asked.value.questions[0].options] == ["drop", "leave"]


def test_temporary_seats_that_end_in_time_meet_nothing() -> None:
    days = (YEAR.end - TODAY).days
    for kind in (REMOVAL, CANCELLATION):
        facts = support(WAITING[kind])
        assert (
            quote(facts, [BuyTemporarySeats("support", 2, TODAY, days)], TODAY).scheduled == facts.scheduled
        )
    with pytest.raises(UndecidedConflict):
        quote(support(WAITING[REMOVAL]), [BuyTemporarySeats("support", 2, TODAY, days + 1)], TODAY)
    late = BuyTemporarySeats("support", 2, TODAY + timedelta(days=1), days)
    with pytest.raises(CancellationScheduled):
        quote(support(WAITING[CANCELLATION]), [late], TODAY)


def test_back_to_the_present_cycle_drops_what_waits() -> None:
    facts = support(WAITING[CYCLE])
    change = ChangeCycle(Cycle.ANNUAL, answered(CYCLE, None, "drop"))
    found = quote(facts, [change], TODAY)
    assert found.scheduled == ()
    assert (
        found.renewal.amount == quote(support(), [AddOn("credits", "one", 1)], TODAY).renewal.amount - 20000
    )


def test_a_downgrade_beside_a_change_of_cycle_needs_both_prices() -> None:
    facts = support(WAITING[CYCLE])
    found = quoted(facts, ChangeEdition("support", "team"))
    assert found.renewal.lines[0].unit == 250


def test_a_change_of_cycle_keeps_its_question_apart_from_lines() -> None:
    """An extension moves all that waits, on every line."""
    facts = support(WAITING[CYCLE], waits(QUANTITY, "talk", quantity=5))
    found = quote(facts, [Extend()], TODAY)
    assert len({s.takes_effect_on for s in found.scheduled}) == 1
    assert found.scheduled[0].takes_effect_on > YEAR.end
    assert codes(found).count("scheduled_moves") == 2
