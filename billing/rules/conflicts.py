"""A new change meets one that waits for renewal: every pair, and what the person may choose.

The one table for it (domain.md 5, "When changes meet"). Nothing that waits is dropped in silence:
where a pair has no default the page asks, and the choice comes back inside the new change.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from billing.rules import changes as new
from billing.rules.changes import Answer, Change, Choice
from billing.rules.facts import Facts, LineFacts, ScheduledFacts, ScheduledKind
from billing.rules.refusals import CancellationScheduled


@dataclass(frozen=True, slots=True)
class ConflictRule:
    """What happens where two changes meet: the choices, the one taken unasked, or a refusal."""

    choices: tuple[Choice, ...] = ()
    default: Choice | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A choice, with the seats or the edition the line renews with where that is the question."""

    choice: Choice
    quantity: int | None = None
    edition: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask where a new change meets one that waits; the first option is the proposed one."""

    scheduled: ScheduledFacts
    change: Change
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """The changes that are made, what still waits beside them, and what must be asked first.

    `ending` are removals that keep their day though the renewal moves: an extension is made without them.
    """

    changes: tuple[Change, ...]
    scheduled: tuple[ScheduledFacts, ...]
    dropped: tuple[ScheduledFacts, ...]
    questions: tuple[Question, ...]
    ending: tuple[ScheduledFacts, ...] = ()


BOTH = ConflictRule((Choice.KEEP,), default=Choice.KEEP)
MOVES = ConflictRule((Choice.MOVE, Choice.DROP), default=Choice.MOVE)
# An extension would buy another period of what is to go: that is asked before it is priced.
BOUGHT_ON = ConflictRule((Choice.MOVE, Choice.DROP, Choice.END))
# What a Suite becomes has prices of its own from its day on: there is no extending without it.
SUITE_BOUGHT_ON = ConflictRule((Choice.MOVE, Choice.DROP, Choice.LEAVE))
KEPT = ConflictRule((Choice.DROP,), default=Choice.DROP)
UNDO_FIRST = ConflictRule(refused=True)

INSTEAD = ConflictRule((Choice.DROP, Choice.LEAVE))
AFTER_ALL = ConflictRule((Choice.KEEP, Choice.DROP))
CARRIED = ConflictRule((Choice.CARRY, Choice.DROP))
SEATS = ConflictRule((Choice.KEEP, Choice.RAISE, Choice.DROP))

# Rows: the new change; columns: what waits. An edition counts by its direction.
_COLUMNS = (
    ScheduledKind.QUANTITY,
    ScheduledKind.EDITION,
    ScheduledKind.REMOVAL,
    ScheduledKind.CYCLE,
    ScheduledKind.CANCELLATION,
)
_ROWS: dict[str, tuple[ConflictRule, ConflictRule, ConflictRule, ConflictRule, ConflictRule]] = {
    #                     quantity   edition    removal    cycle  cancellation
    "add_seats":          (SEATS,    BOTH,      AFTER_ALL, BOTH,  BOTH),
    "reduce_seats":       (INSTEAD,  BOTH,      INSTEAD,   BOTH,  UNDO_FIRST),
    "give_back_seats":    (BOTH,      BOTH,      BOTH,      BOTH,  BOTH),
    "upgrade":            (BOTH,     AFTER_ALL, AFTER_ALL, BOTH,  BOTH),
    "downgrade":          (BOTH,     INSTEAD,   INSTEAD,   BOTH,  UNDO_FIRST),
    "add_product":        (BOTH,     BOTH,      BOTH,      BOTH,  BOTH),
    "add_on":             (BOTH,     BOTH,      BOTH,      BOTH,  BOTH),
    "remove_product":     (INSTEAD,  INSTEAD,   INSTEAD,   BOTH,  UNDO_FIRST),
    "combine_into_suite": (CARRIED,  INSTEAD,   INSTEAD,   BOTH,  BOTH),
    "change_cycle":       (BOTH,     BOTH,      BOTH,      INSTEAD, UNDO_FIRST),
    "extend":             (MOVES,    MOVES,     BOUGHT_ON, MOVES, UNDO_FIRST),
    "keep_product":       (BOTH,     BOTH,      KEPT,      BOTH,  UNDO_FIRST),
    "temporary_seats":    (BOTH,     BOTH,      INSTEAD,   BOTH,  UNDO_FIRST),
    "promo_code":         (BOTH,     BOTH,      BOTH,      BOTH,  UNDO_FIRST),
    "first_purchase":     (BOTH,     BOTH,      BOTH,      BOTH,  BOTH),
}  # fmt: skip
TABLE: dict[tuple[ScheduledKind, str], ConflictRule] = {
    (kind, row): meeting
    for row, meetings in _ROWS.items()
    for kind, meeting in zip(_COLUMNS, meetings, strict=True)
}


def meeting(scheduled: ScheduledFacts, change: Change, facts: Facts) -> ConflictRule:
    """Return what the table says of a pair, and of the few pairs that depend on more than kinds."""
    if isinstance(change, new.BuyTemporarySeats) and _ends_in_time(change, scheduled):
        return BOTH
    if isinstance(change, new.GiveBackSeats) and (scheduled.quantity or 0) >= change.quantity:
        # There is nothing left to reduce to: it would add seats at the renewal.
        return KEPT
    if isinstance(change, new.Extend) and scheduled.leaving:
        return SUITE_BOUGHT_ON
    both_leave = isinstance(change, new.RemoveProduct) and scheduled.leaving
    if both_leave and facts.line(change.product) is None:  # type: ignore[union-attr]
        # Another product leaves the same Suite: both may go.
        return AFTER_ALL
    return TABLE[scheduled.kind, row(change, facts)]


def row(change: Change, facts: Facts) -> str:
    """Return the name of a change's row in the table."""
    if isinstance(change, new.ChangeEdition):
        return "upgrade" if new.is_upgrade(change, facts) else "downgrade"
    return change.code.value


def conflicting(change: Change, facts: Facts) -> tuple[ScheduledFacts, ...]:
    """Return what waits that a new change meets: on its lines, or on the whole subscription."""
    lines = {line.product for line in lines_of(change, facts)}
    return tuple(
        s
        for s in facts.scheduled
        if s.product is None or s.product in lines or isinstance(change, new.Extend)
    )


def lines_of(change: Change, facts: Facts) -> tuple[LineFacts, ...]:
    """Return the lines a change is about: its product's, those a Suite replaces, or its Suite."""
    product = getattr(change, "product", None)
    if isinstance(change, new.CombineIntoSuite):
        included = facts.product(change.product).includes
        return tuple(line for line in facts.lines if line.product in included)
    own = tuple(line for line in facts.lines if line.product == product)
    if own or not isinstance(change, new.RemoveProduct):
        return own
    return tuple(line for line in facts.lines if product in facts.product(line.product).includes)


def resolve(facts: Facts, changes: Iterable[Change]) -> Resolution:
    """Carry out the choices of the new changes on what waits.

    CancellationScheduled where a period-end cancellation must be undone first. A pair without an
    answer is a question; until it is answered its first option stands, for the preview only.
    """
    kept: list[Change] = []
    waiting = {s.slot: s for s in facts.scheduled}
    dropped: list[ScheduledFacts] = []
    questions: list[Question] = []
    ending = []
    for change in changes:
        decided = []
        for scheduled in conflicting(change, facts):
            choice, question = _decided(scheduled, change, facts)
            decided.append((scheduled, choice))
            questions += [question] if question else []
        if any(choice is Choice.LEAVE for _, choice in decided):
            continue
        kept.append(change)
        for scheduled, choice in decided:
            if scheduled.slot not in waiting:
                continue
            if choice is Choice.DROP:
                dropped.append(waiting.pop(scheduled.slot))
            elif choice is Choice.RAISE:
                waiting[scheduled.slot] = raised(scheduled, change, facts)
            elif choice is Choice.END:
                ending.append(scheduled.slot)
    return Resolution(
        tuple(kept),
        tuple(waiting.values()),
        tuple(dropped),
        tuple(questions),
        tuple(waiting[slot] for slot in ending if slot in waiting),
    )


def raised(scheduled: ScheduledFacts, change: Change, facts: Facts) -> ScheduledFacts:
    """Return a waiting reduction raised by the seats that are bought now."""
    line = facts.line(scheduled.product or "")
    assert line is not None
    assert isinstance(change, new.AddSeats)
    assert scheduled.quantity is not None
    return replace(scheduled, quantity=scheduled.quantity + change.quantity - line.quantity)


def _decided(scheduled: ScheduledFacts, change: Change, facts: Facts) -> tuple[Choice, Question | None]:
    found = meeting(scheduled, change, facts)
    if found.refused:
        raise CancellationScheduled(on=scheduled.takes_effect_on)
    answer = answer_to(scheduled, found, change.answers)
    if answer is not None:
        return answer, None
    if found.default is not None:
        return found.default, None
    options = tuple(option(choice, scheduled, change, facts) for choice in found.choices)
    return found.choices[0], Question(scheduled, change, options)


def answer_to(scheduled: ScheduledFacts, found: ConflictRule, answers: Iterable[Answer]) -> Choice | None:
    """Return what answers say where a change meets one that waits, None where they say nothing.

    One answer serves all that meets it: who lets it end or move with an extension keeps it beside the rest.
    """
    for answer in answers:
        choice = answer.choice
        if choice in (Choice.MOVE, Choice.END) and choice not in found.choices:
            choice = Choice.KEEP
        if (answer.kind, answer.product) == scheduled.slot and choice in found.choices:
            return choice
    return None


def option(choice: Choice, scheduled: ScheduledFacts, change: Change, facts: Facts) -> Option:
    """Return a choice with what the line renews with once it is taken."""
    if choice is Choice.RAISE:
        return Option(choice, quantity=raised(scheduled, change, facts).quantity)
    if choice is not Choice.DROP:
        return Option(choice, quantity=scheduled.quantity, edition=scheduled.edition)
    if scheduled.kind is ScheduledKind.QUANTITY:
        return Option(choice, quantity=getattr(change, "quantity", None))
    return Option(choice, edition=getattr(change, "edition", None))


def _ends_in_time(change: new.BuyTemporarySeats, scheduled: ScheduledFacts) -> bool:
    return change.start + timedelta(days=change.days) <= scheduled.takes_effect_on
