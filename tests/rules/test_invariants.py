"""What must hold of any state, and of undoing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from accounts.rules.capabilities import AccountState
from billing.rules.changes import (
    AddSeats,
    Extend,
)
from billing.rules.facts import (
    Facts,
    ScheduledKind,
)
from billing.rules.invariants import InvariantFault, demand_undoable, faults, line_faults
from billing.rules.periods import Period
from billing.rules.quoting import quote, renewal
from billing.rules.tax import at_rate
from tests.rules.shop import TODAY, YEAR, acme, bought, nothing, saved, waits

QUANTITY, REMOVAL = ScheduledKind.QUANTITY, ScheduledKind.REMOVAL


def pair(**more: object) -> Facts:
    return acme(bought("support", "professional", 10), bought("talk", "team", 4), **more)


def test_what_waits_is_undone_for_nothing() -> None:
    for waiting in (waits(QUANTITY, "talk", quantity=2), waits(REMOVAL, "talk")):
        demand_undoable(pair(scheduled=(waiting,)), waiting)


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
    facts = replace(pair(), state=AccountState.SUSPENDED)
    coming = renewal(facts, date(2023, 11, 10))
    assert coming is not None
    after = saved(coming.after)
    assert after.lines[0].segments[-1].covers.start == date(2023, 11, 10)
    assert faults(after) == ()


def test_lines_that_must_not_be_charged() -> None:
    coming = renewal(pair(), TODAY)
    assert coming is not None
    first, second = coming.lines
    assert line_faults(coming.lines) == ()
    assert line_faults([first, second, first]) == (InvariantFault("charged_twice", "support"),)
    twice = replace(first, taxes=at_rate(Decimal(20)) * 2)
    assert line_faults([twice, second]) == (InvariantFault("taxed_twice", "support"),)
    assert line_faults([replace(first, amount=first.gross + 1)]) == (
        InvariantFault("above_full_price", "support"),
    )
    # A credit and a charge for the same days are no double, not even where both come to nothing.
    free = acme(bought("support", "team", 10, 0))
    assert line_faults(quote(free, [AddSeats("support", 11)], TODAY).lines) == ()
    assert line_faults(quote(pair(), [AddSeats("talk", 5)], TODAY).lines) == ()
