"""What a change was asked on, and what moved since."""

from dataclasses import replace
from datetime import date

from billing.rules.change_request_base import BaseDifference, BaseLine, base_of, moved
from billing.rules.changes import (
    AddProduct,
    AddSeats,
    Answer,
    ChangeCycle,
    ChangeEdition,
    Choice,
    CombineIntoSuite,
    Extend,
    ReduceSeats,
)
from billing.rules.facts import Facts, ScheduledKind
from billing.rules.periods import Cycle
from tests.rules import shop

RENEWS = date(2023, 10, 27)


def bought(quantity: int = 12, **fields: object) -> Facts:
    """Return Support Team × 12 and Talk Team × 3, annual until 27 October 2023."""
    lines = shop.bought("support", "team", quantity), shop.bought("talk", "team", 3)
    return shop.acme(*lines, **fields)


def test_a_base_keeps_only_the_lines_that_are_concerned() -> None:
    base = base_of(bought(), [AddSeats("support", 14)])
    assert base.lines == {"support": BaseLine("team", 12)}
    assert (base.cycle, base.renews_on, base.scheduled, base.chosen) == (Cycle.ANNUAL, None, (), ())
    assert base_of(bought(), [AddProduct("credits", "one", 3)]).lines == {}
    suite = base_of(bought(), [CombineIntoSuite("suite", "team", 12)])
    assert list(suite.lines) == ["support", "talk"]


def test_the_renewal_day_belongs_to_what_waits_for_it() -> None:
    for change in (ReduceSeats("support", 5), ChangeCycle(Cycle.MONTHLY), Extend()):
        assert base_of(bought(), [change]).renews_on == RENEWS
    assert base_of(bought(), [ChangeEdition("support", "professional")]).renews_on is None


def test_an_answer_keeps_what_it_was_about_and_the_seats_it_renews_with() -> None:
    """Five seats wait; fourteen are asked for now: renew with 5, with 5 + 2, or with 14."""
    waits = shop.waits(ScheduledKind.QUANTITY, "support", quantity=5)
    facts = bought(scheduled=(waits,))
    for choice, renews_with in ((Choice.KEEP, 5), (Choice.RAISE, 7), (Choice.DROP, 14)):
        answers = (
            Answer(ScheduledKind.CYCLE, None, Choice.KEEP if choice is Choice.RAISE else Choice.RAISE),
            Answer(ScheduledKind.QUANTITY, "support", Choice.MOVE),
            Answer(ScheduledKind.QUANTITY, "support", choice),
        )
        base = base_of(facts, [AddSeats("support", 14, answers)])
        assert [one.option.quantity for one in base.chosen] == [renews_with]
        assert base.chosen[0].scheduled.quantity == 5
        # Without what only the database gives, whatever it gave.
        assert base.scheduled == (waits,)
        again = replace(facts, scheduled=(replace(waits, id=77, version=9),))
        assert base_of(again, [AddSeats("support", 14, answers)]) == base


def test_what_moved_is_told_one_by_one() -> None:
    change = [ReduceSeats("support", 5)]
    then = base_of(bought(), change)
    assert moved(then, base_of(bought(), change)) == ()
    more = base_of(bought(13), change)
    assert moved(then, more) == (BaseDifference(BaseLine("team", 12), BaseLine("team", 13), "support"),)
    gone = base_of(replace(bought(), lines=()), change)
    assert moved(then, gone) == (BaseDifference(BaseLine("team", 12), None, "support"),)
    assert moved(gone, then) == (BaseDifference(None, BaseLine("team", 12), "support"),)
    monthly = replace(then, cycle=Cycle.MONTHLY, renews_on=date(2023, 11, 27))
    assert moved(then, monthly) == (
        BaseDifference(Cycle.ANNUAL, Cycle.MONTHLY),
        BaseDifference(RENEWS, date(2023, 11, 27)),
    )


def test_what_waits_may_come_go_and_differ_but_its_day_alone_is_the_renewals() -> None:
    change = [AddSeats("support", 14)]
    waits = shop.waits(ScheduledKind.QUANTITY, "support", quantity=5)
    none, five = base_of(bought(), change), base_of(bought(scheduled=(waits,)), change)
    six = base_of(bought(scheduled=(replace(waits, quantity=6),)), change)
    later = base_of(bought(scheduled=(replace(waits, takes_effect_on=date(2024, 10, 27)),)), change)
    (old,), (new,) = five.scheduled, six.scheduled
    assert moved(none, five) == (BaseDifference(None, old, "support"),)
    assert moved(five, none) == (BaseDifference(old, None, "support"),)
    assert moved(five, six) == (BaseDifference(old, new, "support"),)
    assert moved(five, later) == ()
    # What stands before another that moved hides it not.
    talk = shop.waits(ScheduledKind.QUANTITY, "talk", quantity=2)
    both = replace(five, scheduled=(*five.scheduled, talk))
    one = replace(talk, quantity=1)
    assert moved(both, replace(both, scheduled=(*later.scheduled, one))) == (
        BaseDifference(talk, one, "talk"),
    )
