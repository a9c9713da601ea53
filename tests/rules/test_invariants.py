"""The next state, undoing, and what must hold of any state."""

from dataclasses import replace
from datetime import date

import pytest

from billing.rules.changes import (
    AddSeats,
    Extend,
    ReduceSeats,
)
from billing.rules.facts import (
    Facts,
    ScheduledKind,
)
from billing.rules.invariants import InvariantFault, apply, faults, line_faults, renewed, undone
from billing.rules.periods import Period
from billing.rules.quoting import quote, renewal
from billing.rules.refusals import NoChange, TooLate
from tests.rules.shop import TODAY, YEAR, acme, bought, nothing, saved, waits

QUANTITY, REMOVAL = ScheduledKind.QUANTITY, ScheduledKind.REMOVAL


def pair(**more: object) -> Facts:
    return acme(bought("support", "professional", 10), bought("talk", "team", 4), **more)


def test_a_quote_is_carried_out_on_the_state_it_was_drawn_up_for() -> None:
    facts = pair()
    found = quote(facts, [AddSeats("talk", 5)], TODAY)
    assert apply(facts, found) == found.after
    with pytest.raises(ValueError, match="the quote is for version 7, this is 8"):
        apply(found.after, found)


def test_a_renewal_is_carried_out() -> None:
    coming = renewal(pair(), TODAY)
    assert coming is not None
    assert renewed(pair(), TODAY) == coming.after
    with pytest.raises(ValueError, match=r"^nothing has been bought: nothing renews$"):
        renewed(nothing(), TODAY)


def test_undo_gives_back_what_was() -> None:
    facts = pair()
    waiting = quote(facts, [ReduceSeats("talk", 2)], TODAY).after
    assert replace(undone(waiting, QUANTITY, "talk", TODAY), version=facts.version) == facts
    assert undone(waiting, QUANTITY, "talk", TODAY).version == waiting.version + 1
    assert undone(waiting, QUANTITY, "talk", date(2023, 10, 26)).scheduled == ()
    with pytest.raises(TooLate) as late:
        undone(waiting, QUANTITY, "talk", YEAR.end)
    assert late.value.data == {"kind": "quantity", "product": "talk", "on": YEAR.end}
    with pytest.raises(NoChange) as none:
        undone(facts, QUANTITY, "talk", TODAY)
    assert none.value.data == {"kind": "quantity", "product": "talk"}


def test_undo_leaves_what_else_waits() -> None:
    facts = pair(scheduled=(waits(QUANTITY, "talk", quantity=2), waits(QUANTITY, "support", quantity=5)))
    assert undone(facts, QUANTITY, "talk", TODAY).scheduled == facts.scheduled[1:]


# --- What must hold


def test_a_sound_state_has_no_fault() -> None:
    assert faults(pair()) == ()
    assert faults(nothing()) == ()
    extended = saved(quote(pair(), [Extend()], TODAY).after)
    assert faults(extended) == ()


def broken(**segment: object) -> Facts:
    """Return Acme with Talk's only segment changed."""
    facts = pair()
    talk = facts.lines[1]
    return replace(
        facts,
        lines=(facts.lines[0], replace(talk, segments=(replace(talk.segments[0], **segment),))),  # type: ignore[arg-type]
    )


def lines_of(*covers: Period) -> Facts:
    facts = pair()
    talk = facts.lines[1]
    parts = tuple(replace(talk.segments[0], covers=c) for c in covers)
    return replace(facts, lines=(facts.lines[0], replace(talk, segments=parts)))


FIRST, SECOND = YEAR.until_day(TODAY), YEAR.from_day(TODAY)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (broken(credited=4801), [InvariantFault("over_credited", "talk")]),
        (broken(credited=-1), [InvariantFault("over_credited", "talk")]),
        (broken(credited=4800), []),
        (broken(term=FIRST), [InvariantFault("outside_term", "talk")]),
        (broken(term=SECOND), [InvariantFault("outside_term", "talk")]),
        (lines_of(), [InvariantFault("paid_end", "talk")]),
        (lines_of(FIRST), [InvariantFault("paid_end", "talk")]),
        (lines_of(SECOND), []),
        (lines_of(SECOND, FIRST), []),
        (lines_of(FIRST, FIRST, SECOND), [InvariantFault("overlap", "talk")]),
        (lines_of(FIRST, YEAR.from_day(date(2023, 7, 15))), [InvariantFault("gap", "talk")]),
        (
            lines_of(Period(date(2022, 1, 1), YEAR.start), SECOND),
            [InvariantFault("outside_term", "talk"), InvariantFault("gap", "talk")],
        ),
        (
            lines_of(Period(date(2022, 1, 1), date(2022, 10, 26)), YEAR),
            [InvariantFault("outside_term", "talk")],
        ),
        (replace(pair(), lines=(*pair().lines, pair().lines[0])), [InvariantFault("two_lines", "support")]),
        (
            replace(pair(), scheduled=(waits(QUANTITY, "guide", quantity=1),)),
            [InvariantFault("scheduled_elsewhere", "guide")],
        ),
        (
            replace(pair(), scheduled=(waits(ScheduledKind.CANCELLATION, takes_effect_on=TODAY),)),
            [InvariantFault("scheduled_elsewhere")],
        ),
        (replace(pair(), scheduled=(waits(ScheduledKind.CANCELLATION),)), []),
        (
            nothing(scheduled=(waits(QUANTITY, "talk", quantity=1),)),
            [InvariantFault("scheduled_elsewhere", "talk")],
        ),
        (
            replace(pair(), lines=tuple(replace(line, quantity=0) for line in pair().lines)),
            [InvariantFault("quantity", "support"), InvariantFault("quantity", "talk")],
        ),
        (replace(pair(), anchor=date(2022, 10, 1)), [InvariantFault("period_off_anchor")]),
        (replace(pair(), period=Period(YEAR.end, YEAR.end)), [InvariantFault("period_off_anchor")]),
    ],
)
def test_a_fault(facts: Facts, found: list[InvariantFault]) -> None:
    assert list(faults(facts)) == found


def test_days_of_a_suspension_are_no_gap() -> None:
    """Paid until 27 October, suspended, resumed on 10 November: the days between were not served."""
    facts = replace(pair(), state="suspended")
    after = saved(renewed(facts, date(2023, 11, 10)))
    assert after.lines[0].segments[-1].covers.start == date(2023, 11, 10)
    assert faults(after) == ()


def test_lines_that_must_not_be_charged() -> None:
    coming = renewal(pair(), TODAY)
    assert coming is not None
    first, second = coming.lines
    assert line_faults(coming.lines) == ()
    assert line_faults([first, second, first]) == (InvariantFault("charged_twice", "support"),)
    assert line_faults([replace(first, amount=first.gross + 1)]) == (
        InvariantFault("above_full_price", "support"),
    )
    # A credit and a charge for the same days are no double, not even where both come to nothing.
    free = acme(bought("support", "team", 10, 0))
    assert line_faults(quote(free, [AddSeats("support", 11)], TODAY).lines) == ()
    assert line_faults(quote(pair(), [AddSeats("talk", 5)], TODAY).lines) == ()
