"""An extension that lets a product end as planned: what is charged, when it ends, what keeping it costs.

Acme's year ends on 27 October 2023: Support Team × 10 at 2.00 and Guide × 3 at 0.80, whose removal waits.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.rules import refusals
from billing.rules.changes import (
    AddProduct,
    AddSeats,
    Change,
    CombineIntoSuite,
    Extend,
    KeepProduct,
    ReduceSeats,
    RemoveProduct,
)
from billing.rules.conflicts import resolve
from billing.rules.ending import ending
from billing.rules.facts import (
    DiscountFacts,
    DiscountSource,
    Facts,
    LineFacts,
    ScheduledKind,
)
from billing.rules.invariants import demand_undoable, faults
from billing.rules.periods import Period
from billing.rules.quoting import quote
from billing.rules.refusals import Refusal
from billing.rules.taxation import Taxation, TaxBuyer, TaxSeller
from tests.rules.shop import (
    RISING,
    TODAY,
    YEAR,
    acme,
    answered,
    bought,
    codes,
    nothing,
    saved,
    waits,
)

REMOVAL, QUANTITY = ScheduledKind.REMOVAL, ScheduledKind.QUANTITY
NEXT = Period(YEAR.end, date(2024, 10, 27))
LAST_DAY = date(2023, 10, 26)
SUPPORT = bought("support", "team", 10)
GUIDE = bought("guide", "standard", 3, seats_in_use=2)
TEAM = 10 * 200 * 12
OF_GUIDE = 3 * 80 * 12


def end(*products: str) -> Extend:
    """Extend, and let products end as planned."""
    return Extend(tuple(one for product in products for one in answered(REMOVAL, product, "end")))


def going(*more: LineFacts, **fields: object) -> Facts:
    """Return Acme whose Guide goes at the renewal."""
    scheduled = (waits(REMOVAL, "guide"), *fields.pop("scheduled", ()))  # type: ignore[misc]
    return acme(SUPPORT, GUIDE, *more, scheduled=scheduled, **fields)


def extended(facts: Facts | None = None) -> Facts:
    """Return Acme extended without its Guide."""
    return saved(quote(facts or going(), [end("guide")], TODAY).after)


def test_the_others_are_extended_and_the_product_ends_on_its_day() -> None:
    found = quote(going(), [end("guide")], TODAY)
    # 10 × 2.00 × 12; with Guide it would be 268.80.
    assert [(line.product, line.covers, line.amount) for line in found.lines] == [("support", NEXT, TEAM)]
    assert found.due == TEAM == 24000
    (removal,) = found.scheduled
    assert (removal.takes_effect_on, found.after.renews_on) == (YEAR.end, NEXT.end)
    told = {n.code: n.data for n in found.notices}
    assert told["ends_as_planned"] == {"product": "guide", "on": YEAR.end, "used": 2}
    assert "scheduled_moves" not in told
    # The renewal is Support alone, and Guide's removal saves it there as it did before.
    assert [(one.product, one.amount) for one in found.renewal.lines] == [("support", TEAM)]
    assert found.renewal.effect(removal) == -OF_GUIDE
    assert faults(found.after) == ()
    guide = found.after.line("guide")
    assert guide is not None
    assert guide.segments == going().line("guide").segments  # type: ignore[union-attr]


def test_it_ends_by_itself_and_nothing_is_charged_for_it() -> None:
    facts = extended()
    assert (facts.due_on, facts.paid_end("guide"), facts.paid_end("support")) == (
        YEAR.end,
        YEAR.end,
        NEXT.end,
    )
    found = ending(facts)
    assert found is not None
    assert (found.on, [line.product for line in found.lines]) == (YEAR.end, ["guide"])
    after = found.after
    assert ([line.product for line in after.lines], after.scheduled) == (["support"], ())
    assert (after.version, after.due_on, faults(after)) == (facts.version + 1, NEXT.end, ())
    assert ending(after) is None
    # Nothing is priced on its day before it ended: then it is bought again, 361 of 366 days from 1 November.
    with pytest.raises(refusals.RenewalDue) as due:
        quote(facts, [AddSeats("support", 11)], YEAR.end)
    assert due.value.data == {"due": YEAR.end}
    with pytest.raises(refusals.RenewalParked):
        quote(replace(facts, parked=True), [AddSeats("support", 11)], YEAR.end)
    assert quote(facts, [AddSeats("support", 11)], LAST_DAY).due == 72 - 66 + 2400
    again = quote(after, [AddProduct("guide", "standard", 3)], date(2023, 11, 1))
    assert again.due == round(OF_GUIDE * 361 / 366) == 2841


def test_without_such_an_answer_nothing_ends_before_the_renewal() -> None:
    assert ending(going()) is None
    assert ending(nothing()) is None
    trial = replace(nothing(), lines=(LineFacts("support", "team", 3, 200),))
    assert (ending(trial), trial.ends_early("support")) == (None, None)
    moved = saved(quote(going(), [Extend(answered(REMOVAL, "guide", "move"))], TODAY).after)
    assert (ending(moved), moved.due_on) == (None, NEXT.end)


def test_undoing_it_would_leave_days_unpaid_so_keeping_it_buys_them() -> None:
    facts = extended()
    removal = facts.waiting(REMOVAL, "guide")
    assert removal is not None
    with pytest.raises(refusals.EndsEarlier) as refused:
        demand_undoable(facts, removal)
    assert refused.value.data == {"product": "guide", "on": YEAR.end, "until": NEXT.end}
    found = quote(facts, [KeepProduct("guide")], LAST_DAY)
    # 3 × 0.80 × 12, the year that the others were extended by: the same on every day until then.
    assert [(line.product, line.covers, line.amount) for line in found.lines] == [("guide", NEXT, OF_GUIDE)]
    assert found.lines[0].because == ("keep_product",)
    assert found.due == OF_GUIDE == 2880
    assert (found.scheduled, faults(found.after)) == ((), ())
    assert "scheduled_dropped" in codes(found)
    assert [one.product for one in found.renewal.lines] == ["support", "guide"]
    # Together they cost what extending both had cost.
    both = quote(going(), [Extend(answered(REMOVAL, "guide", "drop"))], TODAY)
    assert both.due == TEAM + OF_GUIDE


def test_only_what_ends_before_the_renewal_is_kept_by_buying_it() -> None:
    with pytest.raises(refusals.NoChange) as refused:
        quote(acme(SUPPORT, GUIDE), [KeepProduct("guide")], TODAY)
    assert refused.value.data == {"product": "guide"}
    with pytest.raises(refusals.NoSuchLine):
        quote(going(), [KeepProduct("talk")], TODAY)
    # Where its removal waits for the renewal, that is dropped for nothing.
    found = quote(going(), [KeepProduct("guide")], TODAY)
    assert (found.lines, found.due, found.scheduled) == ((), 0, ())
    assert [one.product for one in found.renewal.lines] == ["support", "guide"]
    assert [notice.code for notice in found.notices] == ["scheduled_dropped"]


def test_what_is_kept_bears_the_taxes_of_the_day_on_which_it_is_kept() -> None:
    """TVA rises to 22 % on 1 July 2024 (an invented table), in the middle of the days that are bought."""
    known = Taxation(TaxSeller("FR"), TaxBuyer("FR"), RISING)
    found = quote(replace(extended(), taxation=known), [KeepProduct("guide")], LAST_DAY)
    assert [[tax.rate for tax in line.taxes] for line in found.lines] == [[Decimal("20.6")]]


def test_a_kept_product_keeps_its_own_price_until_the_vendor_ends_it() -> None:
    own = bought("guide", "standard", 3, 50)
    for ends_on, unit, told in ((None, 50, []), (YEAR.end, 80, ["price_ends"])):
        line = replace(own, price_ends_on=ends_on)
        facts = extended(acme(SUPPORT, line, scheduled=(waits(REMOVAL, "guide"),)))
        found = quote(facts, [KeepProduct("guide")], TODAY)
        assert found.due == 3 * unit * 12
        assert [code for code in codes(found) if code != "scheduled_dropped"] == told
    # The extension without it said nothing of its price.
    facts = acme(SUPPORT, replace(own, price_ends_on=YEAR.end), scheduled=(waits(REMOVAL, "guide"),))
    assert "price_ends" not in codes(quote(facts, [end("guide")], TODAY))


def test_an_extension_counts_codes_and_shares_amounts_without_it() -> None:
    """10 % for ever, 50 % on Guide for one period, 6.00 for two: the code of Guide waits, untaken."""
    tenth = DiscountFacts("TENTH", DiscountSource.COUPON, percent=Decimal(10), order=1)
    own = DiscountFacts(
        "OWN", DiscountSource.PROMO, percent=Decimal(50), products=("guide",), periods_left=1, order=2
    )
    off = DiscountFacts("OFF", DiscountSource.PROMO, amount=600, periods_left=2, order=3)
    facts = going(discounts=(tenth, own, off))
    made = quote(facts, [end("guide")], TODAY)
    # 240.00 less 10 % less 6.00, all of it on Support
    assert made.due == 24000 - 2400 - 600
    assert {d.code: d.periods_left for d in made.after.discounts} == {"TENTH": None, "OWN": 1, "OFF": 1}
    kept = quote(saved(made.after), [KeepProduct("guide")], TODAY)
    # 28.80 less 10 %, less half; the fixed amount was shared, and nothing is counted twice.
    assert kept.due == 1296
    assert {d.code: d.periods_left for d in kept.after.discounts} == {"TENTH": None, "OWN": 1, "OFF": 1}


def test_a_line_that_ends_earlier_is_changed_for_its_own_days_only() -> None:
    facts = extended()
    # 2 × 0.80 × 12 × 105/365 and not another year of them.
    more = quote(facts, [AddSeats("guide", 5, answered(REMOVAL, "guide", "keep"))], TODAY)
    assert more.due == round(5 * 960 * 105 / 365) - round(OF_GUIDE * 105 / 365)
    assert faults(more.after) == ()
    # Who keeps it with more seats buys the rest for all of them.
    dropped = quote(facts, [AddSeats("guide", 5, answered(REMOVAL, "guide", "drop"))], TODAY)
    assert dropped.due == more.due + 5 * 80 * 12
    assert (dropped.scheduled, faults(dropped.after)) == ((), ())
    fewer = quote(facts, [ReduceSeats("guide", 2, answered(REMOVAL, "guide", "drop"))], TODAY)
    assert fewer.due == OF_GUIDE
    assert [(s.kind, s.takes_effect_on) for s in fewer.scheduled] == [(QUANTITY, NEXT.end)]
    # Nothing is bought twice where it goes into a Suite: that has both terms, Guide one.
    suite = quote(facts, [CombineIntoSuite("suite", "team", 10, answered(REMOVAL, "guide", "drop"))], TODAY)
    assert [line.product for line in suite.after.lines] == ["suite"]
    assert [(one.kind.value, one.product, one.covers.start) for one in suite.lines] == [
        ("credit", "support", TODAY),
        ("credit", "support", YEAR.end),
        ("credit", "guide", TODAY),
        ("charge", "suite", TODAY),
        ("charge", "suite", YEAR.end),
    ]
    assert faults(suite.after) == ()


REFUSED: list[tuple[list[Change], type[Refusal]]] = [
    ([Extend()], refusals.ExtensionAhead),
    ([RemoveProduct("guide")], refusals.AlreadyScheduled),
    ([RemoveProduct("support")], refusals.LastProduct),
    ([KeepProduct("guide"), KeepProduct("guide")], refusals.Contradiction),
    ([KeepProduct("guide"), RemoveProduct("guide")], refusals.Contradiction),
    ([KeepProduct("guide"), CombineIntoSuite("suite", "team", 10)], refusals.Contradiction),
]


@pytest.mark.parametrize(("changes", "why"), REFUSED, ids=lambda value: getattr(value, "code", None))
def test_what_is_refused_beside_it(changes: list[Change], why: type[Refusal]) -> None:
    with pytest.raises(why):
        quote(extended(), changes, TODAY)


def test_an_addon_is_not_left_without_what_it_needs() -> None:
    """Copilot is moved, Support ends as planned: for a year Copilot would stand alone."""
    facts = acme(
        SUPPORT,
        GUIDE,
        bought("copilot", "one", 6),
        scheduled=(waits(REMOVAL, "support"), waits(REMOVAL, "copilot")),
    )
    moves = Extend((*answered(REMOVAL, "support", "end"), *answered(REMOVAL, "copilot", "move")))
    with pytest.raises(refusals.Requires) as refused:
        quote(facts, [moves], TODAY)
    assert refused.value.data["product"] == "copilot"
    both = quote(facts, [end("support", "copilot")], TODAY)
    assert [line.product for line in both.lines] == ["guide"]
    found = ending(both.after)
    assert found is not None
    assert [line.product for line in found.lines] == ["support", "copilot"]


def test_one_answer_serves_all_that_meets_the_removal() -> None:
    """Two seats of Guide are added while it is let end, or moved: bought for its own days, or for both."""
    for choice, periods in (("end", 0), ("move", 1)):
        answers = answered(REMOVAL, "guide", choice)
        found = quote(going(), [AddSeats("guide", 5, answers), Extend(answers)], TODAY)
        now = round(5 * 960 * 105 / 365) - round(OF_GUIDE * 105 / 365)
        assert found.due == now + TEAM + periods * 5 * 80 * 12
        assert faults(found.after) == ()


def test_what_another_change_drops_does_not_end() -> None:
    """Seats are added and the removal dropped in the same change: then there is nothing to let end."""
    changes = [
        Extend(answered(REMOVAL, "guide", "end")),
        AddSeats("guide", 5, answered(REMOVAL, "guide", "drop")),
    ]
    assert resolve(going(), changes).ending == ()
    assert {
        line.product
        for line in quote(going(), changes, TODAY).after.lines
        if line.segments[-1].covers == NEXT
    } == {
        "support",
        "guide",
    }
