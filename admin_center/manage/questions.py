"""What to ask where a new change meets one that waits for the renewal, in words.

Asked again with every answer, so that it can be seen and changed until the change is confirmed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from django.utils.translation import gettext as _

from admin_center.manage.options import ManageOptions
from admin_center.wording import changes, phrases
from billing.rules import changes as new
from billing.rules.changes import Answer, Change, Choice
from billing.rules.conflicts import Option, Question, answer_to, conflicting, meeting, resolve
from billing.rules.facts import ScheduledFacts, ScheduledKind
from billing.rules.names import Names


@dataclass(frozen=True, slots=True)
class ConflictOption:
    """One choice: what comes back in the form, its words, and whether it holds now."""

    value: str
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ConflictQuestion:
    """A question at its place on the page; an `open` one must be answered before anything is confirmed."""

    place: str
    name: str
    sentence: str
    options: tuple[ConflictOption, ...]
    open: bool


def of(
    desk: ManageOptions, wanted: Iterable[Change], given: tuple[Answer, ...]
) -> tuple[ConflictQuestion, ...]:
    """Return every question about changes that wait, and what was answered; raise as the rules do."""
    # What lies in the edit itself is no question; what was chosen is, until it is confirmed.
    bare = tuple(
        replace(change, answers=tuple(one for one in change.answers if one not in given)) for change in wanted
    )
    found: dict[object, ConflictQuestion] = {}
    # One question for each change that waits: one that is still open, and what an extension would buy first.
    must = sorted(
        resolve(desk.facts, bare).questions,
        key=lambda one: (_answer(desk, one, given) is not None, not isinstance(one.change, new.Extend)),
    )
    for question in must:
        found.setdefault(question.scheduled.slot, _question(desk, question, given, must=True))
    for question in _may(desk, bare):
        found.setdefault(question.scheduled.slot, _question(desk, question, given, must=False))
    return tuple(found.values())


def _may(desk: ManageOptions, bare: Iterable[Change]) -> Iterator[Question]:
    """Yield the meetings that are decided unasked but may be decided otherwise: what an extension moves."""
    for change in bare:
        for waits in conflicting(change, desk.facts):
            met = meeting(waits, change, desk.facts)
            if met.default is not None and len(met.choices) > 1 and not answer_to(waits, met, change.answers):
                yield Question(waits, change, tuple(Option(choice) for choice in met.choices))


def _question(
    desk: ManageOptions, question: Question, given: tuple[Answer, ...], *, must: bool
) -> ConflictQuestion:
    waits, names = question.scheduled, desk.reading.names
    values = [option.choice for option in question.options]
    answered = _answer(desk, question, given)
    chosen = answered or (None if must else values[0])
    told = {
        "change": changes.scheduled(waits, desk.facts, names),
        "day": phrases.day(waits.takes_effect_on),
    }
    return ConflictQuestion(
        place=_place(desk, question.change, waits),
        name=f"answer-{waits.kind.value}-{waits.product or ''}",
        sentence=_("Already scheduled for %(day)s: %(change)s. Which one should apply?") % told,
        options=tuple(
            ConflictOption(option.choice.value, _words(question, option, names), option.choice is chosen)
            for option in question.options
        ),
        open=must and not answered,
    )


def _answer(desk: ManageOptions, question: Question, given: tuple[Answer, ...]) -> Choice | None:
    met = meeting(question.scheduled, question.change, desk.facts)
    return answer_to(question.scheduled, met, given)


def _words(question: Question, option: Option, names: Names) -> str:
    """Return what a choice comes to: beside a removal an extension is a matter of what it would buy."""
    ends = question.scheduled.kind is ScheduledKind.REMOVAL and isinstance(question.change, new.Extend)
    if ends and option.choice is Choice.DROP:
        return _("Extend it too, and don’t let it end: the removal is dropped")
    day = {"day": phrases.day(question.scheduled.takes_effect_on)}
    if ends and option.choice is Choice.END:
        return _("Let it end as planned on %(day)s: only the rest is extended") % day
    if ends and option.choice is Choice.LEAVE:
        return (
            _("Let it leave as planned on %(day)s: nothing is extended now, it can be after that day") % day
        )
    return changes.choice(option, question.scheduled, names)


def _place(desk: ManageOptions, change: Change, waits: ScheduledFacts) -> str:
    """Return where the new change is typed: there the question stands."""
    match change:
        case new.RemoveProduct() if desk.facts.line(change.product) is None:
            # It leaves a Suite: the question stands at the Suite.
            return waits.product or "cycle"
        case new.AddSeats() | new.ReduceSeats() | new.ChangeEdition() | new.AddProduct() | new.AddOn():
            return change.product
        case new.GiveBackSeats() | new.RemoveProduct() | new.KeepProduct() | new.CombineIntoSuite():
            return change.product
        case new.BuyTemporarySeats():
            return "temporary"
        case new.Extend():
            return "extend"
        case new.ChangeCycle() | new.FirstPurchase() | new.UsePromoCode():
            return "cycle"
        case _:
            assert_never(change)
