"""What else was scheduled for the old renewal day when an extension moves it, and Guide is let end."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from accounts.rules.capabilities import AccountState
from billing.rules import refusals
from billing.rules.changes import (
    AddOn,
    BuyTemporarySeats,
    Change,
    ChangeCycle,
    ChangeEdition,
    Extend,
    KeepProduct,
    UsePromoCode,
)
from billing.rules.ending import ending
from billing.rules.facts import (
    PromoFacts,
    ScheduledKind,
    TemporaryFacts,
)
from billing.rules.invariants import demand_undoable, faults
from billing.rules.periods import AppliedDiscount, Cycle, Period
from billing.rules.quoting import UndecidedConflict, quote, renewal
from tests.rules.shop import (
    TODAY,
    YEAR,
    acme,
    amounts,
    answered,
    bought,
    codes,
    monthly,
    saved,
    waits,
)
from tests.rules.test_ending import GUIDE, NEXT, SUPPORT, end, extended, going

REMOVAL, QUANTITY = ScheduledKind.REMOVAL, ScheduledKind.QUANTITY


def test_every_other_change_that_waits_moves_and_says_so() -> None:
    """Seats of today are extended: a reduction, a downgrade and a change of cycle come a period later."""
    facts = acme(
        bought("support", "professional", 10),
        bought("talk", "professional", 4),
        GUIDE,
        scheduled=(
            waits(QUANTITY, "support", quantity=5),
            waits(ScheduledKind.EDITION, "talk", edition="team"),
            waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY),
            waits(REMOVAL, "guide"),
        ),
    )
    found = quote(facts, [end("guide")], TODAY)
    assert amounts(found) == [10 * 300 * 12, 4 * 150 * 12]
    assert {s.kind.value: s.takes_effect_on for s in found.scheduled} == {
        "quantity": NEXT.end,
        "edition": NEXT.end,
        "cycle": NEXT.end,
        "removal": YEAR.end,
    }
    assert codes(found).count("scheduled_moves") == 3
    # Each is still undone for nothing, and is not in force after Guide's end.
    after = saved(found.after)
    waiting = after.waiting(QUANTITY, "support")
    assert waiting is not None
    demand_undoable(after, waiting)
    ended = ending(after)
    assert ended is not None
    assert [(line.product, line.edition, line.quantity) for line in ended.after.lines] == [
        ("support", "professional", 10),
        ("talk", "professional", 4),
    ]


def test_a_cancellation_for_the_old_day_is_undone_first() -> None:
    facts = going(scheduled=(waits(ScheduledKind.CANCELLATION),))
    with pytest.raises(refusals.CancellationScheduled) as refused:
        quote(facts, [end("guide")], TODAY)
    assert refused.value.data == {"on": YEAR.end}
    # One that is scheduled after the extension is for its end, and changes nothing about Guide.
    later = extended()
    later = replace(
        later, scheduled=(*later.scheduled, waits(ScheduledKind.CANCELLATION, takes_effect_on=NEXT.end))
    )
    assert faults(later) == ()
    found = ending(later)
    assert found is not None
    assert [s.kind.value for s in found.after.scheduled] == ["cancellation"]
    with pytest.raises(refusals.CancellationScheduled):
        quote(later, [KeepProduct("guide")], TODAY)


def test_temporary_seats_keep_their_days_but_not_beyond_their_product() -> None:
    """Of both until 9 November: those of Guide end with it on 27 October, and it is told."""
    days = Period(date(2023, 10, 10), date(2023, 11, 9))
    support = bought("support", "professional", 10)
    facts = acme(
        support,
        GUIDE,
        scheduled=(waits(REMOVAL, "guide"),),
        temporary=(TemporaryFacts("support", 2, days, 900), TemporaryFacts("guide", 1, days, 100)),
    )
    found = quote(facts, [end("guide")], TODAY)
    assert found.after.temporary == facts.temporary
    lost = [n.data for n in found.notices if n.code == "temporary_lost"]
    assert lost == [{"product": "guide", "quantity": 1, "until": days.end}]
    # Moved with the extension, they are over before it ends: nothing is lost any more.
    moved = quote(facts, [Extend(answered(REMOVAL, "guide", "move"))], TODAY)
    assert "temporary_lost" not in codes(moved)
    ended = ending(saved(found.after))
    assert ended is not None
    assert [t.product for t in ended.after.temporary] == ["support"]
    # New ones for the moved stretch are priced by its term: 14 days of October, 16 of the next year.
    new = quote(saved(found.after), [BuyTemporarySeats("support", 1, date(2023, 10, 20), 14)], TODAY)
    assert [(line.term, line.days) for line in new.lines] == [(YEAR, 7), (NEXT, 7)]


def test_prices_that_the_vendor_ends_and_codes_of_a_period_come_with_the_extension() -> None:
    """Support's own price ends on the old renewal day: the extension takes the list price, and says so."""
    own = replace(bought("support", "team", 10, 150), price_ends_on=YEAR.end)
    facts = acme(
        own,
        GUIDE,
        scheduled=(waits(REMOVAL, "guide"),),
        promos=(PromoFacts("HALF", percent=Decimal(50), periods=1),),
    )
    found = quote(facts, [end("guide"), UsePromoCode("HALF")], TODAY)
    # 10 × 2.00 × 12 less half; the code is used up by it.
    assert found.due == 12000
    assert "price_ends" in codes(found)
    assert found.after.discounts == ()
    # Typed afterwards it waits for the renewal of 2024, Guide's end counts nothing.
    later = saved(
        quote(extended(replace(facts, lines=(SUPPORT, GUIDE))), [UsePromoCode("HALF")], TODAY).after
    )
    ended = ending(later)
    assert ended is not None
    assert [d.periods_left for d in ended.after.discounts] == [1]
    coming = renewal(ended.after, NEXT.end)
    assert coming is not None
    assert (coming.on, coming.settlement.subtotal) == (NEXT.end, 12000)


def test_a_month_is_extended_without_what_goes_and_again_afterwards() -> None:
    """April is paid, May is bought without Guide, June with what is left: the anchor stays the first."""
    april = Period(date(2023, 4, 1), date(2023, 5, 1))
    lines = [
        bought("support", "team", 10, term=april, cycle=Cycle.MONTHLY),
        bought("guide", "standard", 3, term=april, cycle=Cycle.MONTHLY),
    ]
    facts = monthly(*lines, scheduled=(waits(REMOVAL, "guide", takes_effect_on=april.end),))
    found = quote(facts, [end("guide")], date(2023, 4, 20))
    assert (found.due, found.after.renews_on) == (2500, date(2023, 6, 1))
    ended = ending(saved(found.after))
    assert ended is not None
    again = quote(ended.after, [Extend()], date(2023, 5, 2))
    assert (again.due, again.after.renews_on, faults(again.after)) == (2500, date(2023, 7, 1), ())


def test_a_suspended_year_ends_what_goes_on_its_day_all_the_same() -> None:
    """Suspended meanwhile, resumed in December 2024: first Guide ends, then what is left resumes."""
    facts = replace(extended(), state=AccountState.SUSPENDED)
    found = ending(facts)
    assert found is not None
    coming = renewal(found.after, date(2024, 12, 1))
    assert coming is not None
    assert [line.product for line in coming.lines] == ["support"]
    same = renewal(facts, date(2024, 12, 1))
    assert same is not None
    assert same.lines == coming.lines


def test_only_a_whole_line_ends_with_the_period_before_the_renewal() -> None:
    """A removal of a part, or another kind, on that day is for no renewal: the account is parked."""
    facts = extended()
    for wrong in (
        waits(REMOVAL, "support", leaving=("guide",)),
        waits(QUANTITY, "support", quantity=5),
        waits(ScheduledKind.CYCLE, cycle=Cycle.MONTHLY),
        waits(REMOVAL, "support", takes_effect_on=date(2023, 9, 1)),
    ):
        broken = faults(replace(facts, scheduled=(*facts.scheduled, wrong)))
        assert "scheduled_elsewhere" in {fault.code for fault in broken}
    # And one that was paid for longer than until its own end.
    guide = replace(facts.lines[1], segments=facts.lines[0].segments)
    assert [f.code for f in faults(replace(facts, lines=(facts.lines[0], guide)))] == ["paid_end"]


def test_a_product_that_leaves_its_suite_is_not_extended_without_it() -> None:
    facts = acme(bought("suite", "team", 6), scheduled=(waits(REMOVAL, "suite", leaving=("talk",)),))
    with pytest.raises(UndecidedConflict) as asked:
        quote(facts, [end("suite")], TODAY)
    assert [o.choice.value for o in asked.value.questions[0].options] == ["move", "drop", "leave"]


def test_a_suite_itself_may_end_as_planned() -> None:
    carried = (AppliedDiscount("TENTH", percent=Decimal(10)),)
    facts = acme(
        bought("suite", "team", 6, discounts=carried),
        bought("credits", "one", 1),
        scheduled=(waits(REMOVAL, "suite"),),
    )
    found = quote(facts, [end("suite")], TODAY)
    assert (found.due, [line.product for line in found.lines]) == (20000, ["credits"])


@pytest.mark.parametrize(
    "change",
    [AddOn("credits", "one", 1), ChangeEdition("support", "professional"), ChangeCycle(Cycle.MONTHLY)],
    ids=lambda change: change.code,
)
def test_other_changes_leave_its_end_alone(change: Change) -> None:
    found = quote(extended(), [change], TODAY)
    assert found.after.ends_early("guide") == YEAR.end
    assert faults(found.after) == ()
