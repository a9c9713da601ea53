"""Random lives of a subscription beside a plain account of what was charged, day by day.

Hypothesis prints the seed of a failing life; what it finds becomes a plain test beside this.
"""

import os
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from billing.rules.changes import (
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
    ReduceSeats,
    RemoveProduct,
    UsePromoCode,
)
from billing.rules.differences import holds
from billing.rules.ending import ending
from billing.rules.facts import (
    DiscountFacts,
    DiscountSource,
    Facts,
    LineFacts,
    PromoFacts,
    ScheduledKind,
)
from billing.rules.invariants import demand_undoable, faults, line_faults
from billing.rules.lines import LineKind, PricedLine
from billing.rules.periods import Cycle, Segment, add_months, months_between
from billing.rules.quoting import PricedQuote, UndecidedConflict, quote, renewal
from billing.rules.refusals import Refusal, RenewalDue
from billing.rules.settlement import Settlement, settle
from billing.rules.tax import AppliedTax
from tests.rules.shop import CATALOGUE, ids_of, nothing, saved
from tests.rules.tax_oracle import TAXATIONS, rounded_tax, tax_bases, taxes_of_the_day

# How many lives each property sees; `LIVES=5000` for a night of them.
LIVES = int(os.environ.get("LIVES", "150"))
PROMOS = (
    PromoFacts("HALF", percent=Decimal(50), periods=1),
    PromoFacts("SIXTH", percent=Decimal("16.67"), periods=3, products=("talk", "suite")),
    PromoFacts("OFF", amount=777, periods=2),
    PromoFacts("OWN", percent=Decimal(50), periods=1, products=("support",)),
    PromoFacts("OWNOFF", amount=500, periods=1, products=("support", "talk")),
)
COUPONS = (
    DiscountFacts("TENTH", DiscountSource.COUPON, percent=Decimal(10), order=1),
    DiscountFacts("GIFT", DiscountSource.COUPON, amount=333, periods_left=4, order=2),
)


class Life:
    """One subscription and, kept apart from it, all that was ever charged and credited."""

    def __init__(self, facts: Facts) -> None:
        """Begin with nothing bought."""
        self.facts = facts
        self.invoiced = 0
        self.collected = 0
        self.totals = 0
        self.opening_balance = facts.balance
        self.gone: list[Segment] = []
        self.temporary = 0
        self.taxed: Counter[AppliedTax] = Counter()
        self.highest = max([0, *ids_of(facts)])

    def carry_out(
        self,
        after: Facts,
        lines: tuple[PricedLine, ...],
        paid: Settlement,
        closed: tuple[LineFacts, ...] = (),
    ) -> None:
        """Go to the next state; keep apart the segments that are no longer part of it."""
        before = self.facts
        live = {s.id for line in after.lines for s in line.segments}
        cut = {s.id: s for line in closed for s in line.segments}
        ended = {line.id: line for line in before.lines if after.line(line.product) is None}
        for line in before.lines:
            for segment in line.segments:
                # A segment that had not begun is credited whole and gone; the rest was served.
                if segment.id not in live and (segment.id in cut or (line.id in ended and not closed)):
                    self.gone.append(cut.get(segment.id, segment))
        self.temporary += sum(t.charged for t in after.temporary if t.id is None)
        self.invoiced += sum(line.amount for line in lines)
        self.bears(lines, paid)
        self.collected += paid.due
        self.totals += paid.total
        self.facts = saved(after, above=self.highest)
        self.highest = max([self.highest, *ids_of(self.facts)])
        assert self.facts.version == before.version + 1

    def bears(self, lines: tuple[PricedLine, ...], paid: Settlement) -> None:
        """Check each tax of an invoice by decimals, and count what it was on."""
        for line in lines:
            for tax in line.taxes:
                # Temporary seats leave no segment.
                self.taxed[tax] += 0 if line.kind is LineKind.TEMPORARY else line.amount
        bases = tax_bases(lines)
        assert {row.tax: (row.base, row.amount) for row in paid.taxes} == {
            tax: (base, rounded_tax(base, tax.rate)) for tax, base in bases.items()
        }
        assert len(paid.taxes) == len(bases), "one row for each tax and rate"
        assert paid.total == sum(line.amount for line in lines) + sum(row.amount for row in paid.taxes)

    def holds(self) -> None:
        """Check the books, and that each day of each line is paid exactly once."""
        facts = self.facts
        assert faults(facts) == ()
        segments = [*self.gone, *(s for line in facts.lines for s in line.segments)]
        assert all(0 <= s.credited <= s.charged for s in segments)
        assert self.collected == self.totals + facts.balance - self.opening_balance
        assert self.invoiced == sum(s.charged - s.credited for s in segments) + self.temporary
        kept: Counter[AppliedTax] = Counter()
        for segment in segments:
            for tax in segment.taxes:
                kept[tax] += segment.charged - segment.credited
        assert {t: n for t, n in self.taxed.items() if n} == {t: n for t, n in kept.items() if n}
        for line in facts.lines:
            # Of what was for other products nothing goes on, also where it is used up.
            assert all(applied.covers(line.product) for s in line.segments for applied in s.discounts)
            days = [
                d for s in line.segments for d in range(s.covers.start.toordinal(), s.covers.end.toordinal())
            ]
            assert len(days) == len(set(days)), "a day is paid twice"
            assert max(days) - min(days) + 1 == len(days), "a day is not paid"
            assert max(days) + 1 == facts.paid_end(line.product).toordinal()
        assert (
            add_months(facts.first_day, months_between(facts.first_day, facts.renews_on)) == facts.renews_on
        )


def edition_of(draw: st.DrawFn, product: str) -> str:
    return draw(st.sampled_from([edition.key for edition in CATALOGUE[product].editions]))


@st.composite
def any_change(draw: st.DrawFn, facts: Facts, today: date) -> Change:
    """Return a change that fits often and not always: the rules must price or refuse it."""
    line = draw(st.sampled_from(facts.lines))
    inside = st.sampled_from((line.product, *CATALOGUE[line.product].includes))
    other = draw(st.sampled_from(sorted(CATALOGUE)))
    quantity = draw(st.integers(1, 40))
    more, fewer = line.quantity + quantity, max(line.quantity - quantity, 1)
    kind = draw(st.sampled_from(range(13)))
    return (
        AddSeats(line.product, more),
        ReduceSeats(line.product, fewer),
        ChangeEdition(line.product, edition_of(draw, line.product)),
        AddProduct(other, edition_of(draw, other), quantity),
        AddOn(draw(st.sampled_from(("copilot", "credits"))), "one", quantity),
        RemoveProduct(draw(inside)),
        CombineIntoSuite("suite", edition_of(draw, "suite"), quantity),
        ChangeCycle(draw(st.sampled_from(Cycle))),
        Extend(),
        BuyTemporarySeats(line.product, quantity, today + timedelta(days=quantity), 9 * quantity),
        UsePromoCode(draw(st.sampled_from(PROMOS)).code),
        KeepProduct(line.product),
        GiveBackSeats(line.product, max(line.quantity - draw(st.integers(1, 3)), 1)),
    )[kind]


def decided(data: DataObject, facts: Facts, changes: list[Change], on: date) -> PricedQuote | None:
    """Return the quote with a random answer to each question, or None where it is refused."""
    for _ in range(4):
        try:
            return quote(facts, changes, on)
        except Refusal as refused:
            event(f"refused: {refused.code}")
            return None
        except UndecidedConflict as asked:
            for question in asked.questions:
                choice = data.draw(st.sampled_from(question.options)).choice
                answer = Answer(*question.scheduled.slot, choice)
                place = next(
                    i
                    for i, c in enumerate(changes)
                    if replace(c, answers=()) == replace(question.change, answers=())
                )
                changes[place] = replace(changes[place], answers=(*changes[place].answers, answer))
    raise AssertionError("answered questions are asked again")


def begin(data: DataObject) -> tuple[Life, date]:
    """Buy something for the first time."""
    today = data.draw(st.dates(date(2023, 1, 1), date(2025, 3, 31)))
    facts = nothing(
        promos=PROMOS,
        discounts=data.draw(st.sampled_from(((), COUPONS, COUPONS[:1]))),
        taxation=data.draw(st.sampled_from(TAXATIONS)),
        currency=data.draw(st.sampled_from(("USD", "JPY", "BHD"))),
    )
    life = Life(saved(facts))
    items = data.draw(
        st.sampled_from(
            (
                (Item("support", "team", 3), Item("talk", "team", 2)),
                (Item("suite", "team", 5), Item("copilot", "one", 5)),
                (Item("support", "professional", 7), Item("guide", "standard", 1), Item("credits", "one", 1)),
            )
        )
    )
    found = quote(life.facts, [FirstPurchase(data.draw(st.sampled_from(Cycle)), items)], today)
    step(life, found)
    return life, today


def step(life: Life, found: PricedQuote) -> None:
    """Carry out a quote and check what it promised."""
    before = life.facts
    settlement = found.settlement
    assert settlement.balance_after == before.balance - settlement.total + settlement.due
    assert found.after.balance == settlement.balance_after
    assert settlement.subtotal == sum(line.amount for line in found.lines)
    for line in found.lines:
        assert line.gross + sum(share.amount for share in line.discounts) == line.amount
        assert line.amount * (-1 if line.kind.value == "credit" else 1) >= 0
        # What is given back is charged anew as it was: with the taxes of its day.
        if line.kind is not LineKind.CREDIT and line.because != (ChangeKind.GIVE_BACK_SEATS,):
            assert {(tax.name, tax.rate) for tax in line.taxes} == taxes_of_the_day(before.taxation, found.on)
    assert found.version == before.version
    life.carry_out(found.after, found.lines, settlement, found.closed)
    coming = renewal(life.facts, found.on)
    assert coming is not None
    assert coming.amount == found.renewal.amount, "the renewal after the change is the one that was shown"


def renew(life: Life, on: date) -> bool:
    """Carry out what is due next, an ending or the renewal; tell whether the subscription goes on."""
    coming = renewal(life.facts, on)
    assert coming is not None
    if ended := ending(life.facts):
        event("a line ended before the renewal")
        assert ended.on == life.facts.due_on <= on
        life.carry_out(ended.after, (), settle((), balance=life.facts.balance, smallest=0))
        after = renewal(life.facts, on)
        assert after is not None
        assert after.lines == coming.lines, "an ending changes nothing about the renewal"
        return True
    assert coming.on == life.facts.renews_on
    if coming.ends:
        return False
    assert line_faults(coming.lines) == ()
    for line in coming.lines:
        assert {(tax.name, tax.rate) for tax in line.taxes} == taxes_of_the_day(
            life.facts.taxation, coming.on
        )
    assert coming.discounts == () or sum(d.amount for d in coming.discounts) == sum(
        line.amount - line.gross for line in coming.lines
    )
    life.carry_out(coming.after, coming.lines, coming.settlement)
    return True


@settings(max_examples=LIVES)
@given(data=st.data())
def test_every_day_is_paid_once_and_no_money_is_lost(data: DataObject) -> None:
    life, today = begin(data)
    life.holds()
    go_on(data, life, today)


@settings(max_examples=LIVES)
@given(data=st.data())
def test_a_life_goes_on_beside_a_line_that_an_extension_was_made_without(data: DataObject) -> None:
    """A removal waits, and the extension lets it be: the same books hold while it ends, or is kept."""
    life, today = begin(data)
    gone = data.draw(st.sampled_from(life.facts.lines)).product
    without = Extend((Answer(ScheduledKind.REMOVAL, gone, Choice.END),))
    for change in (RemoveProduct(gone), without):
        found = decided(data, life.facts, [change], today)
        if found is None:
            return
        step(life, found)
        life.holds()
    assert life.facts.ends_early(gone) == life.facts.due_on
    go_on(data, life, today, first=data.draw(st.sampled_from((None, KeepProduct(gone)))))


def go_on(
    data: DataObject, life: Life, today: date, first: KeepProduct | None = None, *, most: int = 10
) -> date | None:
    """Take random steps on random days, beginning with `first`; return the last day, None where it ended."""
    for count in range(data.draw(st.integers(1, most))):
        today += timedelta(days=data.draw(st.integers(0, 60)))
        while today >= life.facts.due_on:
            if not renew(life, today):
                return None
            life.holds()
        changes = data.draw(st.lists(any_change(life.facts, today), min_size=1, max_size=3))
        if first is not None and count == 0 and life.facts.line(first.product) is not None:
            changes = [first]
        before = life.facts
        found = decided(data, before, changes, today)
        assert life.facts == before, "a preview changes nothing"
        if found is None:
            continue
        event(f"made: {'+'.join(sorted(c.code for c in found.changes))}")
        again = quote(before, changes, today)
        assert holds(found, again)
        step(life, found)
        life.holds()
    return today


@settings(max_examples=LIVES)
@given(data=st.data())
def test_undoing_what_was_scheduled_gives_back_what_was(data: DataObject) -> None:
    life, today = begin(data)
    changes = data.draw(st.lists(any_change(life.facts, today), min_size=1, max_size=2))
    made = decided(data, life.facts, changes, today)
    if made is not None:
        step(life, made)
    before = life.facts
    change = data.draw(
        st.sampled_from(
            (
                *(ReduceSeats(line.product, 1) for line in before.lines),
                *(ChangeEdition(line.product, "team") for line in before.lines),
                *(RemoveProduct(line.product) for line in before.lines),
                RemoveProduct("talk"),
                *(ChangeCycle(cycle) for cycle in Cycle),
            )
        )
    )
    try:
        after = quote(before, [change], today).after
    except (Refusal, UndecidedConflict):
        return
    new = [s for s in after.scheduled if s not in before.scheduled]
    if not new:
        return
    (scheduled,) = new
    demand_undoable(after, scheduled)
    rest = tuple(one for one in after.scheduled if one.slot != scheduled.slot)
    assert replace(after, scheduled=rest, version=before.version) == before


@settings(max_examples=LIVES)
@given(data=st.data())
def test_a_what_if_is_the_quote_of_that_day(data: DataObject) -> None:
    """The same facts on any day before the renewal; the later, the less is due, and renewal stays."""
    life, today = begin(data)
    line = life.facts.lines[0]
    change = AddSeats(line.product, line.quantity + data.draw(st.integers(1, 40)))
    left = (life.facts.renews_on - today).days
    days = sorted(data.draw(st.lists(st.integers(0, left - 1), min_size=2, max_size=5)))
    found = [quote(life.facts, [change], today + timedelta(days=d)) for d in days]
    nets = [q.settlement.subtotal for q in found]
    assert all(earlier >= later - 1 for earlier, later in pairwise(nets))
    assert len({q.renewal.settlement.subtotal for q in found}) == 1
    with pytest.raises(RenewalDue):
        quote(life.facts, [change], life.facts.renews_on)
